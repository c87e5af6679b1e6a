import TensorFiles

/// The numbers of a network that its tensors do not tell, as far as the file states them: in pickled attributes
/// (`num_heads`, `scale`, `eps`), or in a safetensors file's metadata, where `CheckpointWriter` puts them.
struct StatedConstants {
    let numHeads: Int?
    /// What q.k is multiplied with.
    let attentionScale: Double?
    let layerNormEps: Double?
    let batchNormEps: Double?

    /// - Throws: `CheckpointError` when layers state different values, or metadata is no number.
    init(_ checkpoint: Checkpoint, depth: Int) throws(CheckpointError) {
        let attention = (0..<depth).map { "blocks.\($0).attn" }
        if let heads = try checkpoint.stated("num_heads", metadata: "num_heads", at: attention) {
            guard let whole = Int(exactly: heads) else {
                throw checkpoint.error("'num_heads' is \(heads), expected a whole number")
            }
            numHeads = whole
        } else {
            numHeads = nil
        }
        attentionScale = try checkpoint.stated("scale", metadata: "attention_scale", at: attention)
        let paths = checkpoint.objectPaths
        layerNormEps = try checkpoint.stated(
            "eps", metadata: "layer_norm_eps", at: paths.filter { checkpoint.className($0) == "LayerNorm" })
        batchNormEps = try checkpoint.stated(
            "eps", metadata: "batch_norm_eps", at: paths.filter { checkpoint.className($0) == "BatchNorm2d" })
    }

    /// As a safetensors file's metadata; what was not stated stays unstated.
    var metadata: [String: String] {
        var entries: [String: String] = [:]
        entries["num_heads"] = numHeads.map { "\($0)" }
        entries["attention_scale"] = attentionScale.map { "\($0)" }
        entries["layer_norm_eps"] = layerNormEps.map { "\($0)" }
        entries["batch_norm_eps"] = batchNormEps.map { "\($0)" }
        return entries
    }

    /// One line for all that had to be assumed, or none.
    /// - Parameter heads: the number of heads in use, unless the user gave it.
    func notices(file: String, heads: Int?) -> [String] {
        var assumed: [String] = []
        if numHeads == nil, let heads {
            assumed.append("\(heads) \(heads == 1 ? "head" : "heads") (--num-heads overrides)")
        }
        if layerNormEps == nil { assumed.append("LayerNorm eps \(ModelConfig.referenceLayerNormEps)") }
        if batchNormEps == nil { assumed.append("BatchNorm eps \(ModelConfig.referenceBatchNormEps)") }
        return assumed.isEmpty ? [] : ["\(file): not in the file, assumed: \(assumed.joined(separator: ", "))"]
    }
}

extension Checkpoint {
    /// The one value that the objects at `paths` give their attribute `name`, or else the file's metadata.
    fileprivate func stated(
        _ name: String, metadata key: String, at paths: [String]
    ) throws(CheckpointError) -> Double? {
        var found: Set<Double> = []
        for path in paths {
            switch attribute(path, name) {
            case .int(let value)?: found.insert(Double(value))
            case .double(let value)?: found.insert(value)
            default: break
            }
        }
        if found.isEmpty, let text = metadata(key) {
            guard let value = Double(text) else { throw error("metadata '\(key)' is '\(text)', expected a number") }
            found.insert(value)
        }
        guard found.count < 2 else { throw error("layers state different values of '\(name)': \(found.sorted())") }
        guard let value = found.first else { return nil }
        guard value.isFinite, value >= 0, value < 1e6 else {
            throw error("'\(name)' is \(value), expected a small number")
        }
        return value
    }
}
