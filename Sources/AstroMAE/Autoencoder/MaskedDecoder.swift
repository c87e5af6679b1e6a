import Platform

/// The decoder: the visible tokens at their patches' positions, mask tokens at the others, position embeddings, plain
/// blocks over all of them, and a prediction of each patch's pixels.
struct MaskedDecoder: Sendable {
    private let embed: PackedMatrix
    /// [tokens, width]: the position embeddings, and these plus the mask token.
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
        embed = try loader.linear(.decoderEmbed, "decoder_embed", config.encoder.width, width)
        let embedding = try loader.checkpoint.take("decoder_pos_embed", [1, tokens, width])
        let maskToken = try loader.checkpoint.take("mask_token", [1, 1, width])
        positions = try FloatBuffer(count: embedding.count)
        maskTokens = try FloatBuffer(count: embedding.count)
        for (index, value) in embedding.enumerated() {
            positions.base[index] = value
            maskTokens.base[index] = maskToken[index % width] + value
        }
        blocks = try loader.blocks("decoder_blocks", config.decoder.block, depth: config.decoder.depth)
        norm = try loader.layerNorm("decoder_norm", width)
        prediction = try loader.linear(.decoderPrediction, "decoder_pred", width, config.patchCount)
        layout = TokenLayout(width: width, tokens: tokens)
    }

    /// latent [count, visible + 1, encoder width] -> predictions [count, patches, patchCount]
    /// - Parameters:
    ///   - order: has the visible patches of the galaxies, of which `first` is the first here.
    ///   - workspace: `tokens` and `embedded` are overwritten, in bf16 `latent` too.
    func forward(
        _ latent: UnsafeMutablePointer<Float>, into predictions: UnsafeMutablePointer<Float>, count: Int,
        order: MaskOrder,
        from first: Int, workspace: borrowing AutoencoderWorkspace, _ pass: BlockPass
    ) {
        let (kernels, normed) = (pass.kernels, pass.scratch.normed)
        let (width, tokens, visible) = (layout.width, layout.tokens, workspace.layout.tokens)
        let (embedded, x) = (workspace.embedded, workspace.tokens)
        let operand = kernels.operand(latent, rows: count * visible, width: embed.inputs, of: embed.operation)
        kernels.linear(embed, operand, rows: count * visible, into: embedded)
        pass.stages?.record("decoder_embed", embedded, count: count, visible * width)
        for galaxy in 0..<count {
            restore(
                embedded + galaxy * visible * width, order.visible(first + galaxy), count: visible - 1,
                into: x + galaxy * tokens * width, kernels)
        }
        blocks.forward(x, count: count, layout: layout, output: .patchTokens, pass)
        let rows = count * (tokens - 1)
        let last = kernels.layerNormOperand(x, norm, into: normed, rows: rows)
        pass.stages?.record(
            "decoder_norm", kernels.values(of: last, rows: rows, width: width), count: count, (tokens - 1) * width)
        kernels.linear(prediction, last, rows: rows, into: predictions)
    }

    /// One galaxy's visible tokens [1 + count, width] -> all of its tokens [tokens, width], positions added.
    private func restore(
        _ embedded: UnsafePointer<Float>, _ visible: UnsafePointer<Int32>, count: Int,
        into x: UnsafeMutablePointer<Float>, _ kernels: Kernels
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
