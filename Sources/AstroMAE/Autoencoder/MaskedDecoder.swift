import Platform

/// The decoder: the visible tokens back in their places, mask tokens in the others, positions, plain blocks over all of
/// them, and a prediction of each patch's pixels.
struct MaskedDecoder: Sendable {
    private let embed: PackedMatrix
    /// [tokens, width]: the positions, and the mask token at each of them.
    private let positions: FloatBuffer
    private let maskTokens: FloatBuffer
    private let blocks: [EncoderBlock]
    private let norm: LayerNorm
    private let prediction: PackedMatrix
    let layout: TokenLayout
    let config: AutoencoderConfig

    init(_ loader: LayerLoader, _ config: AutoencoderConfig) throws(Failure) {
        self.config = config
        let (tokens, width) = (config.encoder.tokens, config.decoder.width)
        embed = try loader.linear("decoder_embed", config.encoder.width, width)
        let embedding = try loader.checkpoint.take("decoder_pos_embed", [1, tokens, width])
        let maskToken = try loader.checkpoint.take("mask_token", [1, 1, width])
        positions = FloatBuffer(count: embedding.count)
        maskTokens = FloatBuffer(count: embedding.count)
        for (index, value) in embedding.enumerated() {
            positions.base[index] = value
            maskTokens.base[index] = maskToken[index % width] + value
        }
        blocks = try loader.blocks("decoder_blocks", config.decoder.block, depth: config.decoder.depth)
        norm = try loader.layerNorm("decoder_norm", width)
        prediction = try loader.linear("decoder_pred", width, config.patchCount)
        layout = TokenLayout(width: width, tokens: tokens)
    }

    /// latent [count, visible + 1, encoder width] -> predictions [count, patches, patchCount]
    /// - Parameters:
    ///   - order: has the visible patches of the galaxies, the first of them at `place`.
    ///   - workspace: `tokens`, `embedded` and `block` are overwritten.
    func forward(
        _ latent: UnsafePointer<Float>, into predictions: UnsafeMutablePointer<Float>, count: Int, order: MaskOrder,
        from place: Int, workspace: borrowing AutoencoderWorkspace, kernels: Kernels, stages: StageRecorder?
    ) {
        let (width, tokens, visible) = (layout.width, layout.tokens, workspace.layout.tokens)
        let (embedded, x) = (workspace.embedded, workspace.tokens)
        kernels.linear(embed, latent, rows: count * visible, into: embedded)
        stages?.record("decoder_embed", embedded, count: count, visible * width)
        for galaxy in 0..<count {
            restore(
                embedded + galaxy * visible * width, order.visible(place + galaxy), count: visible - 1,
                into: x + galaxy * tokens * width, kernels: kernels)
        }
        blocks.forward(
            x, count: count, layout: layout, leavingClassTokens: true, scratch: workspace.block, kernels: kernels,
            stages: stages)
        let rows = count * (tokens - 1)
        kernels.layerNorm(x, norm, into: workspace.block.normed, rows: rows)
        stages?.record("decoder_norm", workspace.block.normed, count: count, (tokens - 1) * width)
        kernels.linear(prediction, workspace.block.normed, rows: rows, into: predictions)
    }

    /// One galaxy's tokens [1 + count, width] to all of its places [tokens, width], positions added.
    private func restore(
        _ embedded: UnsafePointer<Float>, _ visible: UnsafePointer<Int32>, count: Int,
        into x: UnsafeMutablePointer<Float>, kernels: Kernels
    ) {
        let width = layout.width
        x.update(from: maskTokens.base, count: layout.tokens * width)
        for index in 0...count {
            let token = index == 0 ? 0 : 1 + Int(visible[index - 1])
            (x + token * width).update(from: embedded + index * width, count: width)
            kernels.add(positions.base + token * width, to: x + token * width, count: width)
        }
    }
}
