import AstroMAE
import Cloud
import Runs
import Inference
import Platform
import Report
import Synchronization
import TensorFiles

/// Weights and galaxies in, predictions and their quality out: what `infer` and `demo` have in common.
struct PredictionJob {
    let weights: String
    let inputs: GalaxyInputs
    /// Has the weights and inputs that are named as objects; nil where none is.
    var store: (any ObjectStore)?
    var numHeads: Int?
    var batchSize = BatchRunner.defaultBatchSize
    var threads = Processors.available
    var limit: Int?
    /// The share of the galaxies that is run; nil for all.
    var share: RankShare?
    var gemm = GemmBackend.auto
    /// Whether kernel calls are timed.
    var isProfiled = false
    /// Whether a galaxy with flags is an error.
    var isStrict = false
    let reach = RunReach()
    /// What is kept of the output while it is computed; nil for nothing.
    var partial: PartialRun?
    /// What lies beside a rank's output; nil where all galaxies are run.
    var record: RankRecorder?
    /// Whether the weights' SHA-256 is wanted.
    var isDigested = false
    /// No progress, no notices.
    var isQuiet = false

    struct Outcome {
        let predictions: Predictions
        /// nil where no galaxy has a redshift to compare with.
        let quality: Quality?
        /// Seconds to read, check and pack the weights.
        let loadSeconds: Double
        /// Seconds to open the inputs and check their headers.
        let checkSeconds: Double
        /// The kernels that were used; never `auto`.
        let instructionSet: InstructionSet
        let gemm: GemmBackend
        /// SHA-256 of the weights' file, in hexadecimal digits; nil where none was asked for.
        let weightsSHA256: String?
        /// nil where none was asked for.
        let profile: ProfileReport?
        /// Which galaxies were run; nil for all.
        let part: RankPart?
        /// Whether the output was there, of these very galaxies, and is left as it is.
        let isThere: Bool
    }

    /// Checks that predictions can be written there, and would not replace what they are made from.
    func check(output: OutputFile, format: PredictionFormat? = nil) throws(Failure) {
        try output.check(sparing: [weights] + inputs.paths, format: format)
    }

    /// Checks the headers of every file that is to be run before the first galaxy is, and the checksums of each when its
    /// turn comes.
    func run() throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        var digest: String?
        let model = try NetworkFile(name: weights, store: store, threads: threads).load(isQuiet: isQuiet) {
            if isDigested || partial != nil { digest = try $0.withFileBytes { SHA256Digest.hexadecimal(of: $0) } }
            return try RedshiftModel(weights: $0, numHeads: numHeads, gemm: gemm, on: $1)
        }
        let loaded = clock.now
        let all = try inputs.partitions(for: model, limit: limit)
        let identities = partial != nil || share != nil ? try inputs.identities(of: all) : []
        let part = share.map { RankPart($0, of: all, identities, limit: limit) }
        let (partitions, galaxies) = (part?.partitions ?? all, part?.rows ?? 0..<(limit ?? Int.max))
        let sections = GalaxyRun.sections(of: partitions, galaxies: galaxies)
        let count = sections.galaxyCount
        let first = part?.rows.lowerBound ?? 0
        let maker = RankSidecar.Maker(instructionSet: model.instructionSet, gemm: model.gemm)
        var earlier = try partial?.begin(
            RunIdentity(
                part?.files ?? identities, rows: first..<first + count, start: part?.galaxies.lowerBound ?? 0,
                weights: RankSidecar.Weights(name: weights, identity: "sha256:" + (digest ?? "")),
                settings: partial?.settings ?? [:],
                maker: maker),
            sections: sections)
        var isThere = false
        // What is unfinished comes after what is whole, and goes before it.
        if earlier == nil, partial?.isResumed == true, let part, let record, let digest {
            earlier = try record.finished(
                part, sections: sections, weights: record.weights(weights, sha256: digest), maker: maker)
            isThere = earlier != nil
        }
        let checked = clock.now
        let profile = isProfiled ? Profile() : nil
        let predictions: Predictions
        do {
            let line = ProgressLine(isShown: !isQuiet)
            defer { line.wipe() }
            let before = earlier?.finished.count ?? 0
            reach.total.store(count, ordering: .relaxed)
            predictions = try BatchRunner(model: model, threads: threads, batchSize: batchSize).run(
                partitions, galaxies: galaxies, journal: partial?.journal, earlier: earlier, isStrict: isStrict,
                profile: profile
            ) { show($0, since: before, on: line) }
            reach.done.store(count, ordering: .relaxed)
        } catch {
            Interruption.hold()
            if let finished = partial?.journal.finished, finished.count > 0 {
                Console.report("warning: not done: \(PartialRun.rest(sections, without: finished))")
            }
            throw error
        }
        let (predicted, spectroscopic) = try predictions.knownRedshifts()
        return Outcome(
            predictions: predictions,
            quality: try? Quality(predicted: predicted, spectroscopic: spectroscopic),
            loadSeconds: (loaded - start) / .seconds(1), checkSeconds: (checked - loaded) / .seconds(1),
            instructionSet: model.instructionSet, gemm: model.gemm, weightsSHA256: digest,
            profile: profile.map { profile in
                ProfileReport(
                    profile, seconds: predictions.seconds, threads: predictions.threads,
                    peak: FMAPeak.measure(model.instructionSet, threads: predictions.threads))
            },
            part: part, isThere: isThere)
    }

    /// Shows how far the work is, and notes it.
    private func show(_ progress: Progress, since earlier: Int, on line: ProgressLine) {
        reach.done.store(earlier + progress.done, ordering: .relaxed)
        line.show(progress)
    }
}

extension RankSidecar.Maker {
    /// This program.
    init(instructionSet: InstructionSet, gemm: GemmBackend) {
        self.init(
            version: Cai.configuration.version, instructionSet: instructionSet.rawValue, gemm: gemm.rawValue)
    }
}

/// How far a run has come, for whoever asks from another thread.
final class RunReach: Sendable {
    let done = Atomic<Int>(0)
    /// 0 before it is known.
    let total = Atomic<Int>(0)
}
