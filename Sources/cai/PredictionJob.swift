import AstroMAE
import Cloud
import FanOut
import Inference
import Report
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
    }

    /// Checks that predictions can be written there, and would not replace what they are made from.
    func check(output: OutputFile, format: PredictionFormat? = nil) throws(InferenceError) {
        try output.check(sparing: [weights] + inputs.files.map(\.path), format: format)
    }

    /// Checks the headers of every file that is to be run before the first galaxy is, and the checksums of each when its
    /// turn comes.
    func run() throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        var digest: String?
        let model = try NetworkFile(name: weights, store: store, threads: threads).load(isQuiet: isQuiet) {
            if isDigested { digest = try $0.withFileBytes { SHA256Digest.hexadecimal(of: $0) } }
            return try RedshiftModel(weights: $0, numHeads: numHeads, gemm: gemm, on: $1)
        }
        let loaded = clock.now
        let all = try inputs.partitions(for: model, limit: limit)
        let part = try share.map { try RankPart($0, of: all, limit: limit, inputs: inputs) }
        let checked = clock.now
        let line = ProgressLine(isShown: !isQuiet)
        defer { line.wipe() }
        let profile = isProfiled ? Profile() : nil
        let predictions = try BatchRunner(model: model, threads: threads, batchSize: batchSize)
            .run(
                part?.partitions ?? all, galaxies: part?.rows ?? 0..<(limit ?? Int.max), profile: profile
            ) { line.show($0) }
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
            part: part)
    }
}
