import TensorFiles

/// Writes a network as safetensors: canonical names, no aliases, and its heads and epsilons in the metadata.
public enum CheckpointWriter {
    /// Tensors with fewer elements stay in float32: norms, biases, small convolutions, the first magnitude layer,
    /// whose sums cancel.
    public static let halfPrecisionElements = 65_536

    /// - Parameters:
    ///   - file: a checkpoint in any of the readable formats; it is checked as strictly as for prediction.
    ///   - dtype: f32, or f16 or bf16 for tensors of at least `halfPrecisionElements`. Merged layers are
    ///     made of the file's own values, and rounded to float32 and then to it.
    ///   - linearLayout: whether Linear layers with nothing between them are merged.
    ///   - provenance: further metadata.
    /// - Returns: what had to be assumed about the network, one line each; the file written leaves it unstated too.
    /// - Throws: `CheckpointError` or `TensorFileError`, also where `path` is the file that is read, and where merged
    ///   layers are to be taken apart.
    @discardableResult
    public static func convert(
        _ file: TensorFile, to path: String, dtype: DType, linearLayout: LinearLayout,
        provenance: [String: String] = [:]
    ) throws -> [String] {
        try AtomicFile.check(path: path, sparing: [file.name])
        guard [.f32, .f16, .bf16].contains(dtype) else {
            throw CheckpointError(file: path, message: "weights cannot be written as \(dtype.rawValue)")
        }
        let model = try RedshiftModel(weights: file)
        let checkpoint = try Checkpoint(file)
        guard linearLayout == .merged || checkpoint.linearLayout == .separate else {
            throw checkpoint.error("its merged layers cannot be taken apart: expected weights that keep every layer")
        }
        func stored(_ count: Int) -> DType { count >= halfPrecisionElements ? dtype : .f32 }
        var writer = SafeTensorsWriter()
        var metadata = try StatedConstants(checkpoint, depth: model.config.depth).metadata
        var replaced: Set<String> = []
        if linearLayout == .merged {
            metadata[LinearLayout.metadataKey] = LinearLayout.mergedValue
            metadata[LinearLayout.parametersKey] = "\(model.parameterCount)"
            if checkpoint.linearLayout == .separate {
                for layer in MergedLinear.all {
                    let merged = try layer.product(of: checkpoint)
                    writer.add(
                        layer.key + ".weight", shape: merged.shape, floats: merged.weight,
                        as: stored(merged.weight.count))
                    writer.add(
                        layer.key + ".bias", shape: [merged.bias.count], floats: merged.bias,
                        as: stored(merged.bias.count))
                    replaced.formUnion(layer.replacedKeys)
                }
            }
        }
        for key in checkpoint.keys where !replaced.contains(key) {
            guard let tensor = checkpoint[key], tensor.dtype.isFloatingPoint, !checkpoint.isAlias(key) else { continue }
            writer.add(tensor, named: key, as: stored(tensor.count))
        }
        try writer.write(to: path, metadata: metadata.merging(provenance) { ours, _ in ours })
        return model.notices
    }
}
