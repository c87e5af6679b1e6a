import Platform

/// The encoder, mean over the patch tokens, `fc_norm`. What follows (`head`, `vit_block`) is a stack of Linear layers
/// over one vector a galaxy: `ViTHead`.
struct ViTBranch: Sendable {
    let encoder: ViTEncoder
    let layout: TokenLayout
    private let norm: LayerNorm

    init(_ loader: LayerLoader, _ config: EncoderConfig, capacity: Int) throws(Failure) {
        encoder = try ViTEncoder(loader, config)
        layout = TokenLayout(config, visible: config.patches, capacity: capacity)
        norm = try loader.layerNorm("fc_norm", config.width)
    }

    /// images [count, bands, size, size] -> features [count, width]
    /// - Parameter x: [count, tokens, width], overwritten.
    func forward(
        _ images: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>, count: Int,
        x: UnsafeMutablePointer<Float>, scratch: BlockScratch, kernels: Kernels, stages: StageRecorder?
    ) {
        encoder.forward(
            images, into: x, count: count, layout: layout, leavingClassTokens: true, scratch: scratch,
            kernels: kernels, stages: stages)
        let (patches, width) = (layout.tokens - 1, layout.width)
        for galaxy in 0..<count {
            kernels.meanRows(
                x + galaxy * patches * width, into: scratch.normed + galaxy * width, rows: patches, width: width)
        }
        normalize(scratch.normed, into: features, count: count, kernels: kernels, stages: stages)
    }

    /// `fc_norm` of the means over the patch tokens, [count, width].
    func normalize(
        _ means: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>, count: Int, kernels: Kernels,
        stages: StageRecorder?
    ) {
        kernels.layerNorm(means, norm, into: features, rows: count)
        stages?.record("fc_norm", features, count: count, layout.width)
    }
}

/// width -> `head` -> `vit_block`: Linear, ReLU, Linear. Merged weights have one Linear and the ReLU.
struct ViTHead: Sendable {
    /// Nil where it is merged into the stack's first layer.
    private let head: PackedMatrix?
    private let block: LinearStack

    init(_ loader: LayerLoader, _ config: ModelConfig) throws(Failure) {
        let merged = loader.checkpoint.linearLayout == .merged
        head = merged ? nil : try loader.linear("head", config.width, try loader.outputs("head", axes: 2))
        block = try LinearStack(
            loader, merged ? "merged.vit_block" : "vit_block", layers: 2, inputs: head?.outputs ?? config.width,
            outputs: config.vitFeatures, name: "vit_block")
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { (head?.outputs ?? 0) + block.scratchCount }

    /// features [rows, width] -> out [rows, vitFeatures], rows `stride` apart.
    func forward(
        _ features: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
        scratch: UnsafeMutablePointer<Float>, kernels: Kernels, stages: StageRecorder?
    ) {
        guard let head else {
            block.forward(
                features, into: out, stride: stride, rows: rows, scratch: scratch, kernels: kernels, stages: nil)
            return
        }
        kernels.linear(head, features, rows: rows, into: scratch)
        stages?.record("head", scratch, count: rows, head.outputs)
        block.forward(
            scratch, into: out, stride: stride, rows: rows, scratch: scratch + rows * head.outputs,
            kernels: kernels, stages: nil)
        stages?.record("vit_block", out, count: rows, stride: stride, block.outputs)
    }
}
