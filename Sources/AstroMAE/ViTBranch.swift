/// The encoder: patch embed, blocks, mean over the patch tokens, `fc_norm`. What follows (`head`, `vit_block`) is a
/// stack of Linear layers over one vector a galaxy: `ViTHead`.
struct ViTBranch: Sendable {
    private let patchEmbed: PatchEmbed
    private let blocks: [EncoderBlock]
    private let norm: LayerNorm
    private let config: ModelConfig

    init(_ loader: LayerLoader, capacity: Int) throws(CheckpointError) {
        config = loader.config
        patchEmbed = try PatchEmbed(loader, capacity: capacity)
        let layout = config.parallelConvolution.map {
            PatchLayout(loader.config, $0, capacity: capacity)
        }
        var blocks: [EncoderBlock] = []
        for index in 0..<config.depth { blocks.append(try EncoderBlock(loader, index, layout: layout)) }
        self.blocks = blocks
        norm = try loader.layerNorm("fc_norm")
    }

    /// Floats of one galaxy's padded maps in the blocks: of tokens, and hidden.
    var paddedTokenCount: Int { blocks.map(\.paddedTokenCount).max() ?? 0 }
    var paddedHiddenCount: Int { blocks.map(\.paddedHiddenCount).max() ?? 0 }

    /// images [count, bands, size, size] -> features [count, width]
    /// - Parameter x: [count, tokens, width], overwritten.
    func forward(
        _ images: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>, count: Int,
        x: UnsafeMutablePointer<Float>, scratch: BlockScratch, kernels: Kernels, stages: StageRecorder?
    ) {
        let (tokens, width) = (config.tokens, config.width)
        patchEmbed.forward(images, into: x, count: count, kernels: kernels, stages: stages)
        // Class tokens end here. A recorder gets the last block whole: the patch tokens' bits are the same.
        for (index, block) in blocks.enumerated() {
            block.forward(
                x, count: count, leavingClassTokens: stages == nil && index == blocks.count - 1, scratch: scratch,
                kernels: kernels, stages: stages)
        }
        if stages != nil { config.removeClassTokens(x, count: count) }
        for galaxy in 0..<count {
            kernels.meanRows(
                x + galaxy * (tokens - 1) * width, into: scratch.normed + galaxy * width, rows: tokens - 1,
                width: width)
        }
        kernels.layerNorm(scratch.normed, norm, into: features, rows: count)
        stages?.record("fc_norm", features, count: count, width)
    }
}

/// width -> `head` -> `vit_block`: Linear, ReLU, Linear. Merged weights have one Linear and the ReLU.
struct ViTHead: Sendable {
    /// Nil where it is merged into the stack's first layer.
    private let head: PackedMatrix?
    private let block: LinearStack

    init(_ loader: LayerLoader) throws(CheckpointError) {
        let config = loader.config
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
