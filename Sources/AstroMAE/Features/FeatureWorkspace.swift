/// Everything that an encoder's pass writes to, allocated once: one for each worker thread, made by that thread so that its
/// pages are near it. Takes any number of galaxies, which pass through it in parts.
public struct FeatureWorkspace: ~Copyable {
    private let parts: FloatParts
    /// Galaxies that pass through together.
    let batch: Int
    let layout: TokenLayout
    /// [batch, tokens, width]
    let tokens: UnsafeMutablePointer<Float>
    let block: BlockScratch
    /// Where this thread's kernel calls are counted and timed; nil where they are not.
    let counters: OperationCounters?

    /// - Parameter profile: gets the counts and times of this workspace's passes when it ends.
    public init(for encoder: FeatureEncoder, profile: Profile? = nil) {
        let config = encoder.encoder.config
        batch = config.microBatch
        layout = TokenLayout(config, visible: config.patches, capacity: batch)
        let rows = batch * config.tokens
        let padded = encoder.encoder.paddedCounts(layout)
        let block = BlockScratch.Sizes(
            config.block, rows: rows, tokens: config.tokens, padded: (batch * padded.tokens, batch * padded.hidden))
        parts = FloatParts([rows * config.width] + block.parts)
        tokens = parts[0]
        self.block = BlockScratch(parts, first: 1)
        counters = profile.map(OperationCounters.init)
    }
}
