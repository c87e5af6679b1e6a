import Platform
import TensorFiles

/// AstroMAE's pretraining network: a masked autoencoder (He et al. 2022) whose encoder sees some patches of a cutout,
/// and whose decoder reconstructs all of them. Immutable after loading; any number of threads may run it at once.
public final class MaskedAutoencoder: CutoutNetwork {
    public let config: AutoencoderConfig
    /// The file of its weights, for messages.
    public let name: String
    public let parameterCount: Int
    public let warnings: [String]
    public let checks: [String]
    public let statedBands: NetworkBands?
    public var instructionSet: InstructionSet { kernels.instructionSet }
    public var gemm: GemmBackend { kernels.gemm }
    public var precision: Precision { kernels.precision }
    public var imageShape: [Int] { config.encoder.imageShape }
    public var imageCount: Int { config.encoder.imageCount }
    public var requiredMagnitudes: Int? { nil }

    let encoder: ViTEncoder
    let norm: LayerNorm
    let decoder: MaskedDecoder
    let kernels: Kernels

    static let rules =
        ViTEncoder.rules + EncoderBlock.rules("decoder_blocks")
        + CheckpointRules(layers: [
            ("norm", .layerNorm), ("decoder_norm", .layerNorm), ("decoder_embed", .linear), ("decoder_pred", .linear),
        ])

    /// Checks the weights against the network and packs them.
    /// - Parameters:
    ///   - weights: an opened checkpoint in any of the readable formats.
    ///   - network, assumesHeads: see `RedshiftModel.init`.
    ///   - numHeads, decoderHeads: override the file's heads of the encoder and the decoder; without either there is
    ///     one for each 64 channels.
    ///   - precision: of the Linear layers; bf16 needs the packed kernels.
    ///   - instructionSet: nil takes the widest one, capped by the environment's `CAI_ISA`.
    ///   - parallel: runs most of the reading and packing; bits do not depend on it.
    /// - Throws: `Failure` with the file and the key: missing, unexpected, misshapen or not finite; if the
    ///   weights are a redshift network's; or of kind `outOfMemory`.
    public convenience init(
        weights: TensorFile, network: String? = nil, numHeads: Int? = nil, decoderHeads: Int? = nil,
        assumesHeads: Bool = false, gemm: GemmBackend = .auto, precision: Precision = .float32,
        instructionSet: InstructionSet? = nil, on parallel: ParallelLoop = .serial
    ) throws(Failure) {
        try self.init(
            weights, network: network, numHeads: numHeads, decoderHeads: decoderHeads,
            assumesHeads: (encoder: assumesHeads, decoder: assumesHeads), gemm: gemm, precision: precision,
            instructionSet: instructionSet, on: parallel)
    }

    /// - Parameter assumesHeads: the same for each stack.
    init(
        _ weights: TensorFile, network: String?, numHeads: Int?, decoderHeads: Int?,
        assumesHeads: (encoder: Bool, decoder: Bool), gemm: GemmBackend, precision: Precision,
        instructionSet: InstructionSet?, on parallel: ParallelLoop
    ) throws(Failure) {
        let checkpoint = try Checkpoint(weights, rules: Self.rules, of: .autoencoder, network: network)
        name = checkpoint.name
        try checkpoint.require(.autoencoder)
        let stated = try StatedConstants(checkpoint)
        statedBands = stated.bands
        let encoderConfig = try EncoderConfig.derived(
            from: checkpoint, stated: stated, numHeads: numHeads,
            assumesHeads: assumesHeads.encoder)
        let modules = try ModuleChecks(checkpoint, encoderConfig)
        config = try AutoencoderConfig.derived(
            from: checkpoint, encoder: encoderConfig, stated: stated, decoderHeads: decoderHeads,
            assumesHeads: assumesHeads.decoder)
        kernels = try Kernels(choosing: instructionSet, gemm: gemm, precision: precision)
        let loader = LayerLoader(checkpoint, encoderConfig, stated, for: kernels)
        encoder = try ViTEncoder(loader, encoderConfig)
        norm = try loader.layerNorm("norm", encoderConfig.width)
        decoder = try MaskedDecoder(loader, config)
        try checkpoint.requireAllUsed()
        parameterCount = try checkpoint.parameterCount()
        checks = modules.lines + stated.lines
        warnings =
            modules.warnings(file: checkpoint.name)
            + stated.warnings(
                file: checkpoint.name, heads: numHeads == nil ? encoderConfig.numHeads : nil,
                decoderHeads: decoderHeads == nil ? config.decoder.numHeads : nil,
                hasBatchNorm: encoderConfig.parallelConvolution != nil)
        let everything = Masking(visible: config.patches, patches: config.patches)
        try checkpoint.requireWorkspace(floats: AutoencoderWorkspace.floats(for: self, masking: everything))
        try loader.packLinears(on: parallel)
    }

