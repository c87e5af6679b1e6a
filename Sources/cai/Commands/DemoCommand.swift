import ArgumentParser
import Platform
import Cloud
import Runs
import Inference

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the demo network on the demo galaxies.",
        discussion: """
            Predicts the redshifts of 512 simulated galaxies with the weights that come with the program, and tells \
            quality and speed. DIR gets predictions.csv, report.html (the figures, for a browser), report.txt (what is \
            printed) and summary.json.

            With --mae, the masked autoencoder reconstructs the galaxies, writes their features and ranks them by how odd \
            they are. DIR gets reconstructed.npz and .html, features.npy, anomalies.csv and .html, and report.txt.

            EXAMPLES
              cai demo
              cai demo --out results
              cai demo --mae
              cai demo && cai evaluate demo-output/predictions.csv
            """)

    @Option(help: ArgumentHelp("The folder for the results; made if need be.", valueName: "dir"))
    var out: String = "demo-output"

    @Flag(help: "Show the masked autoencoder in place of the redshift network.")
    var mae = false

    func validate() throws { try requireName(out, of: "--out") }

    func run() throws {
        let folder = try OutputFolder(out)
        let report = try mae ? DemoAutoencoder(folder: out).run() : predict(into: folder)
        try folder.write(report, to: "report.txt")
        try StandardOutput.write(report)
    }

    /// - Returns: the report to print.
    private func predict(into folder: OutputFolder) throws -> String {
        let locator = WeightsLocator()
        let weights = try locator.weights(named: nil)
        let inputs = try GalaxyInputs([try locator.galaxies()])
        let job = try PredictionJob(weights: weights, inputs: inputs, store: try StoreLocator.store(of: [weights]))
        let predictions = folder.file("predictions.csv")
        try OutputFile(predictions, store: nil).check(sparing: [weights] + inputs.paths)
        let outcome = try job.run(ConsoleEvents(isQuiet: false))
        try PredictionWriter.write(outcome.predictions, to: predictions, format: .csv)
        let summary = DemoSummary(run: RunSummary(outcome, of: job, output: predictions), quality: outcome.quality)
        let page = try ReportDocument(ReportInput(predictions), title: "The demo network on the demo galaxies")
        try folder.write(page.html, to: "report.html")
        try folder.write(
            String(decoding: try JSONFile.encoded(summary, pretty: true), as: UTF8.self) + "\n", to: "summary.json")
        return (outcome.quality?.text ?? "") + summary.run.speedLine
            + "\npredictions: \(predictions)\nreport: \(folder.file("report.html"))\n"
    }
}

/// `summary.json`: the run, and its quality in both families of metrics.
private struct DemoSummary: Encodable {
    let run: RunSummary
    let quality: Quality?
}
