import Platform
import TensorFiles

/// This program's redshifts compared with those that another implementation, such as the user's own PyTorch, has computed
/// for the same galaxies.
public struct ReferenceComparison: Sendable {
    /// A galaxy and both of its redshifts.
    public struct Row: Encodable, Sendable {
        /// Of all galaxies, in the order of the inputs, from 0.
        public let index: Int
        public let reference: Double
        public let here: Float
        /// NaN if only one of them is finite.
        public var difference: Double { Double(here) - reference }
        /// The farthest apart come first, and not finite ones before all.
        fileprivate var distance: Double { difference.isNaN ? .infinity : abs(difference) }
    }

    /// Galaxies whose redshifts were compared.
    public let compared: Int
    /// Galaxies that have flags here, and NaN for a redshift; they are not compared.
    public let flagged: Int
    /// The largest distance, infinite if a reference is not finite, and the root of the mean square.
    public let largest: Double
    public let rootMeanSquare: Double
    /// The farthest apart first.
    public let worst: [Row]
    public let tolerance: Double

    public var agrees: Bool { largest <= tolerance }

    /// - Parameters:
    ///   - redshifts: NaN for galaxies that have flags.
    ///   - reference: of the same galaxies in the same order.
    ///   - rows: how many of the worst are kept.
    /// - Throws: `Failure` if there is nothing to compare.
    public init(
        _ redshifts: [Float], reference: [Double], file: String, tolerance: Double, rows: Int = 5
    ) throws(Failure) {
        guard reference.count == redshifts.count else {
            throw Failure(
                file,
                "has \(reference.count) redshifts, expected one for each of the \(redshifts.count) galaxies, in their order"
            )
        }
        let pairs = zip(redshifts, reference).enumerated().filter { !$1.0.isNaN }
            .map { Row(index: $0, reference: $1.1, here: $1.0) }
        guard !pairs.isEmpty else { throw Failure(file, "there is no galaxy to compare: all have flags") }
        (compared, flagged, self.tolerance) = (pairs.count, redshifts.count - pairs.count, tolerance)
        largest = pairs.reduce(0) { max($0, $1.distance) }
        let squares = pairs.reduce(0) { $0 + $1.distance * $1.distance }
        rootMeanSquare = (squares / Double(pairs.count)).squareRoot()
        worst = Array(pairs.sorted { ($1.distance, $0.index) < ($0.distance, $1.index) }.prefix(rows))
    }

    /// The redshifts of a file: a .npy array, or the array `z`, `z_phot`, `redshifts` or the only one of a .npz file; [N]
    /// or [N, 1].
    public static func redshifts(of path: String) throws(Failure) -> [Double] {
        let file = try TensorFile.open(path: path)
        let named = ["z", "z_phot", "redshifts"].lazy.compactMap { file[$0] }.first
        guard let tensor = named ?? (file.tensors.count == 1 ? file.tensors[0] : nil) else {
            throw Failure(
                path,
                "expected an array 'z', found \(file.tensors.prefix(8).map { "'\($0.name)'" }.joined(separator: ", "))")
        }
        guard tensor.dtype.isFloatingPoint, [1, 2].contains(tensor.shape.count), tensor.rowCount == 1 else {
            throw Failure(
                path,
                "\(tensor.name.isEmpty ? "the array" : "'\(tensor.name)'") is \(tensor.dtype.rawValue) \(tensor.shape), "
                    + "expected floats of shape [N] or [N, 1]")
        }
        return try tensor.doubles()
    }
}
