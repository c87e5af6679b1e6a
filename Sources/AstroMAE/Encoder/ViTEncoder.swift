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

    /// images [count, bands, size, size] -> `output`; x [count, tokens, width] is overwritten.
    /// - Parameter visible: see `PatchEmbed.forward`.
    func forward(
        _ images: UnsafePointer<Float>, into x: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout,
        visible: UnsafePointer<Int32>? = nil, output: TokenOutput, _ pass: BlockPass
    ) {
        patchEmbed.forward(images, into: x, count: count, layout: layout, visible: visible, pass)
        blocks.forward(x, count: count, layout: layout, output: output, pass)
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
    /// x [count, tokens, width] through all blocks, in place -> `output`. With a recorder class tokens are removed after
    /// the last block; the bits are the same.
    func forward(
        _ x: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout, output: TokenOutput, _ pass: BlockPass
    ) {
        for (index, block) in enumerated() {
            block.forward(
                x, count: count, layout: layout, output: index == self.count - 1 ? output : .tokens, pass)
        }
        if case .patchTokens = output, pass.stages != nil { layout.removeClassTokens(x, count: count) }
    }
}
