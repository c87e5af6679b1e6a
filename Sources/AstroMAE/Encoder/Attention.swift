import Platform

/// Multi-head self-attention (Vaswani et al. 2017) over the tokens of each galaxy, and the projection that follows.
struct Attention: Sendable {
    private let qkv: PackedMatrix
    /// Runs after `forward`; the caller adds its output to the residual connection.
    let projection: PackedMatrix
    private let config: BlockConfig

    /// `NormalCell` has separate biases for q and v and none for k; timm's `Block` has one bias for all three.
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
        qkv = try loader.linear(.qkv, key + ".qkv", width, 3 * width, bias: bias)
        projection = try loader.linear(.projection, key + ".proj", width, width)
    }

    /// The heads' outputs, the projection's input, in the scratch memory's normed.
    /// - Parameter normed: [count*tokens, width], may be in the same memory.
    func forward(_ normed: Operand, count: Int, tokens: Int, _ pass: BlockPass) -> Operand {
        let scratch = pass.scratch
        pass.kernels.linear(qkv, normed, rows: count * tokens, into: scratch.wide)
        return pass.kernels.attention(
            qkv: scratch.wide, into: scratch.normed, scratch: scratch.scores, count: count, tokens: tokens,
            heads: config.numHeads, dim: config.headWidth, scale: Float(config.attentionScale))
    }
}
