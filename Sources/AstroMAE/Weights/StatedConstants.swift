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
        /// Whole numbers of unknown meaning that an attention layer has.
        var others: [String: Int] = [:]
        /// Heads that the file states beside weights without modules: in hyper-parameters or arguments.
        var beside: [String: Int] = [:]

        /// The heads in use: `override`, or the stated ones, or the reference's heads of 64 channels.
        /// - Parameters:
        ///   - part: names the stack in messages, before "width".
        ///   - isAssumed: whether widths that such heads do not divide are one head, because nothing is computed with them.
        /// - Throws: `Failure` if the heads do not divide the width, or are not known.
        func resolved(
            _ override: Int?, width: Int, of part: String? = nil, option: String, isAssumed: Bool,
            error: (String) -> Failure
        ) throws(Failure) -> (heads: Int, scale: Double) {
            let usual = StatedConstants.referenceHeadWidth
            let known = override ?? numHeads
            let owner = part.map { $0 + "'s " } ?? ""
            guard known != nil || width % usual == 0 || isAssumed else {
                throw error(
                    "does not state the heads of its \(owner)width \(width), which is not a multiple of \(usual): expected "
                        + "\(option) N, or a file of 'cai convert \(option) N'")
            }
            let heads = known ?? (width % usual == 0 ? max(1, width / usual) : 1)
            guard heads > 0, width % heads == 0 else {
                throw error("\(heads) heads do not divide the \(owner)width \(width)")
            }
            if override == nil, !isAssumed {
                try requireNoOtherHeads(width: width, of: part, option: option, error: error)
            }
            // A scale that the file states belongs to the file's own heads.
            let ownScale = override == nil || override == numHeads ? scale : nil
            return (heads, ownScale ?? 1 / Double(width / heads).squareRoot())
        }

        /// - Throws: `Failure` if heads of 64 channels would be assumed, and the file has numbers that may be other ones.
        func requireNoOtherHeads(
            width: Int, of part: String? = nil, option: String, error: (String) -> Failure
        ) throws(Failure) {
            let heads = width / StatedConstants.referenceHeadWidth
            guard numHeads == nil, heads > 0, width % StatedConstants.referenceHeadWidth == 0 else { return }
            let owner = part.map { $0 + "'s " } ?? ""
            let doubtful = others.filter { _, value in
                value > 1 && value != width && width % value == 0 && value != heads && value != width / heads
            }
            if let other = doubtful.min(by: { $0.key < $1.key }) {
                throw error(
                    "states no heads under a known name, but '\(other.key)' \(other.value), which divides the "
                        + "\(owner)width \(width): expected \(option) N")
            }
            if let other = beside.filter({ $0.value != heads }).min(by: { $0.key < $1.key }) {
                throw error(
                    "does not state the heads of its \(owner)width \(width) with the weights, but \(other.key.quoted) "
                        + "\(other.value), where \(heads) would be assumed: expected \(option) N")
            }
        }
    }

    var encoder: Attention
    var decoder: Attention
    /// Of most LayerNorms and BatchNorms.
    var layerNormEps: Double?
    var batchNormEps: Double?
    /// Of norms that have another one, by path.
    var otherEps: [String: Double] = [:]
    /// Norms of a pickled module that state none, though others do.
    var silentNorms: [String] = []
    /// nil where the metadata state none.
    var bands: NetworkBands?

    /// - Throws: `Failure` if attention layers state different values, a value is not a number, or bands are not letters.
    init(_ checkpoint: Checkpoint) throws(Failure) {
        if let text = checkpoint.metadata(NetworkBands.metadataKey) {
            guard let letters = NetworkBands.letters(of: text) else {
                throw checkpoint.error(
                    "metadata '\(NetworkBands.metadataKey)' is \(text.shortened(to: 40).quoted), expected another letter for each "
                        + "band of the network, as in 'grizy' or 'g,r,i,z,y'")
            }
            bands = NetworkBands(letters: letters, file: checkpoint.name)
        }
        encoder = try checkpoint.attention("blocks", metadata: "")
        decoder = try checkpoint.attention("decoder_blocks", metadata: "decoder_")
        let norms = checkpoint.keys.filter { $0.hasSuffix(".weight") }.map(\.parent)
        for layer in [PickledLayer.layerNorm, .batchNorm] {
            let paths = norms.filter { checkpoint.rules.layer(at: $0) == layer && !checkpoint.rules.isIdle($0) }
            let usual = try readEpsilons(of: paths, checkpoint, layer)
            if layer == .layerNorm { layerNormEps = usual } else { batchNormEps = usual }
        }
    }

    private static let epsilonNames = ["eps", "epsilon", "variance_epsilon"]
    /// Of metadata, before the path of a norm.
    private static let epsilonPrefix = "eps."

    /// Reads the eps of norms, of whatever class they are.
    /// - Returns: the most frequent one; nil if none is stated.
    private mutating func readEpsilons(
        of paths: [String], _ checkpoint: Checkpoint, _ layer: PickledLayer
    ) throws(Failure) -> Double? {
        var stated: [String: Double] = [:]
        for path in paths {
            stated[path] = try checkpoint.stated(
                Self.epsilonNames, metadata: Self.epsilonPrefix + path, at: [path])
        }
        let key = layer == .layerNorm ? "layer_norm_eps" : "batch_norm_eps"
        var usual = try checkpoint.stated([], metadata: key, at: [])
        if usual == nil {
            let counts = Dictionary(stated.values.map { ($0, 1) }, uniquingKeysWith: +)
            usual = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
            silentNorms += usual == nil ? [] : paths.filter { stated[$0] == nil }
        }
        for (path, eps) in stated where eps != usual { otherEps[path] = eps }
        return usual
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
        entries[NetworkBands.metadataKey] = bands?.letters
        for (path, eps) in otherEps { entries[Self.epsilonPrefix + path] = "\(eps)" }
        return entries
    }

    /// The eps of norms that have another than most.
    var lines: [String] {
        otherEps.sorted { $0.key < $1.key }.prefix(32).map { "eps \($0.value) of \($0.key)" }
    }

    /// One line that lists all assumed constants; empty if none was assumed.
    /// - Parameters:
    ///   - heads, decoderHeads: the number of heads in use, unless the user gave it or the network has no such part.
    ///   - hasBatchNorm: whether any layer of the network has one.
    func warnings(file: String, heads: Int?, decoderHeads: Int? = nil, hasBatchNorm: Bool = true) -> [String] {
        var assumed: [String] = []
        if encoder.numHeads == nil, let heads {
            assumed.append("\(heads) \(heads == 1 ? "head" : "heads") (--num-heads overrides)")
        }
        if decoder.numHeads == nil, let heads = decoderHeads {
            assumed.append("\(heads) decoder \(heads == 1 ? "head" : "heads") (--decoder-heads overrides)")
        }
        if layerNormEps == nil { assumed.append("LayerNorm eps \(Self.referenceLayerNormEps)") }
        if batchNormEps == nil, hasBatchNorm { assumed.append("BatchNorm eps \(Self.referenceBatchNormEps)") }
        if let norm = silentNorms.first {
            assumed.append("eps of '\(norm)'" + (silentNorms.count > 1 ? " and \(silentNorms.count - 1) more" : ""))
        }
        return assumed.isEmpty ? [] : ["\(file): not in the file, assumed: \(assumed.joined(separator: ", "))"]
    }
}

