import Inference
import Platform
import Runs

/// The run, its speed and its quality: the object that `--json` prints.
struct RunSummary: Encodable {
    let galaxies: Int
    /// Galaxies that have flags, and NaN for a redshift.
    let flagged: Int
    /// Galaxies that an earlier run had finished.
    let resumed: Int
    /// From the first thread's start to the last redshift; loading the weights and opening the inputs are not in it.
    let seconds: Double
    let galaxiesPerSecond: Double
    let threads: Int
    let batchSize: Int
    /// The kernels, and the matrix multiplication (packed or openblas) that were used.
    let instructionSet: String
    let gemm: String
    let weights: String
    let output: String
    /// null where no galaxy has a redshift to compare with.
    let quality: ReferenceQuality?
    /// Left out where all galaxies were run.
    let rank: RankSummary?
    /// Left out where none was asked for.
    let profile: ProfileReport?

    enum CodingKeys: String, CodingKey {
        case galaxies, flagged, resumed, seconds, threads, gemm, weights, output, quality, rank, profile
        case galaxiesPerSecond = "galaxies_per_second"
        case instructionSet = "instruction_set"
        case batchSize = "batch_size"
    }

    init(_ outcome: PredictionJob.Outcome, of job: PredictionJob, output: String) {
        galaxies = outcome.predictions.redshifts.count
        flagged = outcome.predictions.flagCounts.flagged
        resumed = galaxies - outcome.predictions.run.computed
        seconds = outcome.predictions.seconds
        galaxiesPerSecond = outcome.predictions.galaxiesPerSecond
        threads = outcome.predictions.threads
        batchSize = job.settings.batchSize
        instructionSet = outcome.instructionSet.rawValue
        gemm = outcome.gemm.rawValue
        rank = outcome.part.map(RankSummary.init)
        profile = outcome.profile.map { [seconds, threads] profile in
            ProfileReport(
                profile, seconds: seconds, threads: threads,
                peak: FMAPeak.measure(outcome.instructionSet, threads: threads))
        }
        weights = job.weights
        self.output = output
        quality = outcome.quality?.reference
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(galaxies, forKey: .galaxies)
        try container.encode(flagged, forKey: .flagged)
        try container.encode(resumed, forKey: .resumed)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(galaxiesPerSecond, forKey: .galaxiesPerSecond)
        try container.encode(threads, forKey: .threads)
        try container.encode(batchSize, forKey: .batchSize)
        try container.encode(instructionSet, forKey: .instructionSet)
        try container.encode(gemm, forKey: .gemm)
        try container.encode(weights, forKey: .weights)
        try container.encode(output, forKey: .output)
        // A missing key and null are not the same to a reader: the key is always there.
        try container.encode(quality, forKey: .quality)
        try container.encodeIfPresent(rank, forKey: .rank)
        try container.encodeIfPresent(profile, forKey: .profile)
    }

    /// `1,024 galaxies in 5.12 s, 200.0 galaxies/s, 2 threads, avx2, packed`
    var speedLine: String {
        Numbers.speedLine(
            galaxies: galaxies - resumed, seconds: seconds, rate: galaxiesPerSecond, threads: threads,
            kernels: "\(instructionSet), \(gemm)")
    }

    /// `MAE 0.012520, MSE 0.00029700, ...`; empty where quality is not known.
    var qualityLine: String { (quality?.lines ?? []).map { "\($0.name) \($0.valueText)" }.joined(separator: ", ") }
}

/// A rank's galaxies among those of all ranks.
struct RankSummary: Encodable {
    let rank: Int
    let worldSize: Int
    /// From the first to before the end.
    let start: Int
    let end: Int
    let total: Int

    enum CodingKeys: String, CodingKey {
        case rank, start, end, total
        case worldSize = "world_size"
    }

    init(_ part: RankPart) {
        (rank, worldSize) = (part.share.rank, part.share.worldSize)
        (start, end, total) = (part.galaxies.lowerBound, part.galaxies.upperBound, part.total)
    }
}

extension PredictionJob.Outcome {
    /// The speed, and the quality where it is known; a warning where galaxies have no redshift.
    func report(_ summary: RunSummary, isQuiet: Bool) {
        predictions.flagCounts.report(of: summary.galaxies, without: "redshift")
        guard !isQuiet else { return }
        let before = Numbers.counted(summary.resumed, "galaxy", "galaxies") + " had been done before"
        if wasComplete {
            Console.write("\(before), and \(summary.output) is whole: there is nothing to do\n")
        } else {
            if summary.resumed > 0 { Console.write(before + "; the others:\n") }
            Console.write(
                summary.speedLine + " (before it: weights \(Decimals.fixed(loadSeconds, 2)) s, opening inputs "
                    + "\(Decimals.fixed(checkSeconds, 2)) s)\n")
        }
        if !summary.qualityLine.isEmpty { Console.write(summary.qualityLine + "\n") }
        if let profile = summary.profile { Console.write(profile.text) }
    }
}
