/// Colours of galaxies' panels, as red, green, blue and opacity. Residuals are drawn over the page's background, light or
/// dark: no residual is transparent.
enum PanelColours {
    /// A hidden patch of a masked panel.
    static let hidden: [UInt8] = [92, 92, 100, 255]
    /// A residual of this many times the noise has the full colour.
    static let residualRange = 8.0
    private static let positive: [UInt8] = [224, 94, 20]
    private static let negative: [UInt8] = [36, 132, 212]

    /// Orange where the original is brighter, blue where it is fainter.
    /// - Parameter value: in units of the noise.
    static func residual(_ value: Double) -> [UInt8] {
        (value > 0 ? positive : negative) + [AsinhStretch.byte(min(1, abs(value) / residualRange))]
    }

    /// Hatching, for pixels without a residual.
    static func unknown(_ row: Int, _ column: Int) -> [UInt8] {
        (row + column).isMultiple(of: 4) ? [128, 128, 128, 190] : [128, 128, 128, 30]
    }

    /// The legend of pages with panels.
    static var scales: [PictureScale] {
        func bar(_ width: Int, _ height: Int = 1, _ colour: (_ row: Int, _ column: Int) -> [UInt8]) -> PNG {
            PNG(
                width: width, height: height,
                pixels: (0..<width * height).flatMap { colour($0 / width, $0 % width) })
        }
        let steps = 129
        let middle = Double(steps - 1) / 2
        let range = "\(Int(residualRange))"
        return [
            PictureScale(
                title:
                    "brightness: asinh stretch, about linear below \(Int(AsinhStretch.kneeNoise))\u{3C3} of the noise; white "
                    + "is the band's brightest pixel",
                image: bar(steps) { _, column in
                    let level = AsinhStretch.byte(Double(column) / Double(steps - 1))
                    return [level, level, level, 255]
                }, values: ["0", "brightest"]),
            PictureScale(
                title: "residual: original \u{2212} reconstruction, in \u{3C3} of the pixels' noise",
                image: bar(steps) { _, column in residual(residualRange * (Double(column) / middle - 1)) },
                values: ["\u{2264} \u{2212}" + range, "0", "\u{2265} " + range]),
            PictureScale(
                title: "no residual: the patch was never hidden, or the pixel is not finite",
                image: bar(24, 8, unknown), values: []),
            PictureScale(title: "hidden in the first pass", image: bar(24, 8) { _, _ in hidden }, values: []),
        ]
    }
}

/// Three bands in colour: their mean is stretched, and levels are divided by the largest of all pixels, so that none
/// exceeds white.
struct ColourStretch {
    private let stretch: AsinhStretch
    private let most: Double

    /// - Parameters:
    ///   - images: that share the stretch: each the pixels of its red, green and blue.
    ///   - noise: of the mean of the three.
    init(_ images: [[ArraySlice<Float>]], noise: Double) {
        func pixels(_ image: [ArraySlice<Float>]) -> [(Float, Float, Float)] {
            guard image.count == 3 else { return [] }
            return zip(zip(image[0], image[1]), image[2]).map { ($0.0, $0.1, $1) }
        }
        let all = images.flatMap(pixels)
        let stretch = AsinhStretch(all.map { (max(0, $0.0) + max(0, $0.1) + max(0, $0.2)) / 3 }, noise: noise)
        most = all.reduce(1) { max($0, stretch.levels($1.0, $1.1, $1.2).max() ?? 0) }
        self.stretch = stretch
    }

    func colour(_ red: Float, _ green: Float, _ blue: Float) -> [UInt8] {
        stretch.levels(red, green, blue).map { AsinhStretch.byte($0 / most) }
    }
}

extension GalaxyPanels {
    /// The meaning of the panels' colours.
    public static var scales: [PictureScale] { PanelColours.scales }
}
