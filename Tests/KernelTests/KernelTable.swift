import CKernels
import PortableKernels
import Testing

/// One implementation of the kernels, by the name of its instruction set.
struct KernelTable: Sendable, CustomTestStringConvertible {
    let name: String
    let find: @Sendable () -> cai_kernels?

    var testDescription: String { name }
    /// Whether its multiply-adds are rounded once.
    var isFused: Bool { name != "portable" }
    var kernels: cai_kernels {
        get throws { try #require(find(), "this processor cannot run \(name)") }
    }

    static let all = [
        KernelTable(name: "portable") { portableKernels },
        KernelTable(name: "avx2") { cai_kernels_for(CAI_ISA_AVX2)?.pointee },
        KernelTable(name: "avx512") { cai_kernels_for(CAI_ISA_AVX512)?.pointee },
        KernelTable(name: "neon") { cai_kernels_for(CAI_ISA_NEON)?.pointee },
    ]
    /// The tables that this processor can run.
    static let available = all.filter { $0.find() != nil }
}

/// Half a unit in the last place of 1: the relative error of one rounding.
let unitRoundoff = 0x1p-24

/// Reproducible values in [-1, 1) (a linear congruential generator with Knuth's constants).
struct Noise {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
    }

    mutating func values(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}