    /// Masks the cutouts and reconstructs them.
    ///
    /// The bits of a galaxy's numbers do not depend on N or on the other galaxies. Allocates nothing.
    /// - Parameters:
    ///   - images: [N, bands, size, size]
    ///   - noise: [N, patches] in [0, 1): the patches with the smallest stay visible, as many as in the workspace's
    ///     masking. Of equal ones the first counts as smaller.
    ///   - predictions: [N, patches, patchCount] for all patches, visible ones too: rows x columns x bands of each,
    ///     band fastest (`AutoencoderConfig.pixelOffsets`).
    ///   - mask: [N, patches], 1 for a masked patch, 0 for a visible one.
    ///   - losses: [N], the mean over the masked patches of the mean squared error of each (pixels as they are, not
    ///     normalised). NaN if no patch is masked. The reference's loss of N galaxies is the mean of theirs.
    @_lifetime(predictions: copy predictions)
    @_lifetime(mask: copy mask)
    @_lifetime(losses: copy losses)
    public func reconstruct(
        images: Span<Float>, noise: Span<Float>, into predictions: inout MutableSpan<Float>,
        mask: inout MutableSpan<Float>, losses: inout MutableSpan<Float>, workspace: inout AutoencoderWorkspace
    ) {
        run(images, noise, &predictions, &mask, &losses, workspace, stages: nil)
    }

    /// The same pass with every stage recorded, by the names of PyTorch's modules: `patch_embed` (visible patches,
    /// before their positions), `blocks.0.attn`, ..., `latent` (after `norm`: class token, then the visible patches in
    /// ascending order of noise), `decoder_embed`, `decoder_blocks.0.attn`, ..., `decoder_norm`, `pred`, `mask`, `loss`
    /// of each galaxy. For comparison with other implementations; the bits are those of `reconstruct`.
    public func stages(images: Span<Float>, noise: Span<Float>, masking: Masking) throws(Failure) -> [String: [Float]] {
        let count = images.count / imageCount
        let recorder = StageRecorder()
        let workspace = try AutoencoderWorkspace(for: self, masking: masking)
        var predictions = [Float](repeating: 0, count: count * config.patches * config.patchCount)
        var mask = [Float](repeating: 0, count: count * config.patches)
        var losses = [Float](repeating: 0, count: count)
        do {
            var predictions = predictions.mutableSpan
            var mask = mask.mutableSpan
            var losses = losses.mutableSpan
            run(images, noise, &predictions, &mask, &losses, workspace, stages: recorder)
        }
        recorder.record("pred", predictions, count: count, config.patches * config.patchCount)
        recorder.record("mask", mask, count: count, config.patches)
        recorder.record("loss", losses, count: count, 1)
        return recorder.stages
    }

