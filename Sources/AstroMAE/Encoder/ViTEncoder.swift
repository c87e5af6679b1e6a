import Platform

/// The encoder: patch embed and blocks, over all patches or the visible ones.
struct ViTEncoder: Sendable {
    static let rules =
        EncoderBlock.rules("blocks") + CheckpointRules(layers: [("patch_embed.proj", .patches)])

    let config: EncoderConfig
    private let patchEmbed: PatchEmbed
    private let blocks: [EncoderBlock]

    init(_ loader: LayerLoader, _ config: EncoderConfig) throws(Failure) {
        self.config = config
        patchEmbed = try PatchEmbed(loader, config)
        blocks = try loader.blocks("blocks", config.block, depth: config.depth)
    }

    /// Floats of one galaxy's padded maps in the blocks: of tokens, and hidden.
    func paddedCounts(_ layout: TokenLayout) -> (tokens: Int, hidden: Int) {
        let counts = blocks.map { $0.paddedCounts(layout) }
        return (counts.map(\.tokens).max() ?? 0, counts.map(\.hidden).max() ?? 0)
    }

    /// images [count, bands, size, size] -> x [count, tokens, width], or [count, tokens - 1, width] without class
    /// tokens.
    /// - Parameters:
    ///   - visible: see `PatchEmbed.forward`.
    ///   - leavingClassTokens: whether class tokens are dropped after the last block's attention. With a recorder they
    ///     are dropped after the block; the patch tokens' bits are the same.
    func forward(
        _ images: UnsafePointer<Float>, into x: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout,
        visible: UnsafePointer<Int32>? = nil, leavingClassTokens: Bool, _ pass: BlockPass
    ) {
        patchEmbed.forward(images, into: x, count: count, layout: layout, visible: visible, pass)
        blocks.forward(x, count: count, layout: layout, leavingClassTokens: leavingClassTokens, pass)
    }
}

extension LayerLoader {
    /// The blocks `key.0`, `key.1`, ...
    func blocks(_ key: String, _ config: BlockConfig, depth: Int) throws(Failure) -> [EncoderBlock] {
        var blocks: [EncoderBlock] = []
        for index in 0..<depth { blocks.append(try EncoderBlock(self, "\(key).\(index)", config)) }
        return blocks
    }
}

extension [EncoderBlock] {
    /// x [count, tokens, width] through all blocks, in place; see `ViTEncoder.forward`.
    func forward(
        _ x: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout, leavingClassTokens: Bool,
        _ pass: BlockPass
    ) {
        for (index, block) in enumerated() {
            block.forward(
                x, count: count, layout: layout,
                leavingClassTokens: leavingClassTokens && pass.stages == nil && index == self.count - 1, pass)
        }
        if leavingClassTokens, pass.stages != nil { layout.removeClassTokens(x, count: count) }
    }
}
