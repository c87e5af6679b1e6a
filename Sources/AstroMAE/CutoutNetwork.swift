/// What all networks over cutouts have in common: what readers, runners and messages have to know of one.
public protocol CutoutNetwork: Sendable {
    /// Bands, height and width of a cutout: 5, 32, 32.
    var imageShape: [Int] { get }
    /// Floats of one cutout.
    var imageCount: Int { get }
    /// How many magnitudes it takes of a galaxy; nil for a network that looks at cutouts alone.
    var requiredMagnitudes: Int? { get }
    /// The kernels that it runs on; together with the weights they decide every bit of its output.
    var instructionSet: InstructionSet { get }
    var gemm: GemmBackend { get }
    /// Trainable parameters as the network was trained, without class and mask tokens and positions.
    var parameterCount: Int { get }
    /// What had to be assumed because the file does not say it: one line each, to be shown to the user.
    var notices: [String] { get }
}
