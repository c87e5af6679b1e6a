import ArgumentParser
import Inference
import Platform
import Report

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure how good predictions are.",
        discussion: """
            Reads the columns z_phot and z_spec of predictions and prints two families of measures: those that \
            AstroMAE publishes, and those of the photometric-redshift literature. Galaxies without a z_spec are left \
            out. Predictions are .csv, .csv.gz, .jsonl, .fits or .h5, as 'cai infer' writes them, or other files with \
            such columns; a .npy array holds no z_spec. The format is recognized by the first bytes of the file.

            EXAMPLES
              cai evaluate predictions.csv
              cai evaluate predictions.fits --json
              cai infer 1.pt --quiet | cai evaluate /dev/stdin
            """)

    @Argument(help: ArgumentHelp("Predictions with the columns z_phot and z_spec.", valueName: "predictions.csv"))
    var predictions: String

    @Flag(help: "Print the measures as a JSON object.")
    var json = false

    func validate() throws { try requireName(predictions, of: "predictions.csv") }

    func run() throws {
        let table = try PredictionTable(PredictionFile(path: predictions), needsSpectroscopic: true)
        let quality: Quality
        do {
            quality = try Quality(predicted: table.predicted, spectroscopic: table.spectroscopic)
        } catch {
            throw Failure("\(predictions): \(error.message)")
        }
        let unknown = table.unknown > 0 ? "\(table.unknown) left out: their z_spec is not known\n" : ""
        try StandardOutput.write(quality, asJSON: json, text: unknown + quality.text)
    }
}
