/// What readers, runners and messages need of a network over cutouts.
public protocol CutoutNetwork: Sendable {
    /// Bands, height and width of a cutout: 5, 32, 32.
    var imageShape: [Int] { get }
    /// Floats of one cutout.
    var imageCount: Int { get }
    /// Magnitudes of a galaxy that the network reads; nil for a network that reads cutouts only.
    var requiredMagnitudes: Int? { get }
    /// Its bands, if its weights state them.
    var statedBands: NetworkBands? { get }
    /// The kernels that it runs on; these and the weights decide every bit of its output.
    var instructionSet: InstructionSet { get }
    var gemm: GemmBackend { get }
    /// Of the Linear layers.
    var precision: Precision { get }
    /// Trainable parameters as the network was trained, without class and mask tokens and positions.
    var parameterCount: Int { get }
    /// What the file does not state and was assumed: one line each, to be shown to the user, since numbers depend on it.
    var warnings: [String] { get }
    /// What was compared with this network, and what no file holds: one line each.
    var checks: [String] { get }
}

extension CutoutNetwork {
    /// A line for users of bfloat16 where it is slower than float32; nil otherwise.
    public var precisionNotice: String? {
        guard precision == .bf16, !instructionSet.multipliesBfloat16 else { return nil }
        return
            "--precision bf16: \(instructionSet.rawValue) here has no instruction for bfloat16, which is widened to float32: "
            + (instructionSet == .portable
                ? "many times slower than float32" : "slower than float32, the same bits as with AVX512_BF16")
    }
}
