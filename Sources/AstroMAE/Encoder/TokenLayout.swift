/// Where the tokens of up to `capacity` galaxies lie: a class token and as many patch tokens as are visible. The same
/// for every block of a stack.
struct TokenLayout: Sendable {
    /// Channels of a token.
    let width: Int
    /// Visible patches and the class token.
    let tokens: Int
    /// Starts of the visible patches within the galaxies' images; where which they are changes, whoever holds the layout
    /// alone writes them.
    let patchRows: OffsetTable
    /// Patch tokens within [tokens, width].
    let tokenRows: OffsetTable
    /// For the convolutions over them; nil where blocks have none.
    let maps: TokenMaps?

    /// The encoder's, with the first `visible` patches to begin with.
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

    /// Of plain blocks over `tokens` tokens that come from no image.
    init(width: Int, tokens: Int) {
        (self.width, self.tokens) = (width, tokens)
        (patchRows, tokenRows, maps) = (OffsetTable([]), OffsetTable([]), nil)
    }

    /// x [count, tokens, width] -> [count, tokens - 1, width], in place.
    func removeClassTokens(_ x: UnsafeMutablePointer<Float>, count: Int) {
        let patches = (tokens - 1) * width
        for galaxy in 0..<count {
            (x + galaxy * patches).update(from: x + galaxy * tokens * width + width, count: patches)
        }
    }
}

/// The patch tokens of up to `capacity` galaxies as square maps with the borders that convolutions need.
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

extension EncoderConfig {
    /// Where a patch's first pixel lies in an image [bands, size, size].
    func patchStart(_ patch: Int) -> Int { (patch / grid * imageSize + patch % grid) * patchSize }
}

extension Int {
    /// The largest number whose square is not above it.
    var squareRoot: Int { Int(Double(self).squareRoot()) }
}
