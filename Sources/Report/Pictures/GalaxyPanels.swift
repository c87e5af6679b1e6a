/// A galaxy and its reconstruction, side by side in colour and in each band.
public struct GalaxyPanels: Sendable {
    private let bands: Int
    private let side: Int
    private let patchSide: Int
    private let image: [Float]
    private let reconstruction: [Float]
    private let isHidden: [Bool]
    private let names: [String]
    private let noise: [Double]

    private static let gap = 2
    /// Red, green and blue are i, r and g (Lupton et al. 2004).
    private static let colours = ["i", "r", "g"]
    private static let hidden: [UInt8] = [92, 92, 100]
    /// A residual of this many times the noise has the full colour.
    private static let residualRange = 8.0

    /// - Parameters:
    ///   - image, reconstruction: [bands, side, side]
    ///   - isHidden: of each patch, row by row, whether it was hidden in the masked picture.
    ///   - names: of the bands.
    ///   - noise: of each band's pixels: the residuals' unit.
    public init(
        side: Int, image: [Float], reconstruction: [Float], isHidden: [Bool], names: [String], noise: [Double]
    ) {
        let grid = Int(Double(isHidden.count).squareRoot().rounded())
        precondition(
            image.count == names.count * side * side && reconstruction.count == image.count
                && noise.count == names.count && grid > 0 && side % grid == 0, "panels of one galaxy")
        bands = names.count
        (self.side, patchSide) = (side, side / grid)
        (self.image, self.reconstruction, self.isHidden) = (image, reconstruction, isHidden)
        (self.names, self.noise) = (names, noise)
    }

    /// The headings of the columns.
    public var heads: [String] { (colourBands == nil ? [] : ["i r g"]) + names }

    /// Original, masked, reconstruction, residual.
    public var rows: [PagePicture.Row] {
        let bandStretches = (0..<bands).map { AsinhStretch(Array(image[$0 * side * side..<($0 + 1) * side * side])) }
        let colourStretch = AsinhStretch(
            colourBands.map { bands in
                (0..<side * side).map { place in bands.reduce(0) { $0 + image[$1 * side * side + place] } / 3 }
            } ?? [])
        func picture(_ values: [Float], isMasked: Bool) -> PNG {
            strip { column, place in
                if isMasked, isHidden[patch(place)] { return Self.hidden }
                if let colourBands, column == 0 {
                    let parts = colourBands.map { values[$0 * side * side + place] }
                    return colourStretch.colour(parts[0], parts[1], parts[2])
                }
                let band = column - (colourBands == nil ? 0 : 1)
                return bandStretches[band].grey(values[band * side * side + place])
            }
        }
        return [
            PagePicture.Row(title: "original", image: picture(image, isMasked: false)),
            PagePicture.Row(title: "masked", image: picture(image, isMasked: true)),
            PagePicture.Row(title: "reconstruction", image: picture(reconstruction, isMasked: false)),
            PagePicture.Row(title: "residual", image: residuals),
        ]
    }

    /// Original minus reconstruction: red where the original is brighter, blue where it is fainter. 0 where either is
    /// NaN.
    private var residuals: PNG {
        func difference(_ band: Int, _ place: Int) -> Double {
            let index = band * side * side + place
            let unit = noise[band] > 0 ? noise[band] * Self.residualRange : 1
            let value = (Double(image[index]) - Double(reconstruction[index])) / unit
            return value.isNaN ? 0 : max(-1, min(1, value))
        }
        return strip { column, place in
            if let colourBands, column == 0 {
                return colourBands.map { AsinhStretch.byte(0.5 + difference($0, place) / 2) }
            }
            let value = difference(column - (colourBands == nil ? 0 : 1), place)
            let rest = 1 - abs(value)
            return (value > 0 ? [1, rest, rest] : [rest, rest, 1]).map { AsinhStretch.byte($0) }
        }
    }

    /// The indices of i, r and g among the bands; nil where one is missing.
    private var colourBands: [Int]? {
        let places = Self.colours.compactMap { names.firstIndex(of: $0) }
        return places.count == 3 ? places : nil
    }

    private func patch(_ place: Int) -> Int { place / side / patchSide * (side / patchSide) + place % side / patchSide }

    /// A row of panels.
    /// - Parameter colour: of a column's pixel.
    private func strip(_ colour: (Int, Int) -> [UInt8]) -> PNG {
        let columns = heads.count
        let width = columns * side + (columns - 1) * Self.gap
        var pixels: [UInt8] = []
        for row in 0..<side {
            for column in 0..<columns {
                if column > 0 { pixels += [UInt8](repeating: 0, count: 4 * Self.gap) }
                for pixel in 0..<side { pixels += colour(column, row * side + pixel) + [255] }
            }
        }
        return PNG(width: width, height: side, pixels: pixels)
    }
}

/// Names of bands.
public enum BandNames {
    /// - Parameter letters: of the bands; they are numbered instead where there are not as many.
    public static func names(_ count: Int, _ letters: String = "ugriz") -> [String] {
        count == letters.count ? letters.map(String.init) : (0..<count).map { "band\($0)" }
    }
}
