import ArgumentParser
import Cloud
import Inference
import Platform
import Runs

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the demo network on the demo galaxies.",
        usage: "cai demo [-o <dir>] [--mae]",
        discussion: """
            Predicts the redshifts of 512 simulated galaxies with the weights that come with the program, whatever \
            the environment names, and prints \
            quality and speed. DIR gets predictions.csv, report.html (the figures, for a browser), report.txt (the \
            printed text) and summary.json.

            With --mae, the masked autoencoder reconstructs the galaxies, writes their features and ranks them by \
            anomaly score. DIR gets reconstructed.npz and .html, features.npy, anomalies.csv and .html, and mae-report.txt.

            EXAMPLES
              cai demo
              cai demo -o results
              cai demo --mae
              cai demo && cai evaluate demo-output/predictions.csv
            """)

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The folder for the results; created if it does not exist.", valueName: "dir"),
        completion: .directory)
    var output: String = "demo-output"

    @Flag(help: "Run the masked autoencoder instead of the redshift network.")
    var mae = false

    func validate() throws { try requireName(output, of: "--output") }

    func run() throws {
        let folder = try OutputFolder(output)
        let report = try mae ? DemoAutoencoder(folder: output).run() : predict(into: folder)
        try folder.write(report, to: mae ? "mae-report.txt" : "report.txt")
        try StandardOutput.write(report)
    }

    /// - Returns: the report to print.
    private func predict(into folder: OutputFolder) throws -> String {
        let locator = WeightsLocator()
        let weights = try locator.demo(WeightsLocator.demoWeights)
        let inputs = try GalaxyInputs([try locator.galaxies()])
        let job = try PredictionJob(weights: weights, inputs: inputs, store: try StoreLocator.store(of: [weights]))
        let predictions = folder.file("predictions.csv")
        try OutputFile(predictions, store: nil).check(sparing: [weights] + inputs.paths)
        let outcome = try job.run(ConsoleEvents(isQuiet: false))
        try PredictionWriter.write(outcome.predictions, to: predictions, format: .csv)
        let run = RunSummary(outcome, of: job, output: predictions)
        let summary: JSONObject = ["run": run.json, "quality": outcome.quality]
        // The demo has no record beside its table.
        let origin = Provenance(
            creator: "cai \(Release.version)", weights: weights, weightsSHA256: try SHA256Digest.ofFile(weights).sha256,
            command: "", instructionSet: outcome.instructionSet.rawValue, choices: outcome.choices)
        let page = try ReportDocument(
            ReportInput(predictions, origin: .header(origin)), title: "The demo network on the demo galaxies")
        try folder.write(page.html, to: "report.html")
        try folder.write(
            String(decoding: try JSONFile.encoded(summary, pretty: true), as: UTF8.self) + "\n", to: "summary.json")
        return (outcome.quality?.text ?? "") + run.speedLine
            + "\npredictions: \(predictions)\nreport: \(folder.file("report.html"))\n"
    }
}

/// The demo of the masked autoencoder: runs its commands, one after another, on the demo galaxies.
struct DemoAutoencoder {
    let folder: String

    private static let shown = 5

    /// - Returns: the report to print.
    func run() throws -> String {
        let locator = WeightsLocator()
        let (weights, galaxies) = (try locator.demo(WeightsLocator.demoAutoencoder), try locator.galaxies())
        let common = [galaxies, "--weights", weights, "--quiet"]
        let reconstruct = try ReconstructCommand.parse(
            common + ["--output", file("reconstructed.npz"), "--report", file("reconstructed.html")])
        try reconstruct.run()
        let embed = try EmbedCommand.parse(common + ["--output", file("features.npy")])
        try embed.run()
        let search = try AnomalySearch(
            AutoencoderJob(
                weights: WeightsLocator.Located(path: weights, origin: nil), inputs: GalaxyInputs([galaxies])), seed: 0,
            passes: 4, brightness: nil,
            ConsoleEvents(isQuiet: true))
        try search.ranking.write(to: file("anomalies.csv"))
        try AnomalyPage(search, panels: AnomaliesCommand.usualPanels).write(
            to: OutputFile(file("anomalies.html"), store: nil))
        return try text(search)
    }

    private func text(_ search: AnomalySearch) throws -> String {
        let masking = search.plan.masking
        let losses = search.ranking.errors.losses
        let mean = losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count)
        var text =
            "mean loss of \(masking.masked) of \(masking.patches) hidden patches: \(Decimals.significant(mean))\n"
        text += "the most unusual galaxies\n"
        let indices = Array(search.ranking.order.prefix(Self.shown))
        var names: [Int: String] = [:]
        try search.ranking.errors.run.forEachGalaxy { galaxy, index in
            if indices.contains(index) { names[index] = galaxy.objectID }
        }
        for index in indices {
            guard let name = names[index], let score = search.ranking.scores.scores[index] else { continue }
            text +=
                "  \(name)  score \(Decimals.fixed(score.score, 2)), "
                + "errors \(Decimals.fixed(score.errorRatio, 1)) times the expected\n"
        }
        text += search.speedLine + "\n"
        text += "pages: \(file("reconstructed.html")), \(file("anomalies.html"))\n"
        return text
            + "arrays and tables: \(["reconstructed.npz", "features.npy", "anomalies.csv"].map(file).joined(separator: ", "))\n"
    }

    private func file(_ name: String) -> String { folder + "/" + name }
}
