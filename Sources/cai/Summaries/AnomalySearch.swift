import Inference
import Platform
import Report
import Runs

/// Ranked galaxies, with the network and masks that their pictures are made with.
struct AnomalySearch {
    let opened: AutoencoderJob.Opened
    let plan: MaskPlan
    let ranking: AnomalyRanking
    let run: AutoencoderRun

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
            errors, grid: encoder.grid, bands: encoder.bands, imageSize: encoder.imageSize, brightness: brightness)
        run = AutoencoderRun(errors.run, of: opened, passes: passes)
        let total = ranking.order.count
        ranking.flags.report(of: total, without: "score", ", and are ranked last")
        guard ranking.scores.scores.allSatisfy({ $0 == nil }) else { return }
        events.warning(
            "\(Numbers.counted(total, "galaxy", "galaxies")), of which fewer than \(AnomalyScores.fewest) have no "
                + "flags, do not tell what is usual: no scores, ranked by loss")
    }
}
