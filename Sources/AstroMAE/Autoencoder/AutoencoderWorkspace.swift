import Platform

/// All memory that a masked autoencoder's pass writes to, allocated once, for one masking: one for each worker thread,
/// made by that thread so that its pages are on the thread's NUMA node. A pass divides any number of galaxies into
/// micro-batches.
public struct AutoencoderWorkspace: ~Copyable {
    public let masking: Masking
    private let parts: FloatParts
    /// Galaxies of a micro-batch of the encoder and of the decoder.
    let encoderBatch: Int
    let decoderBatch: Int
    let layout: TokenLayout
    let order: MaskOrder
    let loss: MaskedLoss
    /// [encoder batch, visible + 1, width] or [decoder batch, all tokens, decoder width]
    let tokens: UnsafeMutablePointer<Float>
    let block: BlockScratch
    /// [encoder batch, visible + 1, width]
    let latent: UnsafeMutablePointer<Float>
    /// [decoder batch, visible + 1, decoder width]
    let embedded: UnsafeMutablePointer<Float>
    /// Counts and times of this thread's kernel calls; nil without a profile.
    let counters: OperationCounters?

    /// - Parameters:
    ///   - masking: made by this model.
    ///   - profile: gets the counts and times of this workspace's passes when it ends.
    /// - Throws: `Failure` of kind `outOfMemory`.
    public init(for model: MaskedAutoencoder, masking: Masking, profile: Profile? = nil) throws(Failure) {
        precondition(masking.patches == model.config.patches, "a masking of another network")
        let sizes = Sizes(for: model, masking: masking)
        parts = try FloatParts(sizes.floats)
        self.masking = masking
        (encoderBatch, decoderBatch) = (sizes.encoderBatch, sizes.decoderBatch)
        layout = sizes.layout
        order = MaskOrder(masking, capacity: encoderBatch)
        loss = MaskedLoss(model.config)
        tokens = parts[0]
        block = BlockScratch(parts, first: 1)
        (latent, embedded) = (parts[7], parts[8])
        counters = profile.map(OperationCounters.init)
    }

    /// Floats of a workspace.
    static func floats(for model: MaskedAutoencoder, masking: Masking) -> Int {
        Sizes(for: model, masking: masking).floats.reduce(0, +)
    }

    private struct Sizes {
        let encoderBatch: Int
        let decoderBatch: Int
        let layout: TokenLayout
        /// Floats of each part, in the order of the properties.
        let floats: [Int]

        init(for model: MaskedAutoencoder, masking: Masking) {
            let (encoder, decoder) = (model.config.encoder, model.config.decoder)
            let visible = masking.visible + 1
            encoderBatch = encoder.block.microBatch(tokens: visible, of: encoder.tokens)
            decoderBatch = decoder.block.microBatch(tokens: encoder.tokens, of: encoder.tokens)
            layout = TokenLayout(encoder, visible: masking.visible, capacity: encoderBatch)
            let (encoderRows, decoderRows) = (encoderBatch * visible, decoderBatch * encoder.tokens)
            let padded = model.encoder.paddedCounts(layout)
            let block = BlockScratch.Sizes(
                encoder.block, rows: encoderRows, tokens: visible,
                padded: (encoderBatch * padded.tokens, encoderBatch * padded.hidden)
            ).union(BlockScratch.Sizes(decoder.block, rows: decoderRows, tokens: encoder.tokens))
            floats =
                [max(encoderRows * encoder.width, decoderRows * decoder.width)] + block.parts
                + [encoderRows * encoder.width, decoderBatch * visible * decoder.width]
        }
    }
}
