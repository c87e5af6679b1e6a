import AstroMAE
import Platform
import Runs
import TensorFiles

/// The first processor, as the system describes it.
struct CPUFacts {
    let name: String
    /// Everything in the `flags` (x86) or `Features` (Arm) of /proc/cpuinfo.
    let flags: Set<String>
    let caches: [ProcessorCache]
    /// Cores of all processors, each counted once however many threads it has; nil where the system does not state them.
    let cores: Int?

    #if arch(x86_64)
    static let architecture = "x86-64"
    #elseif arch(arm64)
    static let architecture = "arm64"
    #else
    static let architecture = "another architecture"
    #endif

    /// Vector extensions that matter to kernels over floats, narrow to wide.
    private static let notable = [
        "sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_bf16",
        "amx_tile", "asimd", "crc32", "asimdhp", "asimddp", "i8mm", "sve", "sve2", "bf16",
    ]
    /// Where C kernels run: the architecture that they are built for, and the flags that they need.
    private static let needs = [
        "avx2": ("x86-64", ["avx2", "fma"]), "avx512": ("x86-64", ["avx512f", "fma"]), "neon": ("arm64", ["asimd"]),
    ]

    static var current: CPUFacts { CPUFacts(root: "") }

    /// - Parameters:
    ///   - root: the folder that contains `/proc` and `/sys`.
    ///   - isArm: whether the program is for 64-bit ARM. An emulator may show it the processor of another architecture.
    ///   - features: those of this process, on 64-bit ARM.
    init(root: String, isArm: Bool = architecture == "arm64", features: Set<String> = ArmFeatures.current) {
        self.init(
            cpuinfo: SystemText.read(root + "/proc/cpuinfo") ?? "", caches: ProcessorCache.all(root: root),
            cores: Self.cores(root: root), isArm: isArm, features: features)
    }

    /// - Parameter cores: where the system states them beside /proc/cpuinfo.
    init(
        cpuinfo: String, caches: [ProcessorCache], cores: Int? = nil, isArm: Bool = false, features: Set<String> = []
    ) {
        func words(_ key: String) -> Set<String>? {
            SystemText.value(key, in: cpuinfo).map { Set($0.split(separator: " ").map(String.init)) }
        }
        name = ProcessorModel.name(cpuinfo: cpuinfo, isArm: isArm) ?? "unknown processor"
        flags = isArm ? words("Features") ?? features : words("flags") ?? []
        self.caches = caches
        self.cores = cores ?? Self.cores(cpuinfo)
    }

    /// By the threads of each core in /sys: /proc/cpuinfo does not state cores on 64-bit ARM.
    private static func cores(root: String) -> Int? {
        let folder = root + "/sys/devices/system/cpu"
        guard let online = SystemText.read(folder + "/online").flatMap({ Processors.numbers($0) }) else { return nil }
        let first = online.compactMap {
            SystemText.read("\(folder)/cpu\($0)/topology/thread_siblings_list").flatMap { Processors.numbers($0) }?
                .first
        }
        return first.count == online.count ? Set(first).count : nil
    }

    /// Processors with the same socket and core id are one core.
    private static func cores(_ cpuinfo: String) -> Int? {
        var cores: Set<String> = []
        var socket = ""
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch SystemText.words(parts[0]) {
            case "physical id": socket = SystemText.words(parts[1])
            case "core id": cores.insert(socket + " " + SystemText.words(parts[1]))
            default: break
            }
        }
        return cores.isEmpty ? nil : cores.count
    }

    var extensions: [String] { Self.notable.filter(flags.contains) }

    /// Why kernels of an instruction set can or cannot be run here.
    func reason(_ set: InstructionSet) -> String {
        if set == .portable { return "Swift's own vectors, on every processor" }
        guard let (architecture, needed) = Self.needs[set.rawValue] else {
            return set.isAvailable ? "in this build" : "not in this build, or not of this processor"
        }
        if set.isAvailable { return "the processor has \(needed.joined(separator: ", "))" }
        guard architecture == Self.architecture else { return "not built: kernels for \(architecture)" }
        let missing = needed.filter { !flags.contains($0) }
        return missing.isEmpty ? "not built, or not allowed by the system" : "the processor has no \(missing[0])"
    }
}

extension ProcessorCache {
    /// For people: L2 1024K for 2 processors.
    var text: String {
        let kind = type == "unified" ? "" : " \(type)"
        return "L\(level)\(kind) \(size)" + (processors > 1 ? " for \(processors) processors" : "")
    }
}

extension ExperimentMachine {
    /// This one.
    /// - Throws: `Failure` where `CAI_ISA` names no instruction set.
    static func current() throws -> ExperimentMachine {
        let facts = CPUFacts.current
        var machine = ExperimentMachine()
        machine.processor = facts.name
        machine.architecture = CPUFacts.architecture
        machine.cores = facts.cores
        machine.threads = Processors.available
        machine.memoryBytes = memory(meminfo: SystemText.read("/proc/meminfo") ?? "")
        machine.instructionSet = try InstructionSet.choice.set.rawValue
        let kernel = SystemText.read("/proc/sys/kernel/osrelease")?.split(whereSeparator: \.isWhitespace).first
        let system = [name(release: SystemText.read("/etc/os-release") ?? ""), kernel.map { "Linux \($0)" }]
        machine.system = system.compactMap(\.self).joined(separator: ", ")
        return machine
    }

    /// Bytes, of the line `MemTotal: 24684092 kB`.
    static func memory(meminfo: String) -> Int? {
        SystemText.value("MemTotal", in: meminfo)?.split(separator: " ").first.flatMap { Int($0) }.map {
            $0 << 10
        }
    }

    /// Of the line `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"`.
    static func name(release: String) -> String? {
        SystemText.value("PRETTY_NAME", in: release, after: "=")?.filter { $0 != "\"" }
    }
}
