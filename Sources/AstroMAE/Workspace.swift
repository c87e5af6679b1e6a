/// Everything that a forward pass writes to, allocated once: one for each worker thread, made by that thread so that
/// its pages are near it.
public struct Workspace: ~Copyable {
    private let parts: FloatParts
    let capacity: Int
    let tokens: UnsafeMutablePointer<Float>
    let block: BlockScratch
    let inception: InceptionScratch
    /// [rows, width] and [rows, flattened]: what the encoder and the Inception blocks give for each galaxy.
    let vitFeatures: UnsafeMutablePointer<Float>
    let inceptionFeatures: UnsafeMutablePointer<Float>
    /// [head rows, fusion inputs]: the three branches side by side.
    let fused: UnsafeMutablePointer<Float>
    let head: UnsafeMutablePointer<Float>
    /// Where this thread's kernel calls are counted and timed; nil where they are not.
    let counters: OperationCounters?

    /// - Parameters:
    ///   - capacity: the most galaxies that one `predict` call may bring, at least 1.
    ///   - profile: gets the counts and times of this workspace's passes when it ends.
    public init(for model: RedshiftModel, capacity: Int, profile: Profile? = nil) {
        precondition(capacity > 0, "a workspace for no galaxies")
        parts = FloatParts(Self.sizes(for: model, capacity: capacity))
        self.capacity = capacity
        counters = profile.map(OperationCounters.init)
        tokens = parts[0]
        block = BlockScratch(parts, first: 1)
        inception = InceptionScratch(map: parts[7], spare: parts[8], padded: parts[9], pooled: parts[10])
        (vitFeatures, inceptionFeatures) = (parts[11], parts[12])
        (fused, head) = (parts[13], parts[14])
    }

    /// Floats of a workspace; `RedshiftModel` refuses networks that would need absurdly many.
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
