import Platform

/// All memory that a forward pass writes to, allocated once: one for each worker thread, made by that thread so that
/// its pages are on the thread's NUMA node.
public struct Workspace: ~Copyable {
    private let parts: FloatParts
    let capacity: Int
    let tokens: UnsafeMutablePointer<Float>
    let block: BlockScratch
    let inception: InceptionScratch
    /// [capacity, width] and [capacity, flattened]: outputs of the encoder and of the Inception blocks for each galaxy.
    let vitFeatures: UnsafeMutablePointer<Float>
    let inceptionFeatures: UnsafeMutablePointer<Float>
    /// [head batch, fusion inputs]: the three branches' features side by side.
    let fused: UnsafeMutablePointer<Float>
    let head: UnsafeMutablePointer<Float>
    /// Counts and times of this thread's kernel calls; nil without a profile.
    let counters: OperationCounters?

    /// - Parameters:
    ///   - capacity: the most galaxies of one `predict` call, at least 1.
    ///   - profile: gets the counts and times of this workspace's passes when it ends.
    /// - Throws: `Failure` of kind `outOfMemory`.
    public init(for model: RedshiftModel, capacity: Int, profile: Profile? = nil) throws(Failure) {
        precondition(capacity > 0, "a workspace for no galaxies")
        parts = try FloatParts(Self.sizes(for: model, capacity: capacity))
        self.capacity = capacity
        counters = profile.map(OperationCounters.init)
        tokens = parts[0]
        block = BlockScratch(parts, first: 1)
        inception = InceptionScratch(map: parts[7], spare: parts[8], padded: parts[9], pooled: parts[10])
        (vitFeatures, inceptionFeatures) = (parts[11], parts[12])
        (fused, head) = (parts[13], parts[14])
    }

    /// Floats of a workspace, which `RedshiftModel` limits.
    static func count(for model: RedshiftModel, capacity: Int) -> Int {
        sizes(for: model, capacity: capacity).reduce(0, +)
    }

    /// Floats of each part, in the order of the properties.
    private static func sizes(for model: RedshiftModel, capacity: Int) -> [Int] {
        let (config, encoder) = (model.config, model.config.encoder)
        let micro = encoder.microBatch
        let rows = micro * encoder.tokens
        let heads = min(capacity, RedshiftModel.headBatch)
        let branch = model.inception
        let padded = model.vit.encoder.paddedCounts(model.vit.layout)
        let block = BlockScratch.Sizes(
            encoder.block, rows: rows, tokens: encoder.tokens,
            padded: (micro * padded.tokens, micro * padded.hidden))
        return [rows * encoder.width] + block.parts + [
            branch.mapCount, branch.mapCount, branch.paddedCount, branch.pooledCount,
            capacity * encoder.width, capacity * branch.outputCount,
            heads * config.fusionInputs, heads * model.headScratchCount,
        ]
    }
}
