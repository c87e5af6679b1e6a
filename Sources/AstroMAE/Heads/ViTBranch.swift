import Platform

/// The encoder, mean over the patch tokens, `fc_norm`. `ViTHead` follows: a stack of Linear layers (`head`,
/// `vit_block`) over one vector a galaxy.
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
        x: UnsafeMutablePointer<Float>, _ pass: BlockPass
    ) {
        encoder.forward(images, into: x, count: count, layout: layout, output: .patchMean(features), pass)
        normalize(features, count: count, pass)
    }

    /// `fc_norm` of the means over the patch tokens, [count, width], in place.
    func normalize(_ features: UnsafeMutablePointer<Float>, count: Int, _ pass: BlockPass) {
        pass.kernels.layerNorm(features, norm, into: features, rows: count)
        pass.stages?.record("fc_norm", features, count: count, layout.width)
    }
}

/// width -> `head` -> `vit_block`: Linear, ReLU, Linear. Merged, one Linear and the ReLU.
struct ViTHead: Sendable {
    /// Nil if it is merged into the stack's first layer.
    private let head: PackedMatrix?
    private let block: LinearStack

    /// `head` and the first layer of `vit_block`, merged.
    static let merged = MergedLinear(key: "merged.vit_block.0", outer: "vit_block.0", inner: ["head"])
    static let rules =
        CheckpointRules(merged: [merged], layers: [("head", .linear), ("fc_norm", .layerNorm)])
        + .stack("vit_block", 0, through: 2)

    /// - Parameters:
    ///   - width: of the encoder's features.
    ///   - features: of the last layer that is run.
    init(_ loader: LayerLoader, width: Int, features: Int) throws(Failure) {
        head = loader.merges ? nil : try loader.linear(.head, "head", width, try loader.outputs("head", axes: 2))
        block = try LinearStack(
            loader, .vitBlock, "vit_block", layers: 2, inputs: head?.outputs ?? width, outputs: features,
            name: "vit_block", merged: Self.merged)
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { (head?.outputs ?? 0) + block.scratchCount }

    /// x [rows, width] -> out [rows, features], rows `stride` apart; bf16 overwrites x.
    func forward(
        _ x: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
        _ pass: HeadPass
    ) {
        // The reference's stages have only the output of `vit_block`, none of its layers.
        guard let head else {
            block.forward(x, into: out, stride: stride, rows: rows, HeadPass(pass.kernels, pass.scratch, stages: nil))
            return
        }
        let scratch = pass.scratch
        let operand = pass.kernels.operand(x, rows: rows, width: head.inputs, of: head.operation)
        pass.kernels.linear(head, operand, rows: rows, into: scratch)
        pass.stages?.record("head", scratch, count: rows, head.outputs)
        block.forward(
            scratch, into: out, stride: stride, rows: rows,
            HeadPass(pass.kernels, scratch + rows * head.outputs, stages: nil))
        pass.stages?.record("vit_block", out, count: rows, stride: stride, block.outputs)
    }
}
