/// Everything that a forward pass writes to, allocated once: one for each worker thread, made by that thread so that
/// its pages are near it.
public struct Workspace: ~Copyable {
    private let storage: FloatBuffer
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
        let sizes = Self.sizes(for: model, capacity: capacity)
        let offsets = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1 + 15) / 16 * 16) }
        storage = FloatBuffer(count: offsets[sizes.count])
        let base = storage.base
        self.capacity = capacity
        counters = profile.map(OperationCounters.init)
        tokens = base
        block = BlockScratch(
            normed: base + offsets[1], wide: base + offsets[2], scores: base + offsets[3],
            paddedTokens: base + offsets[4], paddedHidden: base + offsets[5], separate: base + offsets[6])
        inception = InceptionScratch(
            map: base + offsets[7], spare: base + offsets[8], padded: base + offsets[9], pooled: base + offsets[10])
        vitFeatures = base + offsets[11]
        inceptionFeatures = base + offsets[12]
        fused = base + offsets[13]
        head = base + offsets[14]
    }

    /// Floats of a workspace; `RedshiftModel` refuses networks that would need absurdly many.
    static func count(for model: RedshiftModel, capacity: Int) -> Int {
        sizes(for: model, capacity: capacity).reduce(0, +)
    }

    /// Floats of each part, in the order of the properties.
    private static func sizes(for model: RedshiftModel, capacity: Int) -> [Int] {
        let config = model.config
        let micro = config.microBatch
        let rows = micro * config.tokens
        let heads = min(capacity, RedshiftModel.headBatch)
        let branch = model.inception
        return [
            rows * config.width,  // tokens
            rows * config.width,  // normed
            rows * max(3 * config.width, config.mlpWidth),  // wide
            Kernels.attentionScratch(tokens: config.tokens, dim: config.headWidth),
            micro * model.vit.paddedTokenCount, micro * model.vit.paddedHiddenCount,
            rows * config.width,  // separate
            branch.mapCount, branch.mapCount, branch.paddedCount, branch.pooledCount,
            capacity * config.width, capacity * branch.outputCount,
            heads * config.fusionInputs, heads * model.headScratchCount,
        ]
    }
}
