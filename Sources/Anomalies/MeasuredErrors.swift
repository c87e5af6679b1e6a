import Inference
import Platform

/// The measurements of one galaxy as a row of floats: errors [patches, bands], power [patches, bands], noise [bands], flux
/// [bands], magnitudes [bands] and the loss.
private struct ErrorRow {
    let patches: Int
    let bands: Int
    let count: Int

    init(_ model: ArrayModel) {
        (patches, bands, count) = (model.patches, model.imageShape[0], model.measurementCount)
    }

    func row(_ errors: PatchErrors, _ galaxy: Int) -> [Float] {
        var row: [Float] = []
        for (values, size) in [
            (errors.errors, patches * bands), (errors.power, patches * bands), (errors.noise, bands),
            (errors.flux, bands),
        ] {
            row += values[galaxy * size..<(galaxy + 1) * size]
        }
        if let magnitudes = errors.magnitudes {
            row += magnitudes[galaxy * bands..<(galaxy + 1) * bands]
        } else {
            row += repeatElement(.nan, count: bands)
        }
        row.append(errors.losses[galaxy])
        return row
    }

    /// One part of all rows.
    func column(_ rows: [Float], from start: Int, _ size: Int) -> [Float] {
        stride(from: start, to: rows.count, by: count).flatMap { rows[$0..<$0 + size] }
    }

    func errors(_ rows: [Float], grid: Int, pixels: Int, hasMagnitudes: Bool) -> ReconstructionErrors {
        let size = patches * bands
        return ReconstructionErrors(
            grid: grid, bands: bands, pixels: pixels, errors: column(rows, from: 0, size),
            power: column(rows, from: size, size), noise: column(rows, from: 2 * size, bands),
            flux: column(rows, from: 2 * size + bands, bands),
            magnitudes: hasMagnitudes ? column(rows, from: 2 * size + 2 * bands, bands) : nil)
    }
}

extension ArrayModel {
    /// The options of `scoreRows`.
    public static let scoreKeys: Set<CallOptions.CodingKeys> = [.brightness]

    /// Measures the errors of reconstructions, for `scoreRows`.
    /// - Parameter rows: [N, measurementCount], the last of a galaxy is its loss.
    /// - Returns: flags [N]: where a galaxy has any, its measurements are NaN.
    public func measureErrors(
        _ galaxies: GalaxyArrays, into rows: CallerRows, _ options: CallOptions
    ) throws(Failure) -> [UInt8] {
        let layout = ErrorRow(self)
        let rows = try rows.rows(galaxies.count, of: layout.count)
        let errors = try patchErrors(galaxies, options)
        for galaxy in 0..<galaxies.count { try rows.write(layout.row(errors, galaxy).span, at: galaxy) }
        return errors.flags.map(\.rawValue)
    }

    /// Scores all galaxies: the numbers of `cai anomalies`.
    /// - Parameter rows: of `measureErrors`.
    /// - Returns: [N, 3 + bands]: score, ratio of errors to expected ones, signal to noise, and the score of each band,
    ///   negative where its errors are lower than expected. NaN for a galaxy without a score.
    /// - Throws: `Failure` for another size.
    public func scoreRows(_ rows: [Float], _ options: CallOptions) throws(Failure) -> [Double] {
        let layout = ErrorRow(self)
        guard rows.count.isMultiple(of: layout.count) else {
            throw Failure("measurements: expected rows of \(layout.count) floats, found \(rows.count)")
        }
        let brightness =
            try options.choice(options.brightness, .brightness, AnomalyScores.Brightness.self) ?? .image
        let errors = layout.errors(
            rows, grid: grid, pixels: imageShape[1] * imageShape[2], hasMagnitudes: brightness == .catalogue)
        let none = [Double](repeating: .nan, count: layout.bands)
        return zip(AnomalyScores(errors, brightness: brightness).scores, errors.signalToNoise).flatMap { score, ratio in
            [score?.score ?? .nan, score?.errorRatio ?? .nan, ratio] + (score?.bands ?? none)
        }
    }
}
