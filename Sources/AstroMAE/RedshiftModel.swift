import Platform
import TensorFiles

/// AstroMAE fine-tuned for redshift: ViT encoder, Inception branch and magnitude MLP, fused by one head
/// (Fathkouhi & Fox 2024). Immutable after loading; any number of threads may predict with it at once.
public final class RedshiftModel: CutoutNetwork {
    public let config: ModelConfig
    /// Trainable parameters of the network as it was trained, without `cls_token` and `pos_embed`: before layers were
    /// merged.
    public let parameterCount: Int
    public let warnings: [String]
    public let checks: [String]
    public let statedBands: NetworkBands?
    public var instructionSet: InstructionSet { kernels.instructionSet }
    public var gemm: GemmBackend { kernels.gemm }
    public var precision: Precision { kernels.precision }

    let vit: ViTBranch
    let inception: InceptionBranch
    let kernels: Kernels
    private let vitHead: ViTHead
    private let inceptionHead: LinearStack
    private let magnitudes: MagnitudeBranch
    private let fusion: FusionHead

    /// Rules of all parts; the last ones are the Inception branch's Linear layers.
    static let rules =
        ViTEncoder.rules + InceptionBranch.rules + ViTHead.rules + MagnitudeBranch.rules + FusionHead.rules
        + .stack(InceptionBranch.key, 10, through: 12)

    /// Galaxies of a batch of the heads, whose 27 to 41 MB of weights are read once a batch.
    static let headBatch = 128

    public var imageShape: [Int] { config.encoder.imageShape }
    public var imageCount: Int { config.encoder.imageCount }
    /// Magnitudes of one galaxy.
    public var magnitudeCount: Int { config.encoder.bands }
    public var requiredMagnitudes: Int? { magnitudeCount }

    /// Checks the weights against the network, merges Linear layers with nothing between them, and packs them.
    /// - Parameters:
    ///   - weights: an opened checkpoint in any of the readable formats.
    ///   - network: the one of several networks in the file, by its path there; "." is the root.
    ///   - numHeads: overrides the file's value, or the reference's for a file without one.
    ///   - assumesHeads: whether a width that is not a multiple of 64 has one head where neither states heads. Nothing may be
    ///     computed by such a network; otherwise it is an error.
    ///   - precision: of the Linear layers; bf16 needs the packed kernels.
    ///   - instructionSet: nil takes the widest one, capped by the environment's `CAI_ISA`.
    ///   - parallel: runs most of the reading and packing; bits do not depend on it.
    /// - Throws: `Failure` with the file and the key: missing, unexpected, misshapen or not finite; or of kind
    ///   `outOfMemory`.
    public convenience init(
        weights: TensorFile, network: String? = nil, numHeads: Int? = nil, assumesHeads: Bool = false,
        gemm: GemmBackend = .auto, precision: Precision = .float32, instructionSet: InstructionSet? = nil,
        on parallel: ParallelLoop = .serial
    ) throws(Failure) {
        try self.init(
            weights, network: network, numHeads: numHeads, assumesHeads: assumesHeads, keepsLayers: false, gemm: gemm,
            precision: precision, instructionSet: instructionSet, on: parallel)
    }

    /// - Parameter keepsLayers: whether layers that the file has separately are not merged: for stages of all layers, and
    ///   where the heads are not run. Last bits of redshifts are then others.
    init(
        _ weights: TensorFile, network: String? = nil, numHeads: Int? = nil, assumesHeads: Bool = false,
        keepsLayers: Bool, gemm: GemmBackend = .auto, precision: Precision = .float32,
        instructionSet: InstructionSet? = nil, on parallel: ParallelLoop = .serial
    ) throws(Failure) {
        let checkpoint = try Checkpoint(weights, rules: Self.rules, of: .redshift, network: network)
        try checkpoint.require(.redshift)
        let stated = try StatedConstants(checkpoint)
        statedBands = stated.bands
        let encoder = try EncoderConfig.derived(
            from: checkpoint, stated: stated, numHeads: numHeads,
            assumesHeads: assumesHeads)
        let modules = try ModuleChecks(checkpoint, encoder)
        let merges = try keepsLayers ? checkpoint.linearLayout == .merged : checkpoint.mergesLinears()
        config = try ModelConfig.derived(from: checkpoint, encoder: encoder, merges: merges)
        kernels = try Kernels(choosing: instructionSet, gemm: gemm, precision: precision)
        let loader = LayerLoader(checkpoint, encoder, stated, for: kernels, merges: merges)
        vit = try ViTBranch(loader, encoder, capacity: encoder.microBatch)
        vitHead = try ViTHead(loader, width: encoder.width, features: config.vitFeatures)
        inception = try InceptionBranch(loader, encoder)
        inceptionHead = try LinearStack(
            loader, .inceptionHead, InceptionBranch.key, first: 10, layers: 2, inputs: inception.outputCount,
            outputs: config.inceptionFeatures, name: "vis_inception", permuted: inception.flattenOrder)
        magnitudes = try MagnitudeBranch(loader, bands: encoder.bands, features: config.magnitudeFeatures)
        fusion = try FusionHead(
            loader, inputs: [config.vitFeatures, config.inceptionFeatures, config.magnitudeFeatures],
            width: config.fusionWidth)
        try checkpoint.takeKnownExtras()
        try checkpoint.requireAllUsed()
        parameterCount = try checkpoint.parameterCount()
        checks = modules.lines + stated.lines
        warnings =
            modules.warnings(file: checkpoint.name)
            + stated.warnings(file: checkpoint.name, heads: numHeads == nil ? encoder.numHeads : nil)
        let floats = Workspace.count(for: self, capacity: Self.headBatch)
        try checkpoint.requireWorkspace(floats: floats)
        try loader.packLinears(on: parallel)
    }

