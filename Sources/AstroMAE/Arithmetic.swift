/// What a redshift's bits depend on besides galaxy and weights, apart from the instruction set: results of one run are not
/// mixed where it differs.
public struct Arithmetic: Sendable, Equatable, CustomStringConvertible {
    /// Raised with every change of the program that changes a bit of a redshift.
    static let version = 2

    public let gemm: GemmBackend

    /// That of a program's own kernels.
    public static let usual = Arithmetic(gemm: .packed)

    /// `1 packed float32`
    public var description: String { "\(Self.version) \(gemm.rawValue) float32" }
}

extension RedshiftModel {
    public var arithmetic: Arithmetic { Arithmetic(gemm: gemm) }
}
