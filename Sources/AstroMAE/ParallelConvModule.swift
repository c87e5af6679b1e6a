/// ViTAE's parallel convolution module (Xu et al. 2021): the patch tokens as a square map through
/// conv, BatchNorm, SiLU, conv, both convolutions grouped. The BatchNorm is folded into the first.
///
/// Groups of four channels under a 1x1 kernel, the usual case, have a kernel of their own; all others run each group
/// as a convolution over a part of the channels. Both give the same bits.
struct ParallelConvModule: Sendable {
    private enum Weights: Sendable {
        case quads(QuadConvolution)
        case grouped(GroupedConvolution)
    }

    private let weights: Weights
    private let layout: PatchLayout

    init(
        _ loader: LayerLoader, _ key: String, _ module: ModelConfig.ParallelConvolution, layout: PatchLayout
    ) throws(CheckpointError) {
        self.layout = layout
        let (width, groups, kernel) = (loader.config.width, module.groups, module.kernel)
        let expand = try loader.convolution(
            key + ".0", foldedWith: key + ".1", width / groups, module.hidden, kernel: kernel)
        let reduce = try loader.convolution(key + ".3", module.hidden / groups, width, kernel: kernel)
        if let quads = QuadConvolution(expand, reduce, groups: groups) {
            weights = .quads(quads)
        } else {
            weights = .grouped(GroupedConvolution(expand, reduce, groups: groups))
        }
    }

    /// Floats of one galaxy's padded maps: of tokens, and hidden. Quads keep what is hidden in registers.
    var paddedTokenCount: Int {
        if case .grouped(let groups) = weights, groups.padsTokens { layout.tokenMapCount } else { 0 }
    }
    var paddedHiddenCount: Int {
        if case .grouped = weights { layout.hiddenMapCount } else { 0 }
    }

    /// x [count, tokens, width], class tokens left out -> out [count*(tokens-1), width]
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int, scratch: BlockScratch,
        kernels: Kernels
    ) {
        let rows = count * (layout.tokens - 1)
        switch weights {
        case .quads(let quads):
            kernels.quadConvolution(quads, x, rows: rows, xRows: layout.tokenRows, into: out)
        case .grouped(let groups):
            groups.forward(x, into: out, rows: rows, layout: layout, scratch: scratch, kernels: kernels)
        }
    }
}

/// Where the patch tokens of up to `capacity` galaxies lie, as tokens and as maps: the same for every block.
struct PatchLayout: Sendable {
    let width: Int
    let tokens: Int
    /// Floats of one galaxy's padded tokens and padded hidden map.
    let tokenMapCount: Int
    let hiddenMapCount: Int
    /// Patch tokens within [tokens, width].
    let tokenRows: OffsetTable
    /// Interior of the padded copies of the tokens and of the hidden map, the windows on them, and a window's taps.
    let tokenInterior: OffsetTable
    let tokenWindows: OffsetTable
    let tokenTaps: OffsetTable
    let hiddenInterior: OffsetTable
    let hiddenWindows: OffsetTable
    let hiddenTaps: OffsetTable

    init(_ config: ModelConfig, _ module: ModelConfig.ParallelConvolution, capacity: Int) {
        let padding = (module.kernel - 1) / 2
        let token = MapGeometry(side: config.grid, padding: padding, channels: config.width)
        let hidden = MapGeometry(side: config.grid, padding: padding, channels: module.hidden)
        (width, tokens) = (config.width, config.tokens)
        (tokenMapCount, hiddenMapCount) = (token.count, hidden.count)
        tokenRows = OffsetTable(
            (1..<config.tokens).map { $0 * config.width }, repeated: capacity,
            stride: config.tokens * config.width)
        tokenInterior = OffsetTable(token.interior(), repeated: capacity, stride: token.count)
        tokenWindows = OffsetTable(token.windows(), repeated: capacity, stride: token.count)
        hiddenInterior = OffsetTable(hidden.interior(), repeated: capacity, stride: hidden.count)
        hiddenWindows = OffsetTable(hidden.windows(), repeated: capacity, stride: hidden.count)
        tokenTaps = token.kernelTaps()
        hiddenTaps = hidden.kernelTaps()
    }
}