    /// images [N, bands, size, size] and magnitudes [N, bands] to redshifts [N].
    ///
    /// N is the count of `redshifts` and at most the workspace's capacity. The bits of a galaxy's redshift do not
    /// depend on N or on the other galaxies. Allocates nothing.
    @_lifetime(redshifts: copy redshifts)
    public func predict(
        images: Span<Float>, magnitudes: Span<Float>, into redshifts: inout MutableSpan<Float>,
        workspace: inout Workspace
    ) {
        forward(images, magnitudes, &redshifts, &workspace, stages: nil)
    }

    /// The same pass with every stage recorded, by the names of PyTorch's modules and in their layouts (`patch_embed`,
    /// `blocks.0.attn`, `vis_inception.4`, ..., `z`), for comparison with other implementations. Fused stages are run
    /// separately, over the same kernels, to the same bits. Merged layers have no stage: `head`, and the last Linear
    /// layer of each branch.
    public func stages(images: Span<Float>, magnitudes: Span<Float>) throws(Failure) -> [String: [Float]] {
        let count = images.count / imageCount
        let recorder = StageRecorder()
        var workspace = try Workspace(for: self, capacity: max(1, count))
        var redshifts = [Float](repeating: 0, count: count)
        var span = redshifts.mutableSpan
        forward(images, magnitudes, &span, &workspace, stages: recorder)
        recorder.record("z", redshifts, count: count, 1)
        return recorder.stages
    }

    @_lifetime(redshifts: copy redshifts)
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
                    let pass = BlockPass(kernels.recording(in: workspace.counters), workspace.block, stages: stages)
                    encode(images, count: count, workspace, pass)
                    for first in stride(from: 0, to: count, by: Self.headBatch) {
                        fuse(
                            magnitudes + first * magnitudeCount, first, count: min(Self.headBatch, count - first),
                            into: redshifts + first, workspace, pass.with(workspace.head))
                    }
                }
            }
        }
    }

    /// The two image branches: the encoder by micro-batches, the Inception branch by galaxies.
    private func encode(
        _ images: UnsafePointer<Float>, count: Int, _ workspace: borrowing Workspace, _ pass: BlockPass
    ) {
        let microBatch = config.encoder.microBatch
        for first in stride(from: 0, to: count, by: microBatch) {
            vit.forward(
                images + first * imageCount, into: workspace.vitFeatures + first * config.encoder.width,
                count: min(microBatch, count - first), x: workspace.tokens, pass)
        }
        let inceptionPass = pass.with(workspace.inception)
        for galaxy in 0..<count {
            inception.forward(
                images + galaxy * imageCount, into: workspace.inceptionFeatures + galaxy * inception.outputCount,
                inceptionPass)
        }
    }

    /// The three branches' Linear layers, each into its columns of one buffer, and the fusion head.
    private func fuse(
        _ magnitudes: UnsafePointer<Float>, _ first: Int, count: Int, into redshifts: UnsafeMutablePointer<Float>,
        _ workspace: borrowing Workspace, _ pass: HeadPass
    ) {
        let (fused, stride) = (workspace.fused, config.fusionInputs)
        vitHead.forward(
            workspace.vitFeatures + first * config.encoder.width, into: fused, stride: stride, rows: count,
            pass)
        inceptionHead.forward(
            workspace.inceptionFeatures + first * inception.outputCount, into: fused + config.vitFeatures,
            stride: stride, rows: count, pass)
        self.magnitudes.forward(
            magnitudes, into: fused + config.vitFeatures + config.inceptionFeatures, stride: stride,
            rows: count, pass)
        fusion.forward(fused, into: redshifts, rows: count, pass)
    }

    /// Floats of scratch that the heads need for one row.
    var headScratchCount: Int {
        max(vitHead.scratchCount, inceptionHead.scratchCount, magnitudes.scratchCount, fusion.scratchCount)
    }
}
