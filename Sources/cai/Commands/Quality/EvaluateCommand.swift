import ArgumentParser
import Inference
import Platform
import Report
import Runs

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure how good predictions are.",
        discussion: """
            Reads the columns z_phot and z_spec of predictions and prints two families of measures: those that \
            AstroMAE publishes, and those of the photometric-redshift literature. Galaxies without a z_spec are left \
            out. Predictions are .csv, .csv.gz, .jsonl, .fits or .h5, as 'cai infer' writes them, or other files with \
            such columns; a .npy array holds no z_spec. The format is recognized by the first bytes of the file. The \
            record that 'cai infer' writes beside its output (.run.json), or the header of a .fits or .h5 file, says \
            which weights they are of, and which values stand for none, where --missing does not.

            EXAMPLES
              cai evaluate predictions.csv
              cai evaluate predictions.fits --json
              cai infer 1.pt --quiet | cai evaluate /dev/stdin
            """)

    @Argument(help: ArgumentHelp("Predictions with the columns z_phot and z_spec.", valueName: "predictions.csv"))
    var predictions: String

    @OptionGroup var missing: MissingValuesOption

    @Flag(help: "Print the measures as a JSON object.")
    var json = false

    func validate() throws { try requireName(predictions, of: "predictions.csv") }

    func run() throws {
        var doubts: [String] = []
        let file = try PredictionFile(path: predictions)
        let record = RunRecord.beside(predictions) { doubts.append($0) }
        let origin = PredictionOrigin(file, record: record) { doubts.append($0) }
        let table = try PredictionTable(
            file, needsSpectroscopic: true,
            missing: missing.missing == nil ? origin?.missing ?? .usual : missing.values())
        doubts.forEach(Console.warn)
        let quality: Quality
        do {
            quality = try Quality(predicted: table.predicted, spectroscopic: table.spectroscopic)
        } catch {
            throw Failure("\(predictions): \(error.message)")
        }
        let unknown = table.unknown
        try StandardOutput.write(
            EvaluatedQuality(quality: quality, unknown: unknown, origin: origin), asJSON: json,
            text: (origin.map { $0.text + "\n" } ?? "") + (unknown.count > 0 ? unknown.summary + "\n" : "")
                + quality.text)
    }
}

/// The measures, and the galaxies that they leave out because their z_spec is unknown.
private struct EvaluatedQuality: Encodable {
    let quality: Quality
    let unknown: UnknownRedshifts
    let origin: PredictionOrigin?

    private enum CodingKeys: String, CodingKey { case unknown, reasons = "unknown_reasons", origin = "made_of" }

    func encode(to encoder: any Encoder) throws {
        try quality.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(unknown.count, forKey: .unknown)
        try container.encode(unknown.counts, forKey: .reasons)
        try container.encodeIfPresent(origin, forKey: .origin)
    }
}
