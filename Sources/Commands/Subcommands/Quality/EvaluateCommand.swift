import ArgumentParser
import Inference
import Platform
import Report
import Runs

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure how good predictions are.",
        usage: "cai evaluate <predictions> [<options>]",
        discussion: """
            Reads the columns z_phot and z_spec of predictions and prints two families of measures: those that \
            AstroMAE publishes, and those of the photometric-redshift literature. Galaxies without a z_spec are left \
            out. Predictions are .csv, .csv.gz, .jsonl, .fits or .h5, as 'cai infer' writes them, or other files with \
            such columns; a .npy array holds no z_spec. The format is recognized by the first bytes of the file. The \
            record that 'cai infer' writes beside its output (.run.json), or the header of a .fits or .h5 file, says \
            which weights they are from, and which values mean a missing one, unless --missing does.

            With --calibration, the measures are followed by how many z_spec the intervals of 'cai calibrate' cover, for \
            each bin and level, with 95% binomial intervals. With a calibration of a \
            fraction (--fraction), all are of the other galaxies; otherwise give predictions of other galaxies.

            EXAMPLES
              cai evaluate predictions.csv
              cai evaluate predictions.fits --json
              cai evaluate labelled.csv --calibration calibration.json
              cai infer 1.pt --quiet | cai evaluate /dev/stdin
            """)

    @Argument(
        help: ArgumentHelp("Predictions with the columns z_phot and z_spec.", valueName: "predictions.csv"),
        completion: .file())
    var predictions: String

    @Option(
        help: ArgumentHelp("Show the coverage of intervals by a file of 'cai calibrate'.", valueName: "file"),
        completion: .file())
    var calibration: String?

    @OptionGroup var missing: MissingValuesOption

    @Flag(help: "Print the measures as a JSON object.")
    var json = false

    func validate() throws {
        try requireName(predictions, of: "predictions.csv")
        if let calibration { try requireName(calibration, of: "--calibration") }
    }

    func run() throws {
        let calibration = try calibration.map { path throws(Failure) in (path, try Calibration(path: path)) }
        var doubts: [String] = []
        let file = try LabelledPredictions(predictions, missing: missing.stated()) { doubts.append($0) }
        if let (path, calibration) = calibration { doubts += try file.check(calibration, path) }
        let table = try file.table(
            of: calibration?.1.split, isUsed: false, by: calibration?.1.by ?? .zPhot)
        doubts.forEach(Console.warn)
        let quality: Quality
        do {
            quality = try Quality(predicted: table.predicted, spectroscopic: table.spectroscopic)
        } catch {
            throw Failure("\(predictions): \(error.message)")
        }
        let (unknown, origin) = (table.unknown, file.origin)
        let coverage = calibration.map { _, calibration in
            Coverage(
                of: calibration, predicted: table.predicted, spectroscopic: table.spectroscopic,
                magnitudes: table.numbers)
        }
        try StandardOutput.write(
            EvaluatedQuality(quality: quality, unknown: unknown, origin: origin, coverage: coverage), asJSON: json,
            text: (origin.map { $0.text + "\n" } ?? "") + (unknown.count > 0 ? unknown.summary + "\n" : "")
                + quality.text + (coverage.map { "coverage of intervals\n" + $0.text } ?? ""))
    }
}

/// The measures, and the galaxies that they leave out because their z_spec is unknown.
private struct EvaluatedQuality: Encodable {
    let quality: Quality
    let unknown: UnknownRedshifts
    let origin: PredictionOrigin?
    let coverage: Coverage?

    private enum CodingKeys: String, CodingKey {
        case unknown, reasons = "unknown_reasons", origin = "made_of", coverage
    }

    func encode(to encoder: any Encoder) throws {
        try quality.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(unknown.count, forKey: .unknown)
        try container.encode(unknown.counts, forKey: .reasons)
        try container.encodeIfPresent(origin, forKey: .origin)
        try container.encodeIfPresent(coverage?.parts, forKey: .coverage)
    }
}
