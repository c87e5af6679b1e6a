import Anomalies
import Inference
import Platform

/// Galaxies ranked by their anomaly scores.
public struct AnomalyRanking {
    public let errors: PatchErrors
    public let scores: AnomalyScores
    /// Indices of all galaxies, the most unusual first.
    public let order: [Int]
    /// Of each galaxy's cutout.
    public let signalToNoise: [Double]
    /// Of all galaxies. Those with a blank band have scores.
    public let flags: FlagCounts
    public let bandNames: [String]

    /// - Parameters:
    ///   - grid: patches along an edge of a cutout.
    ///   - imageSize: pixels along an edge of a cutout.
    ///   - brightness: what the brightness of a galaxy is; nil for the catalogue's where all galaxies have magnitudes.
    /// - Throws: `Failure` where the catalogue's brightness is asked for and a galaxy has no magnitudes.
    public init(
        _ errors: PatchErrors, grid: Int, bands: Int, letters: String, imageSize: Int,
        brightness: AnomalyScores.Brightness?
    ) throws(Failure) {
        if brightness == .catalogue, errors.magnitudes == nil {
            throw Failure(
                "--brightness", "catalogue: expected magnitudes [N, \(bands)] in every input, found none in one")
        }
        let table = ReconstructionErrors(
            grid: grid, bands: bands, pixels: imageSize * imageSize, errors: errors.errors, power: errors.power,
            noise: errors.noise, flux: errors.flux, magnitudes: errors.magnitudes)
        self.errors = errors
        scores = AnomalyScores(table, brightness: brightness)
        order = scores.ranking(losses: errors.losses)
        signalToNoise = table.signalToNoise
        flags = errors.flagCounts
        bandNames = BandNames.names(bands, letters)
    }

    /// Writes the table of anomalies as CSV, the most unusual galaxy first.
    public func write(to path: String) throws(Failure) {
        var lines = [[UInt8]](repeating: [], count: order.count)
        var ranks = [Int](repeating: 0, count: order.count)
        for (rank, index) in order.enumerated() { ranks[index] = rank }
        try errors.run.forEachGalaxy { galaxy, index throws(Failure) in
            var line = Array("\(ranks[index] + 1),".utf8)
            DelimitedText.append(galaxy.objectID, to: &line)
            line.append(UInt8(ascii: ","))
            DelimitedText.append(galaxy.source, to: &line)
            let score = scores.scores[index]
            let bands = score?.bands.map(Self.number) ?? bandNames.map { _ in "" }
            let fields =
                [
                    "\(galaxy.row)", Self.number(score?.score), score?.direction.rawValue ?? "",
                    Self.number(score?.errorRatio),
                ]
                + bands + ["\(errors.losses[index])", Self.number(signalToNoise[index])]
                + ["\(errors.flags[index].rawValue)"]
            line += ("," + fields.joined(separator: ",") + "\n").utf8
            lines[ranks[index]] = line
        }
        let header =
            "rank,object_id,source,row,score,direction,error_ratio,"
            + bandNames.map { "score_\($0)," }.joined() + "loss,snr,flags\n"
        try AtomicFile.write(Array(header.utf8) + lines.joined(), to: path)
    }

    /// With the digits of Float32: scores are not known more precisely.
    private static func number(_ value: Double?) -> String { value.map { "\(Float($0))" } ?? "" }
}
