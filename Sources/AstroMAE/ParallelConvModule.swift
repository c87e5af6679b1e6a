import CKernels

/// ViTAE's parallel convolution module (Xu et al. 2021): the patch tokens as a square map through
/// conv, BatchNorm, SiLU, conv, both convolutions grouped. The BatchNorm is folded into the first.
///
/// Each group is a small convolution of its own over a part of the channels, read and written in place.
struct ParallelConvModule: Sendable {
    private let expand: [PackedMatrix]
    private let reduce: [PackedMatrix]
    private let config: ModelConfig.ParallelConvolution
    private let layout: Layout

    /// Tables for `capacity` galaxies, the same for every block.
    struct Layout: Sendable {
        /// Patch tokens within [tokens, width], read directly by a 1x1 kernel.
        let tokenRows: OffsetTable
        /// Interior of the padded copies of the tokens and of the hidden map, and the windows on them.
        let tokenInterior: OffsetTable
        let tokenWindows: OffsetTable
        let tokenTaps: OffsetTable
        let hiddenInterior: OffsetTable
        let hiddenWindows: OffsetTable
        let hiddenTaps: OffsetTable
        let tokenMap: MapGeometry
        let hiddenMap: MapGeometry
        let width: Int
        let tokens: Int

        init(_ config: ModelConfig, _ module: ModelConfig.ParallelConvolution, capacity: Int) {
            let padding = (module.kernel - 1) / 2
            let token = MapGeometry(side: config.grid, padding: padding, channels: config.width)
            let hidden = MapGeometry(side: config.grid, padding: padding, channels: module.hidden)
            (tokenMap, hiddenMap) = (token, hidden)
            (width, tokens) = (config.width, config.tokens)
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

    init(
        _ loader: LayerLoader, _ key: String, _ module: ModelConfig.ParallelConvolution, layout: Layout
    ) throws(CheckpointError) {
        config = module
        self.layout = layout
        let (width, groups, kernel) = (loader.config.width, module.groups, module.kernel)
        expand = try loader.convolution(
            key + ".0", foldedWith: key + ".1", width / groups, module.hidden, kernel: kernel
        ).packedGroups(groups)
        reduce = try loader.convolution(key + ".3", module.hidden / groups, width, kernel: kernel)
            .packedGroups(groups)
    }

    /// x [count, tokens, width], class tokens left out -> out [count*(tokens-1), width]
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int, scratch: BlockScratch,
        kernels: Kernels
    ) {
        let (width, hidden) = (layout.width, config.hidden)
        let rows = count * (layout.tokens - 1)
        var (input, inputRows) = (x, layout.tokenRows)
        if config.kernel > 1 {
            for row in 0..<rows {
                (scratch.paddedTokens + Int(layout.tokenInterior.base[row]))
                    .update(from: x + Int(layout.tokenRows.base[row]), count: width)
            }
            (input, inputRows) = (UnsafePointer(scratch.paddedTokens), layout.tokenWindows)
        }
        let (groupIn, groupHidden) = (width / config.groups, hidden / config.groups)
        for group in 0..<config.groups {
            kernels.convolution(
                expand[group], input + group * groupIn, rows: rows, aRows: inputRows, aRuns: layout.tokenTaps,
                into: scratch.paddedHidden + group * groupHidden, cRows: layout.hiddenInterior, CAI_SILU)
        }
        for group in 0..<config.groups {
            kernels.convolution(
                reduce[group], scratch.paddedHidden + group * groupHidden, rows: rows, aRows: layout.hiddenWindows,
                aRuns: layout.hiddenTaps, into: out + group * groupIn, stride: width)
        }
    }
}

extension DenseWeights {
    /// Each group's outputs as a matrix of their own.
    func packedGroups(_ groups: Int) -> [PackedMatrix] {
        let reordered = channelsLast()
        let (each, length) = (outputs / groups, inputs * kernel * kernel)
        return (0..<groups).map { group in
            let first = group * each
            return DenseWeights(
                weight: Array(reordered.weight[first * length..<(first + each) * length]),
                bias: Array(bias[first..<first + each]), inputs: inputs, kernel: kernel
            ).packed()
        }
    }
}
