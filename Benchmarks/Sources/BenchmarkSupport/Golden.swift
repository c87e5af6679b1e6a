import AstroMAE
import TensorFiles

/// Reference redshifts: PyTorch's in float32, and the same network's in float64, with which redshifts are compared.
public struct Golden: Sendable {
    public let float32: [Double]
    public let float64: [Double]

    /// Reads `z` and `z_float64` of a safetensors file.
    public init(path: String) throws {
        let file = try TensorFile.open(path: path)
        guard let float32 = file["z"], let float64 = file["z_float64"], float32.count == float64.count else {
            throw BenchmarkError("\(path): expected z and z_float64 of one length")
        }
        self.float32 = try float32.doubles()
        self.float64 = try float64.doubles()
    }

    /// Compares redshifts with the first golden ones.
    /// - Parameter precision: that they were computed in.
    public func compare(_ redshifts: [Float], precision: Precision = .float32) throws -> Accuracy {
        guard !redshifts.isEmpty, redshifts.count <= float64.count else {
            throw BenchmarkError("\(redshifts.count) redshifts cannot be compared with \(float64.count) golden ones")
        }
        let ours = zip(redshifts, float64).map { Double($0) - $1 }
        let theirs = zip(float32, float64).prefix(redshifts.count).map { $0 - $1 }
        return Accuracy(
            precision: precision, galaxies: redshifts.count,
            // Every comparison with NaN is false: count it as an infinite error.
            worst: ours.map { $0.isNaN ? .infinity : abs($0) }.max() ?? .infinity,
            rootMeanSquare: rootMeanSquare(ours), referenceRootMeanSquare: rootMeanSquare(theirs))
    }

    private func rootMeanSquare(_ errors: [Double]) -> Double {
        (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
    }
}

/// Errors of redshifts against the float64 ones, in units of redshift.
public struct Accuracy: Codable, Sendable {
    public let precision: Precision
    public let galaxies: Int
    /// max |z - z_float64|
    public let worst: Double
    /// Root mean square of z - z_float64, of CAI and of PyTorch's float32.
    public let rootMeanSquare: Double
    public let referenceRootMeanSquare: Double

    /// The largest error allowed in any galaxy. In bfloat16 it is twice the demo's, whose operands have relative errors of
    /// 2^-9.
    public var worstAllowed: Double { precision == .bf16 ? 6e-4 : 2e-6 }
    /// The largest root mean square allowed: 1.25 times PyTorch's, in bfloat16 twice the demo's.
    public var rootMeanSquareAllowed: Double { precision == .bf16 ? 1.5e-4 : 1.25 * referenceRootMeanSquare }

    public var passes: Bool { worst <= worstAllowed && rootMeanSquare <= rootMeanSquareAllowed }
}
