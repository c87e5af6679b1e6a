import CKernels
import FoundationEssentials
import Platform

/// The instruction sets that have a table of kernels. Each but `portable` has a narrower one below it, which every
/// processor with the wider one has too: `avx512`, `avx2`, `portable` on x86-64 and `neon`, `portable` on 64-bit ARM.
public enum InstructionSet: String, Sendable, CaseIterable {
    case portable, avx2, avx512, neon

    /// The next narrower one of the same processors.
    public var below: InstructionSet? {
        switch self {
        case .portable: nil
        case .avx2, .neon: .portable
        case .avx512: .avx2
        }
    }

    /// Whether this processor and build can run it.
    public var isAvailable: Bool { self == .portable || cai_kernels_for(identifier) != nil }

    /// This one if it is available, else the widest available one below it.
    public var availableOrBelow: InstructionSet {
        guard !isAvailable, let below else { return self }
        return below.availableOrBelow
    }

    /// The widest available one.
    public static var widest: InstructionSet { allCases.last { $0.isAvailable } ?? .portable }

    /// The widest available one that is not above `cap`, a name as in the environment's `CAI_ISA`. Nil or empty caps
    /// nothing; a set of other processors leaves `portable`.
    /// - Throws: `Failure` if `cap` is not the name of an instruction set.
    public static func widest(cappedBy cap: String?) throws(Failure) -> InstructionSet {
        guard let cap, !cap.isEmpty else { return .widest }
        guard let set = InstructionSet(rawValue: cap) else {
            let known = allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure("CAI_ISA", "'\(cap)' is not an instruction set; expected \(known)")
        }
        return set.availableOrBelow
    }

    /// The widest available one that is not above the environment's `CAI_ISA`.
    /// - Throws: `Failure` if that is not the name of an instruction set.
    public static func fromEnvironment() throws(Failure) -> InstructionSet {
        try widest(cappedBy: ProcessInfo.processInfo.environment["CAI_ISA"])
    }

    var identifier: cai_isa {
        switch self {
        case .portable: CAI_ISA_PORTABLE
        case .avx2: CAI_ISA_AVX2
        case .avx512: CAI_ISA_AVX512
        case .neon: CAI_ISA_NEON
        }
    }
}
