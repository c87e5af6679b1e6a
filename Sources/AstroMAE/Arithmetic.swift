/// What a redshift's bits depend on besides galaxy and weights, apart from the instruction set: results of one run are not
/// mixed where it differs.
public struct Arithmetic: Sendable, Equatable, CustomStringConvertible {
    /// Raised with every change of the program that changes a bit of a redshift.
    static let version = 1

    public let gemm: GemmBackend
    public let precision: Precision

    /// That of a program's own kernels.
    public static func usual(_ precision: Precision) -> Arithmetic { Arithmetic(gemm: .packed, precision: precision) }

    /// `1 packed float32`, `1 packed bf16`
    public var description: String { "\(Self.version) \(gemm.rawValue) \(precision.rawValue)" }
}

extension RedshiftModel {
    public var arithmetic: Arithmetic { Arithmetic(gemm: gemm, precision: precision) }
}
