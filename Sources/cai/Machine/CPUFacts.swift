import AstroMAE
import FoundationEssentials
import Platform
import Runs
import TensorFiles

/// The first processor, as the system describes it.
struct CPUFacts {
    struct Cache: Encodable {
        let level: Int
        /// data, instruction or unified.
        let type: String
        /// As the system writes it: 32K, 1024K.
        let size: String
        /// Logical processors that share it.
        let processors: Int

        var text: String {
            let kind = type == "unified" ? "" : " \(type)"
            return "L\(level)\(kind) \(size)" + (processors > 1 ? " for \(processors) processors" : "")
        }
    }

    let name: String
    /// Everything in the `flags` (x86) or `Features` (Arm) of /proc/cpuinfo.
    let flags: Set<String>
    let caches: [Cache]
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
        "amx_tile", "asimd", "asimdhp", "sve", "sve2", "bf16",
    ]
    /// Where C kernels run: the architecture that they are built for, and the flags that they need.
    private static let needs = [
        "avx2": ("x86-64", ["avx2", "fma"]), "avx512": ("x86-64", ["avx512f", "fma"]), "neon": ("arm64", ["asimd"]),
    ]

    static var current: CPUFacts {
        CPUFacts(
            cpuinfo: systemText("/proc/cpuinfo") ?? "", caches: caches(under: "/sys/devices/system/cpu/cpu0/cache"))
    }

    init(cpuinfo: String, caches: [Cache]) {
        func value(_ key: String) -> String? { systemValue(key, in: cpuinfo, after: ":") }
        name = value("model name") ?? "unknown processor"
        flags = Set((value("flags") ?? value("Features") ?? "").split(separator: " ").map(String.init))
        self.caches = caches
        cores = Self.cores(cpuinfo)
    }

    /// Processors with the same socket and core id are one core.
    private static func cores(_ cpuinfo: String) -> Int? {
        var cores: Set<String> = []
        var socket = ""
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0].words {
            case "physical id": socket = parts[1].words
            case "core id": cores.insert(socket + " " + parts[1].words)
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

    /// The caches of one processor, from its folder in /sys; those that are not described are left out.
    private static func caches(under folder: String) -> [Cache] {
        func read(_ path: String) -> String? { systemText(path)?.words }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix("index") }.sorted().compactMap { name in
            let path = "\(folder)/\(name)/"
            guard let level = read(path + "level").flatMap({ Int($0) }), let type = read(path + "type"),
                let size = read(path + "size")
            else { return nil }
            // A mask of bits, in groups of eight hexadecimal digits.
            let processors = (read(path + "shared_cpu_map") ?? "").reduce(0) {
                $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0)
            }
            return Cache(level: level, type: type.lowercased(), size: size, processors: max(1, processors))
        }
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
        machine.memoryBytes = memory(meminfo: systemText("/proc/meminfo") ?? "")
        machine.instructionSet = try InstructionSet.choice.set.rawValue
        let kernel = systemText("/proc/sys/kernel/osrelease")?.split(whereSeparator: \.isWhitespace).first
        let system = [name(release: systemText("/etc/os-release") ?? ""), kernel.map { "Linux \($0)" }]
        machine.system = system.compactMap(\.self).joined(separator: ", ")
        return machine
    }

    /// Bytes, of the line `MemTotal: 24684092 kB`.
    static func memory(meminfo: String) -> Int? {
        systemValue("MemTotal", in: meminfo, after: ":")?.split(separator: " ").first.flatMap { Int($0) }.map {
            $0 << 10
        }
    }

    /// Of the line `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"`.
    static func name(release: String) -> String? {
        systemValue("PRETTY_NAME", in: release, after: "=")?.filter { $0 != "\"" }
    }
}

/// A file in which the system describes itself; nil where it cannot be read.
private func systemText(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

/// The words behind the separator in the first line of that key; nil where there is no such line.
private func systemValue(_ key: String, in text: String, after separator: Character) -> String? {
    text.split(separator: "\n").lazy.map { $0.split(separator: separator, maxSplits: 1).map(\.words) }
        .first { $0.first == key }?.dropFirst().first
}

extension StringProtocol {
    /// The words alone, one space between them.
    fileprivate var words: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
