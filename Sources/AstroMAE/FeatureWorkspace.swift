import Platform

/// All memory that an encoder's pass writes to, allocated once: one for each worker thread, made by that thread so that
/// its pages are on the thread's NUMA node. A pass divides any number of galaxies into micro-batches.
public struct FeatureWorkspace: ~Copyable {
    private let parts: FloatParts
    /// Galaxies of a micro-batch.
    let batch: Int
    let layout: TokenLayout
    /// [batch, tokens, width]
    let tokens: UnsafeMutablePointer<Float>
    let block: BlockScratch
    /// Counts and times of this thread's kernel calls; nil without a profile.
    let counters: OperationCounters?

    /// - Parameter profile: gets the counts and times of this workspace's passes when it ends.
    /// - Throws: `Failure` of kind `outOfMemory`.
    public init(for encoder: FeatureEncoder, profile: Profile? = nil) throws(Failure) {
        let config = encoder.encoder.config
        let batch = config.microBatch
        let layout = TokenLayout(config, visible: config.patches, capacity: batch)
        let rows = batch * config.tokens
        let padded = encoder.encoder.paddedCounts(layout)
        let block = BlockScratch.Sizes(
            config.block, rows: rows, tokens: config.tokens, padded: (batch * padded.tokens, batch * padded.hidden))
        parts = try FloatParts([rows * config.width] + block.parts)
        (self.batch, self.layout) = (batch, layout)
        tokens = parts[0]
        self.block = BlockScratch(parts, first: 1)
        counters = profile.map(OperationCounters.init)
    }
}
