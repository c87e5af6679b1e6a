/// The name of a processor.
public enum ProcessorModel {
    /// Of this machine's first one; nil where the system does not state it.
    public static var name: String? {
        #if arch(arm64)
        name(cpuinfo: SystemText.read("/proc/cpuinfo") ?? "", isArm: true)
        #else
        name(cpuinfo: SystemText.read("/proc/cpuinfo") ?? "", isArm: false)
        #endif
    }

    /// - Parameters:
    ///   - cpuinfo: content of /proc/cpuinfo.
    ///   - isArm: whether the program is for 64-bit ARM. An emulator may show it a processor of another architecture, whose
    ///     name is not returned.
    package static func name(cpuinfo: String, isArm: Bool) -> String? {
        guard isArm else { return SystemText.value("model name", in: cpuinfo) }
        guard let implementer = SystemText.value("CPU implementer", in: cpuinfo),
            let part = SystemText.value("CPU part", in: cpuinfo)
        else { return nil }
        return armCores[implementer + " " + part] ?? "64-bit ARM processor \(implementer) \(part)"
    }

    /// Of the servers' cores, Arm's own and Ampere's, and those that run developers' machines, by `CPU implementer` and
    /// `CPU part` (MIDR_EL1).
    private static let armCores = [
        "0x41 0xd03": "Cortex-A53", "0x41 0xd08": "Cortex-A72 (Graviton)", "0x41 0xd0b": "Cortex-A76",
        "0x41 0xd0c": "Neoverse N1 (Graviton2, Altra)", "0x41 0xd40": "Neoverse V1 (Graviton3)",
        "0x41 0xd49": "Neoverse N2", "0x41 0xd4f": "Neoverse V2 (Graviton4, Grace)", "0x41 0xd84": "Neoverse V3",
        "0x41 0xd8e": "Neoverse N3", "0xc0 0xac3": "Ampere-1", "0xc0 0xac4": "Ampere-1a",
    ]
}
