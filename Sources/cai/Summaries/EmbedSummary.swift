import Inference
import Platform
import Runs

/// The run and its speed: the object that `--json` prints.
struct EmbedSummary: Encodable {
    let galaxies: Int
    /// Galaxies that have flags, and NaN for features.
    let flagged: Int
    let seconds: Double
    let galaxiesPerSecond: Double
    let threads: Int
    let batchSize: Int
    let instructionSet: String
    let gemm: String
    let weights: String
    /// `redshift network` or `masked autoencoder`.
    let network: String
    let layer: String
    let dtype: String
    /// Of the array.
    let shape: [Int]
    let output: String
    let ids: String

    enum CodingKeys: String, CodingKey {
        case galaxies, flagged, seconds, threads, gemm, weights, network, layer, dtype, shape, output, ids
        case galaxiesPerSecond = "galaxies_per_second"
        case instructionSet = "instruction_set"
        case batchSize = "batch_size"
    }

    init(_ outcome: FeatureJob.Outcome, batchSize: Int, dtype: String, weights: String, output: String, ids: String) {
        let (run, encoder) = (outcome.run, outcome.encoder)
        flagged = outcome.flags.flagged
        (galaxies, seconds, galaxiesPerSecond) = (run.count, run.seconds, run.galaxiesPerSecond)
        (threads, self.batchSize) = (run.threads, batchSize)
        (instructionSet, gemm) = (encoder.instructionSet.rawValue, encoder.gemm.rawValue)
        (self.weights, network, layer) = (weights, encoder.kind.rawValue, encoder.layer.rawValue)
        (self.dtype, shape) = (dtype, [run.count] + encoder.featureShape)
        (self.output, self.ids) = (output, ids)
    }

    /// `1,024 galaxies in 5.12 s, 200.0 galaxies/s, 2 threads, avx2, packed`
    var speedLine: String {
        Numbers.speedLine(
            galaxies: galaxies, seconds: seconds, rate: galaxiesPerSecond, threads: threads,
            kernels: "\(instructionSet), \(gemm)")
    }
}
