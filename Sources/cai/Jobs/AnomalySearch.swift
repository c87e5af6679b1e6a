import AstroMAE
import Inference
import Platform
import Report
import TensorFiles

/// Galaxies with their scores, and what pictures of them are made from.
struct AnomalySearch {
    let opened: AutoencoderJob.Opened
    let plan: MaskPlan
    let errors: PatchErrors
    let scores: AnomalyScores
    /// Places of all galaxies, the oddest first.
    let ranking: [Int]
    let signalToNoise: [Double]
    let flags: FlagCounts
    let run: AutoencoderRun

    var bandNames: [String] { BandNames.names(opened.model.config.encoder.bands) }

    /// Loads the network, reconstructs all galaxies and scores them. Says what leaves them without a score.
    static func run(
        _ job: AutoencoderJob, seed: UInt64, passes: Int, brightness: AnomalyScores.Brightness?
    ) throws -> AnomalySearch {
        let opened = try job.open()
        let (config, masking) = (opened.model.config, opened.masking)
        if let needed = MaskPlan.passesToHideAll(masking), passes < needed {
            throw Failure(
                job.weights,
                "\(passes == 1 ? "1 pass hides" : "\(passes) passes hide") \(masking.masked) of "
                    + "\(masking.patches) patches each: expected at least \(needed), to hide every patch once")
        }
        let plan = MaskPlan(
            masking: masking, noise: MaskNoise(seed: seed, patches: masking.patches), passes: passes)
        let line = ProgressLine(isShown: !job.isQuiet)
        defer { line.wipe() }
        let errors = try PatchErrors.measure(
            opened.partitions, limit: job.limit, model: opened.model, plan: plan, runner: opened.runner,
            isStrict: job.isStrict
        ) { line.show($0) }
        line.wipe()
        let table = ReconstructionErrors(
            grid: config.encoder.grid, bands: config.encoder.bands,
            pixels: config.encoder.imageSize * config.encoder.imageSize, errors: errors.errors, power: errors.power,
            noise: errors.noise, flux: errors.flux, magnitudes: errors.magnitudes)
        if brightness == .catalogue, errors.magnitudes == nil {
            throw Failure(
                "--brightness",
                "catalogue: expected magnitudes [N, \(config.encoder.bands)] in every input, found none in one"
            )
        }
        let scores = AnomalyScores(table, brightness: brightness)
        let flags = FlagCounts(errors.flags)
        report(scores, flags)
        return AnomalySearch(
            opened: opened, plan: plan, errors: errors, scores: scores,
            ranking: scores.ranking(losses: errors.losses), signalToNoise: table.signalToNoise, flags: flags,
            run: AutoencoderRun(errors.run, of: opened, weights: job.weights, passes: passes))
    }

    private static func report(_ scores: AnomalyScores, _ flags: FlagCounts) {
        let total = scores.scores.count
        flags.report(of: total, without: "score", ", and are ranked last")
        guard scores.scores.allSatisfy({ $0 == nil }) else { return }
        Console.report(
            "warning: \(Numbers.counted(total, "galaxy", "galaxies")), of which fewer than \(AnomalyScores.fewest) have no "
                + "flags, do not tell what is usual: no scores, ranked by loss")
    }
}

/// The table of anomalies.
enum AnomalyTable {
    static func write(_ search: AnomalySearch, to path: String) throws(Failure) {
        var lines = [[UInt8]](repeating: [], count: search.ranking.count)
        var ranks = [Int](repeating: 0, count: search.ranking.count)
        for (rank, place) in search.ranking.enumerated() { ranks[place] = rank }
        try search.errors.run.forEachGalaxy { galaxy, place throws(Failure) in
            var line = Array("\(ranks[place] + 1),".utf8)
            DelimitedText.append(galaxy.objectID, to: &line)
            line.append(UInt8(ascii: ","))
            DelimitedText.append(galaxy.source, to: &line)
            let score = search.scores.scores[place]
            let bands = score?.bands.map(number) ?? search.bandNames.map { _ in "" }
            let fields =
                ["\(galaxy.row)", number(score?.score), score?.direction.rawValue ?? "", number(score?.errorRatio)]
                + bands + ["\(search.errors.losses[place])", number(search.signalToNoise[place])]
                + ["\(search.errors.flags[place].rawValue)"]
            line += ("," + fields.joined(separator: ",") + "\n").utf8
            lines[ranks[place]] = line
        }
        let header =
            "rank,object_id,source,row,score,direction,error_ratio,"
            + search.bandNames.map { "score_\($0)," }.joined() + "loss,snr,flags\n"
        let text = header + String(decoding: lines.joined(), as: UTF8.self)
        try OutputFolder.write(text, to: path)
    }

    /// Float32's digits: scores are not better known than that.
    private static func number(_ value: Double?) -> String { value.map { "\(Float($0))" } ?? "" }
}
