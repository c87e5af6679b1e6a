import Inference
import Platform
import Runs

/// A run of a masked autoencoder and its speed, as a part of the object that `--json` prints.
struct AutoencoderRun: Encodable {
    let galaxies: Int
    let passes: Int
    let seconds: Double
    let galaxiesPerSecond: Double
    let threads: Int
    let instructionSet: String
    let gemm: String
    let weights: String
    /// Hidden patches of each pass.
    let masked: Int
    let patches: Int

    enum CodingKeys: String, CodingKey {
        case galaxies, passes, seconds, threads, gemm, weights, masked, patches
        case galaxiesPerSecond = "galaxies_per_second"
        case instructionSet = "instruction_set"
    }

    init(_ run: GalaxyRun, of opened: AutoencoderJob.Opened, passes: Int) {
        (galaxies, seconds, galaxiesPerSecond, threads) = (run.count, run.seconds, run.galaxiesPerSecond, run.threads)
        (instructionSet, gemm) = (opened.model.instructionSet.rawValue, opened.model.gemm.rawValue)
        (masked, patches) = (opened.masking.masked, opened.masking.patches)
        weights = opened.weights
        self.passes = passes
    }

    var speedLine: String {
        let times = passes == 1 ? "once" : "\(passes) times"
        return Numbers.speedLine(
            galaxies: galaxies, seconds: seconds, rate: galaxiesPerSecond, threads: threads,
            kernels: "each \(times), \(instructionSet), \(gemm)")
    }
}
