import Platform

/// What a redshift's bits depend on besides galaxy and weights: results are not mixed where it differs. AVX2, AVX-512 and
/// NEON give the same bits; the portable kernels and ARM's BFMMLA give their own.
public struct Arithmetic: Sendable, Equatable, CustomStringConvertible {
    /// Raised with every change of the program that changes a bit of a redshift.
    static let version = 2

    public let gemm: GemmBackend
    public let precision: Precision
    /// Whether the portable kernels compute.
    public let isPortable: Bool
    /// Whether sums of bfloat16 are rounded as by ARM's BFMMLA.
    public let roundsToOdd: Bool
    /// That of the processor where OpenBLAS multiplies, which has other kernels, and bits, for each.
    public let openBLAS: InstructionSet?

    init(gemm: GemmBackend, precision: Precision, _ instructionSet: InstructionSet) {
        (self.gemm, self.precision, isPortable) = (gemm, precision, instructionSet == .portable)
        roundsToOdd = precision == .bf16 && instructionSet.roundsToOdd
        openBLAS = gemm == .openblas && instructionSet != .portable ? instructionSet : nil
    }

    /// That of this process with a precision and no other option.
    /// - Throws: `Failure` if the environment's `CAI_ISA` is invalid.
    public static func usual(_ precision: Precision) throws(Failure) -> Arithmetic {
        Arithmetic(gemm: .packed, precision: precision, try .fromEnvironment())
    }

    /// `2 packed float32`, `2 packed float32 portable`, `2 packed bf16`, `2 packed bf16 bfmmla`,
    /// `2 openblas float32 avx2`
    public var description: String {
        "\(Self.version) \(gemm.rawValue) \(precision.rawValue)" + (roundsToOdd ? " bfmmla" : "")
            + (isPortable ? " portable" : "") + (openBLAS.map { " \($0.rawValue)" } ?? "")
    }
}

extension RedshiftModel {
    public var arithmetic: Arithmetic { Arithmetic(gemm: gemm, precision: precision, instructionSet) }
}
