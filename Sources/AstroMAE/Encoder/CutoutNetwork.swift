/// What readers, runners and messages need of a network over cutouts.
public protocol CutoutNetwork: Sendable {
    /// Bands, height and width of a cutout: 5, 32, 32.
    var imageShape: [Int] { get }
    /// Floats of one cutout.
    var imageCount: Int { get }
    /// Magnitudes of a galaxy that the network reads; nil for a network that reads cutouts only.
    var requiredMagnitudes: Int? { get }
    /// The kernels that it runs on; these and the weights decide every bit of its output.
    var instructionSet: InstructionSet { get }
    var gemm: GemmBackend { get }
    /// Trainable parameters as the network was trained, without class and mask tokens and positions.
    var parameterCount: Int { get }
    /// Constants that the file does not state and that were assumed: one line each, to be shown to the user.
    var notices: [String] { get }
}
