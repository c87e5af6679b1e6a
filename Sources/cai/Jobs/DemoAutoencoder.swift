import Runs
import Inference
import Platform
import Report

/// The demo of the masked autoencoder: its commands, one after another, on the demo galaxies.
struct DemoAutoencoder {
    let folder: String

    private static let oddest = 5

    /// - Returns: what is to be printed.
    func run() throws -> String {
        let locator = WeightsLocator()
        let (weights, galaxies) = (try locator.autoencoder(named: nil), try locator.galaxies())
        let common = [galaxies, "--weights", weights, "--quiet"]
        let reconstruct = try ReconstructCommand.parse(
            common + ["--output", place("reconstructed.npz"), "--report", place("reconstructed.html")])
        try reconstruct.run()
        let embed = try EmbedCommand.parse(common + ["--output", place("features.npy")])
        try embed.run()
        let job = AutoencoderJob(
            weights: weights, inputs: GalaxyInputs(files: try InputList.expand([galaxies])), isQuiet: true)
        let search = try AnomalySearch.run(job, seed: 0, passes: 4, brightness: nil)
        try AnomalyTable.write(search, to: place("anomalies.csv"))
        try AnomalyPage(search, top: AnomaliesCommand.usualTop, weights: weights).write(
            to: OutputFile(place("anomalies.html"), store: nil))
        return try text(search)
    }

    private func text(_ search: AnomalySearch) throws -> String {
        let masking = search.plan.masking
        let losses = search.errors.losses
        let mean = losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count)
        var text =
            "mean loss of \(masking.masked) of \(masking.patches) hidden patches: \(Decimals.significant(mean))\n"
        text += "the oddest galaxies\n"
        let places = Array(search.ranking.prefix(Self.oddest))
        var names: [Int: String] = [:]
        try search.errors.run.forEachGalaxy { galaxy, place in
            if places.contains(place) { names[place] = galaxy.objectID }
        }
        for place in places {
            guard let name = names[place], let score = search.scores.scores[place] else { continue }
            text +=
                "  \(name)  score \(Decimals.fixed(score.score, 2)), "
                + "errors \(Decimals.fixed(score.errorRatio, 1)) times the expected\n"
        }
        text += search.run.speedLine + "\n"
        text += "pages: \(place("reconstructed.html")), \(place("anomalies.html"))\n"
        return text
            + "arrays and tables: \(["reconstructed.npz", "features.npy", "anomalies.csv"].map(place).joined(separator: ", "))\n"
    }

    private func place(_ name: String) -> String { folder + "/" + name }
}
