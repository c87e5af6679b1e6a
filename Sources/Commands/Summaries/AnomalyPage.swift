import Anomalies
import Inference
import Platform
import Report
import Runs

/// Ranked galaxies, with the network and masks that their pictures are made with.
struct AnomalySearch {
    let opened: AutoencoderJob.Opened
    let plan: MaskPlan
    let ranking: AnomalyRanking

    var summary: JSONObject { opened.summary(ranking.errors.run, passes: plan.passes) }
    var speedLine: String { opened.speedLine(ranking.errors.run, passes: plan.passes) }

    /// Runs the job, and warns of galaxies without a score.
    init(
        _ job: AutoencoderJob, seed: UInt64, passes: Int, brightness: AnomalyScores.Brightness?,
        _ events: some JobEvents
    ) throws(Failure) {
        opened = try job.open(events)
        plan = opened.plan(seed: seed, passes: passes)
        let errors = try opened.measureErrors(plan, events)
        let encoder = opened.model.config.encoder
        ranking = try AnomalyRanking(
            errors, grid: encoder.grid, bands: encoder.bands, letters: opened.bandLetters,
            imageSize: encoder.imageSize, brightness: brightness)
        let total = ranking.order.count
        ranking.flags.report(of: total, without: "score", ", and are ranked last")
        guard ranking.scores.scores.allSatisfy({ $0 == nil }) else { return }
        events.warning(
            "\(Numbers.counted(total, "galaxy", "galaxies")), of which fewer than \(AnomalyScores.fewest) have no "
                + "flags, do not show what is usual: no scores, ranked by loss")
    }
}

/// The page of `cai anomalies`: the most unusual galaxies.
struct AnomalyPage {
    private let search: AnomalySearch
    private let panels: Int

    init(_ search: AnomalySearch, panels: Int) { (self.search, self.panels) = (search, panels) }

    func write(to file: OutputFile) throws(Failure) { try file.write(Array(page().html.utf8)) }

    private func page() throws(Failure) -> HTMLPage {
        let places = Array(search.ranking.order.prefix(panels))
        let pictures = try GalaxyPictures(opened: search.opened, plan: search.plan, run: search.ranking.errors.run)
            .pictures(of: places) { galaxy, place in
                let rank = (places.firstIndex(of: place) ?? 0) + 1
                return ("\(rank). \(galaxy.objectID)", "\(galaxy.source), row \(galaxy.row); \(caption(place))")
            }
        let count = Numbers.counted(search.ranking.order.count, "galaxy", "galaxies")
        let masking = search.plan.masking
        let learnt = search.ranking.scores.brightness == .catalogue ? "their magnitudes" : "the sum of their pixels"
        return HTMLPage(
            title: "Odd galaxies",
            lead:
                "\(count), ranked by how far their reconstruction errors lie, either way, from what is usual among them "
                + "at that brightness and noise.",
            sections: [
                PageSection(
                    "Scores", id: "scores", scoreItems(masked: "\(masking.masked) of \(masking.patches)", learnt)),
                PageSection(
                    "The \(pictures.count) most unusual", id: "galaxies",
                    GalaxyPictures.legend + [.pictures(pictures)]),
            ],
            footer: "cai anomalies, with \(InputList.lastComponent(search.opened.weights))")
    }

    private func scoreItems(masked: String, _ learnt: String) -> [PageSection.Item] {
        let known = search.ranking.scores.scores.compactMap { $0 }
        guard !known.isEmpty else {
            return [
                .note(
                    "Fewer than \(AnomalyScores.fewest) galaxies without flags do not show what is usual: there are no "
                        + "scores. The order is that of the loss.")
            ]
        }
        let sorted = known.map(\.score).sorted()
        func count(above limit: Double) -> String { Numbers.grouped(sorted.count { $0 > limit }) }
        var items: [PageSection.Item] = [
            .facts([
                PageFact("galaxies", Numbers.grouped(search.ranking.order.count)),
                PageFact("median score", Decimals.fixed(sorted[sorted.count / 2], 2), detail: "of a usual galaxy"),
                PageFact("above 2", count(above: 2)), PageFact("above 3", count(above: 3)),
                PageFact("largest", Decimals.fixed(sorted.last ?? 0, 1)),
                PageFact("passes", "\(search.plan.passes)", detail: "\(masked) patches hidden in each"),
            ]),
            .text(
                "The score is a root mean square over a galaxy's patches, in units of the usual scatter, with bands taken "
                    + "together: a usual galaxy has about 1. Brightness is \(learnt) over the noise. Those of the bands are "
                    + "of each alone, negative where errors are lower than expected."),
        ]
        if search.ranking.flags.flagged > 0 {
            items.append(
                .note(
                    "\(Numbers.counted(search.ranking.flags.flagged, "galaxy has", "galaxies have")) flags and no score: "
                        + "\(search.ranking.flags.text(of: "score"))."))
        }
        if search.ranking.flags.withBlankBand > 0 {
            items.append(
                .note(
                    "\(Numbers.counted(search.ranking.flags.withBlankBand, "galaxy has", "galaxies have")) a blank band, "
                        + "all pixels zero (\(search.ranking.flags.blankText)), which changes the score."))
        }
        return items
    }

    private func caption(_ place: Int) -> String {
        let flags = search.ranking.errors.flags[place]
        guard flags.isEmpty else { return flags.text(of: "score") }
        let noise = "S/N \(Decimals.grouped(search.ranking.signalToNoise[place], 0))"
        guard let score = search.ranking.scores.scores[place] else {
            return "loss \(ReconstructionPage.loss(Double(search.ranking.errors.losses[place]))), \(noise)"
        }
        let bands = zip(search.ranking.bandNames, score.bands).map { "\($0) \(Decimals.grouped($1, 1))" }
        return
            "score \(Decimals.grouped(score.score, 1)), errors \(Notation.significant(score.errorRatio, 2)) times the expected, "
            + "\(noise); " + bands.joined(separator: ", ")
    }
}
