import Platform

/// ViTAE's parallel convolution module (Xu et al. 2021): the patch tokens as a square map through
/// conv, BatchNorm, SiLU, conv, both convolutions grouped. The BatchNorm is folded into the first.
///
/// Groups of four channels under a 1x1 kernel, the usual case, have a dedicated kernel; otherwise each group runs as a
/// convolution over a part of the channels. Both give the same bits.
struct ParallelConvModule: Sendable {
    private enum Weights: Sendable {
        case quads(QuadConvolution)
        case grouped(GroupedConvolution)
    }

    private let weights: Weights

    init(
        _ loader: LayerLoader, _ key: String, _ module: EncoderConfig.ParallelConvolution, width: Int
    ) throws(Failure) {
        let (groups, kernel) = (module.groups, module.kernel)
        let expand = try loader.convolution(
            .parallelConvolution, key + ".0", foldedWith: key + ".1", width / groups, module.hidden, kernel: kernel)
        let reduce = try loader.convolution(
            .parallelConvolution, key + ".3", module.hidden / groups, width, kernel: kernel)
        if let quads = try QuadConvolution(expand, reduce, groups: groups) {
            weights = .quads(quads)
        } else {
            weights = .grouped(try GroupedConvolution(expand, reduce, groups: groups))
        }
    }

    /// Floats of one galaxy's padded maps: of tokens, and hidden. Quads keep hidden units in registers.
    func paddedCounts(_ layout: TokenLayout) -> (tokens: Int, hidden: Int) {
        guard case .grouped(let groups) = weights, let maps = layout.maps else { return (0, 0) }
        return (groups.padsTokens ? maps.tokenMapCount : 0, maps.hiddenMapCount)
    }

    /// x [count, tokens, width], without its class tokens -> out [count*(tokens-1), width]
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout,
        _ pass: BlockPass
    ) {
        let rows = count * (layout.tokens - 1)
        switch weights {
        case .quads(let quads):
            pass.kernels.quadConvolution(quads, x, rows: rows, xRows: layout.tokenRows, into: out)
        case .grouped(let groups):
            guard let maps = layout.maps else { return }
            groups.forward(x, into: out, rows: rows, layout: layout, maps: maps, pass)
        }
    }
}
