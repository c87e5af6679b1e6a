import TensorFiles

extension ModelConfig {
    /// The reference's epsilons, which a bare state dict does not carry.
    static let referenceLayerNormEps = 1e-6
    static let referenceBatchNormEps = 1e-5
    /// Channels a head of the reference network has.
    static let referenceHeadWidth = 64

    /// Derives the sizes from the tensors' shapes; heads and epsilons from pickled attributes, else from the file's
    /// metadata, else the reference's values with a line in `notices`.
    /// - Parameter numHeads: overrides whatever the file says.
    static func derived(
        from checkpoint: Checkpoint, numHeads override: Int?, notices: inout [String]
    ) throws(CheckpointError) -> ModelConfig {
        let patch = try checkpoint.shape(Checkpoint.anchor, axes: 4)
        let (width, bands, patchSize) = (patch[0], patch[1], patch[2])
        let positions = try checkpoint.shape("pos_embed", axes: 3)
        let patches = positions[1] - 1
        let grid = Int(Double(max(0, patches)).squareRoot().rounded())
        guard width > 0, bands > 0, patchSize > 0, patch[3] == patchSize, patches > 0, grid * grid == patches else {
            throw checkpoint.error(
                "'pos_embed' \(positions) and '\(Checkpoint.anchor)' \(patch): expected square patches on a square grid "
                    + "and a class token")
        }
        let depth = (0...).first { !checkpoint.has("blocks.\($0).norm1.weight") } ?? 0
        guard depth > 0 else { throw checkpoint.error("missing key 'blocks.0.norm1.weight': expected encoder blocks") }
        let isCell = checkpoint.has("blocks.0.PCM.0.weight")
        try checkpoint.refuseOtherActivations()

        let heads = try checkpoint.heads(override, width: width, depth: depth, notices: &notices)
        guard heads > 0, width % heads == 0 else {
            throw checkpoint.error("\(heads) heads do not divide the width \(width)")
        }
        let layerNormEps = try checkpoint.eps(
            "layer_norm_eps", "LayerNorm", reference: referenceLayerNormEps, notices: &notices)
        let batchNormEps = try checkpoint.eps(
            "batch_norm_eps", "BatchNorm2d", reference: referenceBatchNormEps, notices: &notices)
        return ModelConfig(
            bands: bands, imageSize: grid * patchSize, patchSize: patchSize, width: width, depth: depth,
            blockKind: isCell ? .normalCell : .plain, numHeads: heads,
            attentionScale: try checkpoint.attentionScale(headWidth: width / heads, ofFile: override == nil),
            mlpWidth: try checkpoint.shape("blocks.0.mlp.fc1.weight", axes: 2)[0],
            parallelConvolution: isCell ? try .derived(from: checkpoint, width: width) : nil,
            layerNormEps: layerNormEps, batchNormEps: batchNormEps,
            vitFeatures: try checkpoint.shape("vit_block.2.weight", axes: 2)[0],
            inceptionFeatures: try checkpoint.shape("inception_model.vis_inception.12.weight", axes: 2)[0],
            magnitudeFeatures: try checkpoint.shape("inception_model.magnitude_block.8.weight", axes: 2)[0],
            fusionWidth: try checkpoint.shape("concat_block.0.weight", axes: 2)[0])
    }
}

extension ModelConfig.ParallelConvolution {
    static func derived(from checkpoint: Checkpoint, width: Int) throws(CheckpointError) -> Self {
        let shape = try checkpoint.shape("blocks.0.PCM.0.weight", axes: 4)
        let (hidden, perGroup, kernel) = (shape[0], shape[1], shape[2])
        guard perGroup > 0, width % perGroup == 0, hidden > 0, hidden % (width / perGroup) == 0, kernel % 2 == 1,
            shape[3] == kernel
        else {
            throw checkpoint.error(
                "'blocks.0.PCM.0.weight' has shape \(shape), expected [hidden, width/groups, k, k] with odd k and groups "
                    + "that divide the width \(width) and hidden")
        }
        return Self(kernel: kernel, groups: width / perGroup, hidden: hidden)
    }
}

extension Checkpoint {
    /// GELU by tanh, or another function in its place, would be another network.
    func refuseOtherActivations() throws(CheckpointError) {
        for path in objectPaths {
            if case .string(let kind)? = attribute(path, "approximate"), kind != "none" {
                throw error("'\(path)' is GELU with approximate='\(kind)': expected 'none', the exact function")
            }
        }
        for path in objectPaths where path.hasSuffix(".mlp.act") || path.hasSuffix(".PCM.2") {
            let expected = path.hasSuffix(".act") ? "GELU" : "SiLU"
            guard let found = className(path), found != expected else { continue }
            throw error("'\(path)' is \(found), expected \(expected)")
        }
    }

    fileprivate func heads(
        _ override: Int?, width: Int, depth: Int, notices: inout [String]
    ) throws(CheckpointError) -> Int {
        if let override { return override }
        var found: Set<Int> = []
        for block in 0..<depth {
            if case .int(let heads)? = attribute("blocks.\(block).attn", "num_heads") { found.insert(heads) }
        }
        guard found.count < 2 else { throw error("blocks have different numbers of heads: \(found.sorted())") }
        if let heads = found.first { return heads }
        if let text = metadata("num_heads") {
            guard let heads = Int(text) else { throw error("metadata num_heads is '\(text)', expected a whole number") }
            return heads
        }
        let heads = max(1, width / ModelConfig.referenceHeadWidth)
        notices.append("\(name) does not say how many heads it has: assuming \(heads) (--num-heads overrides)")
        return heads
    }

    fileprivate func eps(
        _ key: String, _ kind: String, reference: Double, notices: inout [String]
    ) throws(CheckpointError) -> Double {
        var found: Set<Double> = []
        for path in objectPaths where className(path) == kind {
            if case .double(let eps)? = attribute(path, "eps") { found.insert(eps) }
        }
        guard found.count < 2 else { throw error("\(kind) layers have different eps: \(found.sorted())") }
        if let eps = found.first { return eps }
        if let text = metadata(key) {
            guard let eps = Double(text), eps >= 0, eps.isFinite else {
                throw error("metadata \(key) is '\(text)', expected a small number")
            }
            return eps
        }
        notices.append("\(name) does not say its \(kind) eps: assuming \(reference)")
        return reference
    }

    /// q.k is scaled by headWidth^-0.5 unless the attention carries another `scale`, which belongs to its own heads.
    fileprivate func attentionScale(headWidth: Int, ofFile: Bool) throws(CheckpointError) -> Double {
        guard ofFile else { return 1 / Double(headWidth).squareRoot() }
        if case .double(let scale)? = attribute("blocks.0.attn", "scale") { return scale }
        if let text = metadata("attention_scale") {
            guard let scale = Double(text), scale.isFinite else {
                throw error("metadata attention_scale is '\(text)', expected a number")
            }
            return scale
        }
        return 1 / Double(headWidth).squareRoot()
    }
}
