/// The tokens of up to `capacity` galaxies in memory: of each, a class token and its visible patches' tokens. The same
/// for every block of a stack.
struct TokenLayout: Sendable {
    /// Channels of a token.
    let width: Int
    /// Visible patches and the class token.
    let tokens: Int
    /// Starts of the visible patches within the galaxies' images. A workspace with a mask rewrites them before each
    /// pass.
    let patchRows: OffsetTable
    /// Starts of the patch tokens within [tokens, width].
    let tokenRows: OffsetTable
    /// Maps of the patch tokens for the blocks' convolutions; nil for blocks without these.
    let maps: TokenMaps?

    /// The encoder's layout, at first with the first `visible` patches.
    init(_ config: EncoderConfig, visible: Int, capacity: Int) {
        width = config.width
        tokens = visible + 1
        let starts = (0..<visible).map(config.patchStart)
        patchRows = OffsetTable(starts, repeated: capacity, stride: config.imageCount)
        tokenRows = OffsetTable(
            (1...visible).map { [width] in $0 * width }, repeated: capacity, stride: tokens * width)
        maps = config.parallelConvolution.map {
            TokenMaps(side: visible.squareRoot, width: config.width, $0, capacity: capacity)
        }
    }

    /// The layout of plain blocks over `tokens` tokens that are not read from images.
    init(width: Int, tokens: Int) {
        (self.width, self.tokens) = (width, tokens)
        (patchRows, tokenRows, maps) = (OffsetTable([]), OffsetTable([]), nil)
    }

    /// x [count, tokens, width] -> [count, tokens - 1, width], in place.
    /// - Parameter rowWidth: floats of a row, where they are not `width`.
    func removeClassTokens(_ x: UnsafeMutablePointer<Float>, count: Int, width rowWidth: Int? = nil) {
        let width = rowWidth ?? width
        let patches = (tokens - 1) * width
        for galaxy in 0..<count {
            (x + galaxy * patches).update(from: x + galaxy * tokens * width + width, count: patches)
        }
    }

    /// The mean over each galaxy's patch tokens -> means [count, channels].
    /// - Parameter x: [count, tokens, channels], or [count, tokens - 1, channels] without class tokens.
    func patchMeans(
        _ x: UnsafePointer<Float>, into means: UnsafeMutablePointer<Float>, count: Int, channels: Int,
        hasClassTokens: Bool, _ kernels: Kernels
    ) {
        let patches = tokens - 1
        let (rows, first) = hasClassTokens ? (tokens, 1) : (patches, 0)
        for galaxy in 0..<count {
            kernels.meanRows(
                x + (galaxy * rows + first) * channels, into: means + galaxy * channels, rows: patches, width: channels)
        }
    }
}

/// The patch tokens of up to `capacity` galaxies as square maps with the zero borders that convolutions need.
struct TokenMaps: Sendable {
    /// Floats of one galaxy's padded tokens and padded hidden map.
    let tokenMapCount: Int
    let hiddenMapCount: Int
    /// Interior of the padded copies of the tokens and of the hidden map, the windows on them, and a window's taps.
    let tokenInterior: OffsetTable
    let tokenWindows: OffsetTable
    let tokenTaps: OffsetTable
    let hiddenInterior: OffsetTable
    let hiddenWindows: OffsetTable
    let hiddenTaps: OffsetTable

    init(side: Int, width: Int, _ module: EncoderConfig.ParallelConvolution, capacity: Int) {
        let padding = (module.kernel - 1) / 2
        let token = MapGeometry(side: side, padding: padding, channels: width)
        let hidden = MapGeometry(side: side, padding: padding, channels: module.hidden)
        (tokenMapCount, hiddenMapCount) = (token.count, hidden.count)
        tokenInterior = OffsetTable(token.interior(), repeated: capacity, stride: token.count)
        tokenWindows = OffsetTable(token.windows(), repeated: capacity, stride: token.count)
        hiddenInterior = OffsetTable(hidden.interior(), repeated: capacity, stride: hidden.count)
        hiddenWindows = OffsetTable(hidden.windows(), repeated: capacity, stride: hidden.count)
        tokenTaps = token.kernelTaps()
        hiddenTaps = hidden.kernelTaps()
    }
}

/// What a stack of blocks computes of its last block's tokens. With less than all of them, class tokens are only keys and
/// values of the last block's attention.
enum TokenOutput {
    /// [count, tokens, width]
    case tokens
    /// [count, tokens - 1, width]
    case patchTokens
    /// The mean over the patch tokens, [count, width], written here. The last Linear layer is applied to the mean of its
    /// inputs; the tokens themselves are not computed.
    case patchMean(UnsafeMutablePointer<Float>)

    var hasClassTokens: Bool {
        if case .tokens = self { true } else { false }
    }
}

extension EncoderConfig {
    /// Offset of a patch's first pixel in an image [bands, size, size].
    func patchStart(_ patch: Int) -> Int { (patch / grid * imageSize + patch % grid) * patchSize }
}

extension Int {
    /// The square root, rounded down.
    var squareRoot: Int { Int(Double(self).squareRoot()) }
}
