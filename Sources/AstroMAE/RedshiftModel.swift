import Platform
import TensorFiles

/// AstroMAE fine-tuned for redshift: ViT encoder, Inception branch and magnitude MLP, fused by one head
/// (Fathkouhi & Fox 2024). Immutable after loading; any number of threads may predict with it at once.
public final class RedshiftModel: CutoutNetwork {
    public let config: ModelConfig
    /// Trainable parameters of the network as it was trained, without `cls_token` and `pos_embed`; weights with merged
    /// layers hold another number.
    public let parameterCount: Int
    public let notices: [String]
    public var instructionSet: InstructionSet { kernels.instructionSet }
    public var gemm: GemmBackend { kernels.gemm }

    let vit: ViTBranch
    let inception: InceptionBranch
    let kernels: Kernels
    private let vitHead: ViTHead
    private let inceptionHead: LinearStack
    private let magnitudes: MagnitudeBranch
    private let fusion: FusionHead

    /// Galaxies that pass through the heads together: the heads' 27 to 41 MB of weights are read once for all of them.
    static let headBatch = 128

    public var imageShape: [Int] { config.encoder.imageShape }
    public var imageCount: Int { config.encoder.imageCount }
    /// Magnitudes of one galaxy.
    public var magnitudeCount: Int { config.encoder.bands }
    public var requiredMagnitudes: Int? { magnitudeCount }

    /// Checks the weights against the network and packs them.
    /// - Parameters:
    ///   - weights: an opened checkpoint in any of the readable formats.
    ///   - numHeads: overrides what the file says, or the reference's value where it says nothing.
    ///   - instructionSet: nil takes the widest one, capped by the environment's `CAI_ISA`.
    ///   - parallel: what most of the reading and packing is run on; bits do not depend on it.
    /// - Throws: `Failure` with the file and the key: missing, unexpected, misshapen or not finite.
    public init(
        weights: TensorFile, numHeads: Int? = nil, gemm: GemmBackend = .auto, instructionSet: InstructionSet? = nil,
        on parallel: ParallelLoop = .serial
    ) throws(Failure) {
        let checkpoint = try Checkpoint(weights)
        try checkpoint.require(.redshift)
        let stated = try StatedConstants(checkpoint)
        let encoder = try EncoderConfig.derived(from: checkpoint, stated: stated, numHeads: numHeads)
        config = try ModelConfig.derived(from: checkpoint, encoder: encoder)
        kernels = try Kernels(choosing: instructionSet, gemm: gemm)
        let loader = LayerLoader(checkpoint, encoder, dense: kernels.gemm == .openblas)
        vit = try ViTBranch(loader, encoder, capacity: encoder.microBatch)
        vitHead = try ViTHead(loader, config)
        inception = try InceptionBranch(loader, encoder)
        inceptionHead = try LinearStack(
            loader, InceptionBranch.key, first: 10, layers: 2, inputs: inception.outputCount,
            outputs: config.inceptionFeatures, name: "vis_inception", permuted: inception.flattenOrder)
        magnitudes = try MagnitudeBranch(loader, config)
        fusion = try FusionHead(loader, config)
        try checkpoint.takeKnownExtras()
        try checkpoint.requireAllUsed()
        parameterCount = try checkpoint.parameterCount()
        notices = stated.notices(file: checkpoint.name, heads: numHeads == nil ? encoder.numHeads : nil)
        let floats = Workspace.count(for: self, capacity: Self.headBatch)
        try checkpoint.requireWorkspace(floats: floats)
        try loader.packLinears(on: parallel)
    }

    /// images [N, bands, size, size] and magnitudes [N, bands] to redshifts [N].
    ///
    /// N is the count of `redshifts` and at most the workspace's capacity. A galaxy's redshift has the same bits
    /// whatever N is and whoever its neighbours are. Allocates nothing.
    public func predict(
        images: Span<Float>, magnitudes: Span<Float>, into redshifts: inout MutableSpan<Float>,
        workspace: inout Workspace
    ) {
        forward(images, magnitudes, &redshifts, &workspace, stages: nil)
    }

