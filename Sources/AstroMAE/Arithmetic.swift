import Platform

/// What a redshift's bits depend on besides galaxy and weights, apart from the instruction set: results of one run are not
/// mixed where it differs.
public struct Arithmetic: Sendable, Equatable, CustomStringConvertible {
    /// Raised with every change of the program that changes a bit of a redshift.
    static let version = 2

    public let gemm: GemmBackend
    public let precision: Precision
    /// Whether sums of bfloat16 are rounded as by ARM's BFMMLA.
    public let roundsToOdd: Bool

    init(gemm: GemmBackend, precision: Precision, _ instructionSet: InstructionSet) {
        (self.gemm, self.precision) = (gemm, precision)
        roundsToOdd = precision == .bf16 && instructionSet.roundsToOdd
    }

    /// That of this process with a precision and no other option.
    /// - Throws: `Failure` if the environment's `CAI_ISA` is invalid.
    public static func usual(_ precision: Precision) throws(Failure) -> Arithmetic {
        Arithmetic(gemm: .packed, precision: precision, try .fromEnvironment())
    }

    /// `1 packed float32`, `1 packed bf16`, `1 packed bf16 bfmmla`
    public var description: String {
        "\(Self.version) \(gemm.rawValue) \(precision.rawValue)" + (roundsToOdd ? " bfmmla" : "")
    }
}

extension RedshiftModel {
    public var arithmetic: Arithmetic { Arithmetic(gemm: gemm, precision: precision, instructionSet) }
}