    @_lifetime(predictions: copy predictions)
    @_lifetime(mask: copy mask)
    @_lifetime(losses: copy losses)
    private func run(
        _ images: Span<Float>, _ noise: Span<Float>, _ predictions: inout MutableSpan<Float>,
        _ mask: inout MutableSpan<Float>, _ losses: inout MutableSpan<Float>,
        _ workspace: borrowing AutoencoderWorkspace, stages: StageRecorder?
    ) {
        let count = losses.count
        let patches = config.patches
        precondition(workspace.masking.patches == patches, "a workspace for another network")
        precondition(images.count == count * imageCount && noise.count == count * patches)
        precondition(predictions.count == noise.count * config.patchCount && mask.count == noise.count)
        images.withUnsafeBufferPointer { images in
            noise.withUnsafeBufferPointer { noise in
                predictions.withUnsafeMutableBufferPointer { predictions in
                    mask.withUnsafeMutableBufferPointer { mask in
                        losses.withUnsafeMutableBufferPointer { losses in
                            guard let images = images.baseAddress, let noise = noise.baseAddress,
                                let predictions = predictions.baseAddress, let mask = mask.baseAddress,
                                let losses = losses.baseAddress
                            else { return }
                            let galaxies = MaskedGalaxies(
                                images: images, noise: noise, predictions: predictions, mask: mask, losses: losses)
                            let pass = BlockPass(
                                kernels.recording(in: workspace.counters), workspace.block, stages: stages)
                            for first in stride(from: 0, to: count, by: workspace.encoderBatch) {
                                run(galaxies, first..<min(first + workspace.encoderBatch, count), workspace, pass)
                            }
                        }
                    }
                }
            }
        }
    }

    /// A micro-batch of the encoder, which the decoder may divide into smaller ones.
    private func run(
        _ all: MaskedGalaxies, _ rows: Range<Int>, _ workspace: borrowing AutoencoderWorkspace, _ pass: BlockPass
    ) {
        let order = workspace.order
        for galaxy in rows.indices {
            order.sort(all.noise + galaxy * config.patches, galaxy: galaxy - rows.lowerBound)
            order.mask(into: all.mask + galaxy * config.patches, galaxy: galaxy - rows.lowerBound)
        }
        order.write(workspace.layout.patchRows, count: rows.count, config: config.encoder)
        encode(all.images + rows.lowerBound * imageCount, count: rows.count, visible: order.visible, workspace, pass)
        let tokens = workspace.layout.tokens
        pass.stages?.record("latent", workspace.latent, count: rows.count, tokens * config.encoder.width)
        for first in stride(from: 0, to: rows.count, by: workspace.decoderBatch) {
            let count = min(workspace.decoderBatch, rows.count - first)
            let start = rows.lowerBound + first
            decoder.forward(
                workspace.latent + first * tokens * config.encoder.width,
                into: all.predictions + start * config.patches * config.patchCount, count: count,
                order: order, from: first, workspace: workspace, pass)
            for galaxy in start..<start + count {
                all.losses[galaxy] = workspace.loss.mean(
                    of: all.predictions + galaxy * config.patches * config.patchCount,
                    image: all.images + galaxy * imageCount, mask: all.mask + galaxy * config.patches)
            }
        }
    }

    /// images [count, bands, size, size] -> the workspace's latent [count, tokens, width], after `norm`.
    func encode(
        _ images: UnsafePointer<Float>, count: Int, visible: UnsafePointer<Int32>?,
        _ workspace: borrowing AutoencoderWorkspace, _ pass: BlockPass
    ) {
        encoder.forward(
            images, into: workspace.tokens, count: count, layout: workspace.layout, visible: visible,
            output: .tokens, pass)
        pass.kernels.layerNorm(workspace.tokens, norm, into: workspace.latent, rows: count * workspace.layout.tokens)
    }
}

/// Inputs and outputs of all galaxies of a pass.
private struct MaskedGalaxies {
    let images: UnsafePointer<Float>
    let noise: UnsafePointer<Float>
    let predictions: UnsafeMutablePointer<Float>
    let mask: UnsafeMutablePointer<Float>
    let losses: UnsafeMutablePointer<Float>
}
