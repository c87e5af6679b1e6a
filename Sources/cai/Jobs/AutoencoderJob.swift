import AstroMAE
import Cloud
import Runs
import Inference
import Platform
import Report
import TensorFiles

/// A masked autoencoder and galaxies for it: what `reconstruct`, `anomalies` and the demo have in common.
struct AutoencoderJob {
    let weights: String
    let inputs: GalaxyInputs
    /// Has what is named as an object; nil where nothing is.
    var store: (any ObjectStore)?
    var maskRatio = 0.75
    var limit: Int?
    var batchSize = 64
    var threads = Processors.available
    var numHeads: Int?
    var decoderHeads: Int?
    /// Whether a galaxy that gets flags is an error.
    var isStrict = false
    var isQuiet = false

    /// The network, loaded, and the galaxies, whose headers are checked.
    struct Opened {
        let model: MaskedAutoencoder
        let partitions: [PartitionReader]
        let masking: Masking
        let runner: GalaxyRunner
        /// Galaxies that will be run.
        let count: Int
    }

    func open() throws -> Opened {
        let model = try NetworkFile(name: weights, store: store, threads: threads).load(isQuiet: isQuiet) {
            try MaskedAutoencoder(weights: $0, numHeads: numHeads, decoderHeads: decoderHeads, on: $1)
        }
        let masking = try model.masking(ratio: maskRatio)
        guard masking.masked > 0 else {
            throw Failure(
                weights, "a mask ratio of \(maskRatio) hides none of \(masking.patches) patches")
        }
        let partitions = try inputs.partitions(for: model, limit: limit)
        return Opened(
            model: model, partitions: partitions, masking: masking,
            runner: GalaxyRunner(gemm: model.gemm, threads: threads, batchSize: batchSize),
            count: GalaxyRun.count(of: partitions, limit: limit))
    }
}

/// What such a run was and how fast: the object that `--json` prints is made of it.
struct AutoencoderRun: Encodable {
    let galaxies: Int
    let passes: Int
    let seconds: Double
    let galaxiesPerSecond: Double
    let threads: Int
    let instructionSet: String
    let gemm: String
    let weights: String
    /// Of all patches, how many a pass hides.
    let masked: Int
    let patches: Int

    enum CodingKeys: String, CodingKey {
        case galaxies, passes, seconds, threads, gemm, weights, masked, patches
        case galaxiesPerSecond = "galaxies_per_second"
        case instructionSet = "instruction_set"
    }

    init(_ run: GalaxyRun, of opened: AutoencoderJob.Opened, weights: String, passes: Int) {
        (galaxies, seconds, galaxiesPerSecond, threads) = (run.count, run.seconds, run.galaxiesPerSecond, run.threads)
        (instructionSet, gemm) = (opened.model.instructionSet.rawValue, opened.model.gemm.rawValue)
        (masked, patches) = (opened.masking.masked, opened.masking.patches)
        self.weights = weights
        self.passes = passes
    }

    var speedLine: String {
        let times = passes == 1 ? "once" : "\(passes) times"
        return Numbers.speedLine(
            galaxies: galaxies, seconds: seconds, rate: galaxiesPerSecond, threads: threads,
            kernels: "each \(times), \(instructionSet), \(gemm)")
    }
}