    /// The same pass with every stage kept, by the names of PyTorch's modules and in their layouts
    /// (`patch_embed`, `blocks.0.attn`, `vis_inception.4`, ..., `z`), for comparison with other implementations.
    /// Fused stages are run apart, over the same kernels, to the same bits. Layers that the weights have merged into
    /// others give no stage: `head`, and the last Linear layer of each branch.
    public func stages(images: Span<Float>, magnitudes: Span<Float>) -> [String: [Float]] {
        let count = images.count / imageCount
        let recorder = StageRecorder()
        var workspace = Workspace(for: self, capacity: max(1, count))
        var redshifts = [Float](repeating: 0, count: count)
        var span = redshifts.mutableSpan
        forward(images, magnitudes, &span, &workspace, stages: recorder)
        recorder.record("z", redshifts, count: count, 1)
        return recorder.stages
    }

    private func forward(
        _ images: Span<Float>, _ magnitudes: Span<Float>, _ redshifts: inout MutableSpan<Float>,
        _ workspace: inout Workspace, stages: StageRecorder?
    ) {
        let count = redshifts.count
        precondition(count <= workspace.capacity, "more galaxies than the workspace was made for")
        precondition(images.count == count * imageCount && magnitudes.count == count * magnitudeCount)
        images.withUnsafeBufferPointer { images in
            magnitudes.withUnsafeBufferPointer { magnitudes in
                redshifts.withUnsafeMutableBufferPointer { redshifts in
                    guard let images = images.baseAddress, let magnitudes = magnitudes.baseAddress,
                        let redshifts = redshifts.baseAddress
                    else { return }
                    encode(images, count: count, workspace, stages)
                    for first in stride(from: 0, to: count, by: Self.headBatch) {
                        fuse(
                            magnitudes + first * magnitudeCount, first, count: min(Self.headBatch, count - first),
                            into: redshifts + first, workspace, stages)
                    }
                }
            }
        }
    }

    /// The two image branches, micro-batch by micro-batch, into the workspace's features.
    private func encode(
        _ images: UnsafePointer<Float>, count: Int, _ workspace: borrowing Workspace, _ stages: StageRecorder?
    ) {
        let kernels = self.kernels.recording(in: workspace.counters)
        let microBatch = config.encoder.microBatch
        for first in stride(from: 0, to: count, by: microBatch) {
            vit.forward(
                images + first * imageCount, into: workspace.vitFeatures + first * config.encoder.width,
                count: min(microBatch, count - first), x: workspace.tokens, scratch: workspace.block,
                kernels: kernels, stages: stages)
        }
        for galaxy in 0..<count {
            inception.forward(
                images + galaxy * imageCount, into: workspace.inceptionFeatures + galaxy * inception.outputCount,
                scratch: workspace.inception, kernels: kernels, stages: stages)
        }
    }

    /// The three branches' Linear layers, each into its columns of one buffer, and the fusion of them.
    private func fuse(
        _ magnitudes: UnsafePointer<Float>, _ first: Int, count: Int, into redshifts: UnsafeMutablePointer<Float>,
        _ workspace: borrowing Workspace, _ stages: StageRecorder?
    ) {
        let (fused, stride) = (workspace.fused, config.fusionInputs)
        let kernels = self.kernels.recording(in: workspace.counters)
        vitHead.forward(
            workspace.vitFeatures + first * config.encoder.width, into: fused, stride: stride, rows: count,
            scratch: workspace.head, kernels: kernels, stages: stages)
        inceptionHead.forward(
            workspace.inceptionFeatures + first * inception.outputCount, into: fused + config.vitFeatures,
            stride: stride, rows: count, scratch: workspace.head, kernels: kernels, stages: stages)
        self.magnitudes.forward(
            magnitudes, into: fused + config.vitFeatures + config.inceptionFeatures, stride: stride,
            rows: count, scratch: workspace.head, kernels: kernels, stages: stages)
        fusion.forward(
            fused, into: redshifts, rows: count, scratch: workspace.head, kernels: kernels, stages: stages)
    }

    /// Floats of scratch that the heads need for one row.
    var headScratchCount: Int {
        max(
            vitHead.scratchCount, inceptionHead.scratchCount, magnitudes.scratchCount, fusion.scratchCount)
    }
}
