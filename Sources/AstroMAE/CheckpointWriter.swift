import TensorFiles

/// Writes a network as safetensors: canonical names, no aliases, and its heads and epsilons in the metadata.
public enum CheckpointWriter {
    /// Tensors with fewer elements stay in float32: norms, biases, small convolutions, the first magnitude layer,
    /// whose sums cancel.
    public static let halfPrecisionElements = 65_536

    /// - Parameters:
    ///   - file: a checkpoint in any of the readable formats; it is checked as strictly as for prediction.
    ///   - dtype: f32, or f16 or bf16 for tensors of at least `halfPrecisionElements`.
    ///   - provenance: further metadata.
    /// - Returns: what had to be assumed about the network, one line each; the file written leaves it unstated too.
    /// - Throws: `CheckpointError` or `TensorFileError`, also where `path` is the file that is read.
    @discardableResult
    public static func convert(
        _ file: TensorFile, to path: String, dtype: DType, provenance: [String: String] = [:]
    ) throws -> [String] {
        try AtomicFile.check(path: path, sparing: [file.name])
        guard [.f32, .f16, .bf16].contains(dtype) else {
            throw CheckpointError(file: path, message: "weights cannot be written as \(dtype.rawValue)")
        }
        let model = try RedshiftModel(weights: file)
        let checkpoint = try Checkpoint(file)
        var writer = SafeTensorsWriter()
        for key in checkpoint.keys {
            guard let tensor = checkpoint[key], tensor.dtype.isFloatingPoint, !checkpoint.isAlias(key) else { continue }
            let stored = tensor.count >= halfPrecisionElements ? dtype : .f32
            writer.add(tensor, named: key, as: stored)
        }
        let stated = try StatedConstants(checkpoint, depth: model.config.depth).metadata
        try writer.write(to: path, metadata: stated.merging(provenance) { ours, _ in ours })
        return model.notices
    }
}
