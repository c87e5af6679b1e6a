import Runs
import Inference
import Platform

/// The demo of the masked autoencoder: runs its commands, one after another, on the demo galaxies.
struct DemoAutoencoder {
    let folder: String

    private static let oddest = 5

    /// - Returns: the report to print.
    func run() throws -> String {
        let locator = WeightsLocator()
        let (weights, galaxies) = (try locator.autoencoder(named: nil), try locator.galaxies())
        let common = [galaxies, "--weights", weights, "--quiet"]
        let reconstruct = try ReconstructCommand.parse(
            common + ["--output", file("reconstructed.npz"), "--report", file("reconstructed.html")])
        try reconstruct.run()
        let embed = try EmbedCommand.parse(common + ["--output", file("features.npy")])
        try embed.run()
        let search = try AnomalySearch(
            AutoencoderJob(weights: weights, inputs: GalaxyInputs([galaxies])), seed: 0, passes: 4, brightness: nil,
            ConsoleEvents(isQuiet: true))
        try search.ranking.write(to: file("anomalies.csv"))
        try AnomalyPage(search, top: AnomaliesCommand.usualTop).write(
            to: OutputFile(file("anomalies.html"), store: nil))
        return try text(search)
    }

    private func text(_ search: AnomalySearch) throws -> String {
        let masking = search.plan.masking
        let losses = search.ranking.errors.losses
        let mean = losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count)
        var text =
            "mean loss of \(masking.masked) of \(masking.patches) hidden patches: \(Decimals.significant(mean))\n"
        text += "the oddest galaxies\n"
        let indices = Array(search.ranking.order.prefix(Self.oddest))
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
        text += search.run.speedLine + "\n"
        text += "pages: \(file("reconstructed.html")), \(file("anomalies.html"))\n"
        return text
            + "arrays and tables: \(["reconstructed.npz", "features.npy", "anomalies.csv"].map(file).joined(separator: ", "))\n"
    }

    private func file(_ name: String) -> String { folder + "/" + name }
}
