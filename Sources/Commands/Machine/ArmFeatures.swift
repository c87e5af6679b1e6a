import CLinux

/// The extensions of a processor for 64-bit ARM that the kernel reports to each process.
enum ArmFeatures {
    /// Of this machine; empty on other architectures.
    static var current: Set<String> {
        #if arch(arm64)
        names(first: getauxval(UInt(AT_HWCAP)), second: getauxval(UInt(AT_HWCAP2)))
        #else
        []
        #endif
    }

    /// By the names in `Features` of /proc/cpuinfo.
    /// - Parameters:
    ///   - first: AT_HWCAP of getauxval (Linux, arch/arm64/include/uapi/asm/hwcap.h).
    ///   - second: AT_HWCAP2.
    static func names(first: UInt, second: UInt) -> Set<String> {
        Set(firstNames.filter { first >> $0.key & 1 == 1 }.values).union(
            secondNames.filter { second >> $0.key & 1 == 1 }.values)
    }

    private static let firstNames: [UInt: String] = [
        1: "asimd", 7: "crc32", 10: "asimdhp", 20: "asimddp", 22: "sve",
    ]
    private static let secondNames: [UInt: String] = [1: "sve2", 13: "i8mm", 14: "bf16"]
}
