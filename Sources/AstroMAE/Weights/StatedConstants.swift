import Platform

/// The numbers of a network that cannot be derived from its tensors, as far as the file states them: in pickled
/// attributes (`num_heads`, `scale`, `eps`), or in a safetensors file's metadata, to which `CheckpointWriter` writes
/// them.
struct StatedConstants {
    /// The reference's epsilons, which a bare state dict does not hold, and the channels of one of its heads.
    static let referenceLayerNormEps = 1e-6
    static let referenceBatchNormEps = 1e-5
    static let referenceHeadWidth = 64

    /// Attention of one stack of blocks.
    struct Attention {
        var numHeads: Int?
        /// The factor of q.k.
        var scale: Double?

        /// The heads in use: `override`, or the stated ones, or the reference's heads of 64 channels.
        /// - Parameter part: names the stack in messages, before "width".
        func resolved(
            _ override: Int?, width: Int, of part: String? = nil, error: (String) -> Failure
        ) throws(Failure) -> (heads: Int, scale: Double) {
            let heads = override ?? numHeads ?? max(1, width / StatedConstants.referenceHeadWidth)
            guard heads > 0, width % heads == 0 else {
                throw error("\(heads) heads do not divide the \(part.map { $0 + "'s " } ?? "")width \(width)")
            }
            // A scale that the file states belongs to the file's own heads.
            let ownScale = override == nil || override == numHeads ? scale : nil
            return (heads, ownScale ?? 1 / Double(width / heads).squareRoot())
        }
    }

    var encoder: Attention
    var decoder: Attention
    var layerNormEps: Double?
    var batchNormEps: Double?

    /// - Throws: `Failure` if layers state different values, or metadata is not a number.
    init(_ checkpoint: Checkpoint) throws(Failure) {
        encoder = try checkpoint.attention("blocks", metadata: "")
        decoder = try checkpoint.attention("decoder_blocks", metadata: "decoder_")
        let paths = checkpoint.objectPaths
        layerNormEps = try checkpoint.stated(
            "eps", metadata: "layer_norm_eps", at: paths.filter { checkpoint.className($0) == "LayerNorm" })
        batchNormEps = try checkpoint.stated(
            "eps", metadata: "batch_norm_eps", at: paths.filter { checkpoint.className($0) == "BatchNorm2d" })
    }

    /// The stated constants as a safetensors file's metadata.
    var metadata: [String: String] {
        var entries: [String: String] = [:]
        for (prefix, attention) in [("", encoder), ("decoder_", decoder)] {
            entries[prefix + "num_heads"] = attention.numHeads.map { "\($0)" }
            entries[prefix + "attention_scale"] = attention.scale.map { "\($0)" }
        }
        entries["layer_norm_eps"] = layerNormEps.map { "\($0)" }
        entries["batch_norm_eps"] = batchNormEps.map { "\($0)" }
        return entries
    }

    /// One line that lists all assumed constants; empty if none was assumed.
    /// - Parameters:
    ///   - heads, decoderHeads: the number of heads in use, unless the user gave it or the network has no such part.
    ///   - hasBatchNorm: whether any layer of the network has one.
    func notices(file: String, heads: Int?, decoderHeads: Int? = nil, hasBatchNorm: Bool = true) -> [String] {
        var assumed: [String] = []
        if encoder.numHeads == nil, let heads {
            assumed.append("\(heads) \(heads == 1 ? "head" : "heads") (--num-heads overrides)")
        }
        if decoder.numHeads == nil, let heads = decoderHeads {
            assumed.append("\(heads) decoder \(heads == 1 ? "head" : "heads") (--decoder-heads overrides)")
        }
        if layerNormEps == nil { assumed.append("LayerNorm eps \(Self.referenceLayerNormEps)") }
        if batchNormEps == nil, hasBatchNorm { assumed.append("BatchNorm eps \(Self.referenceBatchNormEps)") }
        return assumed.isEmpty ? [] : ["\(file): not in the file, assumed: \(assumed.joined(separator: ", "))"]
    }
}

extension Checkpoint {
    /// The constants that the attention layers of a stack of blocks state.
    /// - Parameter prefix: of the metadata's keys.
    fileprivate func attention(_ blocks: String, metadata prefix: String) throws(Failure) -> StatedConstants.Attention {
        let paths = (0..<depth(of: blocks)).map { "\(blocks).\($0).attn" }
        var whole: Int?
        if let heads = try stated("num_heads", metadata: prefix + "num_heads", at: paths) {
            guard let number = Int(exactly: heads) else {
                throw error("'\(prefix)num_heads' is \(heads), expected a whole number")
            }
            whole = number
        }
        return StatedConstants.Attention(
            numHeads: whole, scale: try stated("scale", metadata: prefix + "attention_scale", at: paths))
    }

    /// The attribute `name` of the objects at `paths`, on which these have to agree, or else the file's metadata.
    fileprivate func stated(_ name: String, metadata key: String, at paths: [String]) throws(Failure) -> Double? {
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
