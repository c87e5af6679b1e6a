/// A galaxy and its reconstruction, side by side in colour and in each band.
public struct GalaxyPanels: Sendable {
    private let bands: Int
    private let side: Int
    private let patchSide: Int
    private let image: [Float]
    private let reconstruction: [Float]
    private let isHidden: [Bool]
    private let isReconstructed: [Bool]
    private let names: [String]
    private let noise: [Double]

    private static let gap = 2
    /// Red, green and blue are i, r and g (Lupton et al. 2004).
    private static let colours = ["i", "r", "g"]

    /// - Parameters:
    ///   - image, reconstruction: [bands, side, side]
    ///   - isHidden: of each patch, row by row, whether it was hidden in the masked picture.
    ///   - isReconstructed: of each patch, whether any pass hid it; the others have no residual.
    ///   - names: of the bands.
    ///   - noise: of each band's pixels: the residuals' unit.
    public init(
        side: Int, image: [Float], reconstruction: [Float], isHidden: [Bool], isReconstructed: [Bool], names: [String],
        noise: [Double]
    ) {
        let grid = Int(Double(isHidden.count).squareRoot().rounded())
        precondition(
            image.count == names.count * side * side && reconstruction.count == image.count
                && noise.count == names.count && isReconstructed.count == isHidden.count && grid > 0
                && side % grid == 0,
            "panels of one galaxy")
        bands = names.count
        (self.side, patchSide) = (side, side / grid)
        (self.image, self.reconstruction) = (image, reconstruction)
        (self.isHidden, self.isReconstructed) = (isHidden, isReconstructed)
        (self.names, self.noise) = (names, noise)
    }

    /// The headings of the columns.
    public var heads: [String] { (colourBands == nil ? [] : ["i r g"]) + names }

    /// Original, masked, reconstruction, residual.
    public var rows: [PagePicture.Row] {
        let stretches = (0..<bands).map { band in
            let range = band * side * side..<(band + 1) * side * side
            return AsinhStretch([image[range], reconstruction[range]].joined(), noise: noise[band])
        }
        let colour = colourBands.map { bands in
            ColourStretch(
                [image, reconstruction].map { values in bands.map { values[$0 * side * side..<($0 + 1) * side * side] }
                },
                noise: (bands.reduce(0) { $0 + noise[$1] * noise[$1] }).squareRoot() / 3)
        }
        func picture(_ values: [Float], isMasked: Bool) -> PNG {
            strip { column, pixel in
                if isMasked, isHidden[patch(pixel)] { return PanelColours.hidden }
                if let colour, let colourBands, column == 0 {
                    let parts = colourBands.map { values[$0 * side * side + pixel] }
                    return colour.colour(parts[0], parts[1], parts[2]) + [255]
                }
                let band = column - (colourBands == nil ? 0 : 1)
                return stretches[band].grey(values[band * side * side + pixel]) + [255]
            }
        }
        return [
            PagePicture.Row(title: "original", image: picture(image, isMasked: false)),
            PagePicture.Row(title: "masked", image: picture(image, isMasked: true)),
            PagePicture.Row(title: "reconstruction", image: picture(reconstruction, isMasked: false)),
            PagePicture.Row(title: "residual", image: residuals),
        ]
    }

    /// Original minus reconstruction in units of the noise; in the column of colours the mean of its bands.
    private var residuals: PNG {
        func difference(_ band: Int, _ pixel: Int) -> Double {
            let index = band * side * side + pixel
            let difference = Double(image[index]) - Double(reconstruction[index])
            return noise[band] > 0 ? difference / noise[band] : difference * PanelColours.residualRange
        }
        return strip { column, pixel in
            guard isReconstructed[patch(pixel)] else { return PanelColours.unknown(pixel / side, pixel % side) }
            let value =
                if let colourBands, column == 0 {
                    colourBands.reduce(0) { $0 + difference($1, pixel) } / Double(colourBands.count)
                } else {
                    difference(column - (colourBands == nil ? 0 : 1), pixel)
                }
            return value.isNaN
                ? PanelColours.unknown(pixel / side, pixel % side) : PanelColours.residual(value)
        }
    }

    /// The indices of i, r and g among the bands; nil where one is missing.
    private var colourBands: [Int]? {
        let indices = Self.colours.compactMap { names.firstIndex(of: $0) }
        return indices.count == 3 ? indices : nil
    }

    private func patch(_ pixel: Int) -> Int { pixel / side / patchSide * (side / patchSide) + pixel % side / patchSide }

    /// A row of panels.
    /// - Parameter colour: of a column's pixel, with its opacity.
    private func strip(_ colour: (Int, Int) -> [UInt8]) -> PNG {
        let columns = heads.count
        let width = columns * side + (columns - 1) * Self.gap
        var pixels: [UInt8] = []
        for row in 0..<side {
            for column in 0..<columns {
                if column > 0 { pixels += [UInt8](repeating: 0, count: 4 * Self.gap) }
                for pixel in 0..<side { pixels += colour(column, row * side + pixel) }
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