extension Checkpoint {
    /// The constants that the attention layers of a stack of blocks state.
    /// - Parameter prefix: of the metadata's keys.
    fileprivate func attention(_ blocks: String, metadata prefix: String) throws(Failure) -> StatedConstants.Attention {
        let paths = (0..<depth(of: blocks)).map { "\(blocks).\($0).attn" }
        let numbers = attributes(paths.first ?? "").compactMapValues { value -> Int? in
            if case .int(let number) = value { number } else { nil }
        }
        // `num_heads`, `heads`, `n_head`, `num_attention_heads`; `head_dim`, `dim_head` is their width.
        let heads = numbers.keys.filter { $0.lowercased().contains("head") }.sorted()
        let isWidth = { (name: String) in
            ["dim", "width", "size", "channel"].contains { name.lowercased().contains($0) }
        }
        var found = try whole(
            try stated(heads.filter { !isWidth($0) }, metadata: prefix + "num_heads", at: paths), prefix + "num_heads")
        if found == nil, let name = heads.first(where: isWidth),
            let width = try stated([name], metadata: nil, at: paths),
            let total = self["\(blocks).0.attn.proj.weight"]?.shape.first, width > 0
        {
            found = try whole(Double(total) / width, name)
        }
        return StatedConstants.Attention(
            numHeads: found,
            scale: try stated(["scale", "scaling"], metadata: prefix + "attention_scale", at: paths),
            others: numbers.filter { !$0.key.lowercased().contains("head") },
            beside: found == nil ? headsBeside(isDecoder: !prefix.isEmpty) : [:])
    }

    private func whole(_ number: Double?, _ name: String) throws(Failure) -> Int? {
        guard let number else { return nil }
        guard let whole = Int(exactly: number) else {
            throw error("'\(name)' is \(number), expected a whole number")
        }
        return whole
    }

    /// The attribute of one of `names` of the objects at `paths`, on which these have to agree, or else the file's metadata.
    fileprivate func stated(
        _ names: [String], metadata key: String?, at paths: [String]
    ) throws(Failure) -> Double? {
        var found: Set<Double> = []
        for path in paths {
            for name in names {
                switch attribute(path, name) {
                case .int(let value)?: found.insert(Double(value))
                case .double(let value)?: found.insert(value)
                default: break
                }
            }
        }
        let name = key ?? names.first ?? ""
        if found.isEmpty, let key, let text = metadata(key) {
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
