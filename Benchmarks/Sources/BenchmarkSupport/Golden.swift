import TensorFiles

/// Redshifts computed elsewhere: PyTorch's in float32, and the same network in float64, which is the judge.
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

    /// Compares the first redshifts, as many as are given, with as many golden ones.
    public func compare(_ redshifts: [Float]) throws -> Accuracy {
        guard !redshifts.isEmpty, redshifts.count <= float64.count else {
            throw BenchmarkError("\(redshifts.count) redshifts cannot be compared with \(float64.count) golden ones")
        }
        let ours = zip(redshifts, float64).map { Double($0) - $1 }
        let theirs = zip(float32, float64).prefix(redshifts.count).map { $0 - $1 }
        return Accuracy(
            galaxies: redshifts.count,
            // NaN loses every comparison: count it as infinitely far.
            worst: ours.map { $0.isNaN ? .infinity : abs($0) }.max() ?? .infinity,
            rootMeanSquare: rootMeanSquare(ours), referenceRootMeanSquare: rootMeanSquare(theirs))
    }

    private func rootMeanSquare(_ errors: [Double]) -> Double {
        (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
    }
}

/// How far redshifts are from the float64 ones, in units of redshift.
public struct Accuracy: Codable, Sendable {
    public let galaxies: Int
    /// max |z - z_float64|
    public let worst: Double
    /// Root mean square of z - z_float64, ours and that of PyTorch's float32.
    public let rootMeanSquare: Double
    public let referenceRootMeanSquare: Double

    /// The farthest that any galaxy may be.
    public static let worstAllowed = 2e-6
    /// The most that our root mean square may be of PyTorch's.
    public static let ratioAllowed = 1.25

    public var ratio: Double { rootMeanSquare / referenceRootMeanSquare }
    public var passes: Bool { worst <= Self.worstAllowed && ratio <= Self.ratioAllowed }
}
