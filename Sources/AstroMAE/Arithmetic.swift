import Platform

/// What a redshift's bits depend on besides galaxy and weights: results are not mixed where it differs. AVX2, AVX-512 and
/// NEON give the same bits; the portable kernels give their own.
public struct Arithmetic: Sendable, Equatable, CustomStringConvertible {
    /// Raised with every change of the program that changes a bit of a redshift.
    static let version = 1

    public let gemm: GemmBackend
    /// Whether the portable kernels compute.
    public let isPortable: Bool

    init(gemm: GemmBackend, _ instructionSet: InstructionSet) {
        (self.gemm, isPortable) = (gemm, instructionSet == .portable)
    }

    /// That of this process without options.
    /// - Throws: `Failure` if the environment's `CAI_ISA` is invalid.
    public static var usual: Arithmetic {
        get throws(Failure) { Arithmetic(gemm: .packed, try .fromEnvironment()) }
    }

    /// `1 packed float32`, `1 packed float32 portable`
    public var description: String {
        "\(Self.version) \(gemm.rawValue) float32" + (isPortable ? " portable" : "")
    }
}

extension RedshiftModel {
    public var arithmetic: Arithmetic { Arithmetic(gemm: gemm, instructionSet) }
}
