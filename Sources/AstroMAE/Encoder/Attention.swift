import Platform

/// Multi-head self-attention (Vaswani et al. 2017) over the tokens of each galaxy, and the projection that follows.
struct Attention: Sendable {
    private let qkv: PackedMatrix
    /// What follows: its output goes to the residual connection, or apart.
    let projection: PackedMatrix
    private let config: BlockConfig

    /// `NormalCell` has biases of its own for q and v and none for k; timm's `Block` has one bias for all three.
    init(_ loader: LayerLoader, _ key: String, _ config: BlockConfig) throws(Failure) {
        self.config = config
        let (checkpoint, width) = (loader.checkpoint, config.width)
        let bias: [Float]
        if config.kind == .normalCell {
            bias =
                try checkpoint.take(key + ".q_bias", [width]) + [Float](repeating: 0, count: width)
                + (try checkpoint.take(key + ".v_bias", [width]))
        } else {
            bias = try checkpoint.take(key + ".qkv.bias", [3 * width])
        }
        qkv = try loader.linear(key + ".qkv", width, 3 * width, bias: bias)
        projection = try loader.linear(key + ".proj", width, width)
    }

    /// normed [count*tokens, width] is overwritten with the heads' outputs, for the projection.
    func forward(
        _ normed: UnsafeMutablePointer<Float>, count: Int, tokens: Int, scratch: BlockScratch, kernels: Kernels
    ) {
        kernels.linear(qkv, normed, rows: count * tokens, into: scratch.wide)
        kernels.attention(
            qkv: scratch.wide, into: normed, scratch: scratch.scores, count: count, tokens: tokens,
            heads: config.numHeads, dim: config.headWidth, scale: Float(config.attentionScale))
    }
}
