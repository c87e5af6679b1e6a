import CKernels
import FoundationEssentials
import Platform
import PortableKernels

extension InstructionSet {
    /// The kernels, for programs that measure them; nil where this processor or build cannot run them.
    public var table: cai_kernels? { self == .portable ? portableKernels : cai_kernels_for(identifier)?.pointee }

    /// Runs `iterations` rounds of independent multiply-adds in registers.
    /// - Returns: the floating-point operations done, two a multiply-add; zero if the set cannot be run.
    public func multiplyAdds(iterations: Int) -> Int {
        // The fixed point of x/2 + 1/2 is 1: nothing grows or becomes subnormal.
        var sink: [Float] = [0.5, 0.5]
        return table?.fma_peak(iterations, &sink) ?? 0
    }

    /// The choice of `fromEnvironment`, and a phrase that says why.
    public static var choice: (set: InstructionSet, reason: String) {
        get throws(Failure) {
            let set = try fromEnvironment()
            guard let cap = ProcessInfo.processInfo.environment["CAI_ISA"], !cap.isEmpty else {
                return (set, "the widest that this processor and build can run")
            }
            return (
                set,
                set.rawValue == cap
                    ? "CAI_ISA=\(cap)" : "the widest below CAI_ISA=\(cap), which this processor and build cannot run"
            )
        }
    }
}
