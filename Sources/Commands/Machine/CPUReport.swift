import AstroMAE
import FoundationEssentials
import Inference
import Platform

/// The output of `inspect --cpu`: the processor, which kernels are used on it, and why.
struct CPUReport {
    private let facts = CPUFacts.current
    private let choice: (set: InstructionSet, reason: String)
    private let threads = Processors()

    private static let gemm = (
        name: GemmBackend.packed.rawValue,
        reason: "the default: a galaxy's bits do not depend on its place in a batch"
    )

    /// - Throws: `Failure` where `CAI_ISA` names no instruction set.
    init() throws { choice = try InstructionSet.choice }

    private var online: Int { Processors.online }
    /// Processors that the scheduler allows this process; nil where it does not state them.
    private var affinity: Int? { threads.allowed.isEmpty ? nil : threads.allowed.count }

    var json: JSONObject {
        let sets = InstructionSet.allCases.map { set -> JSONObject in
            ["name": set.rawValue, "usable": set.isAvailable, "reason": facts.reason(set)]
        }
        return [
            "processor": facts.name, "architecture": CPUFacts.architecture, "caches": facts.caches,
            "extensions": facts.extensions, "instruction_sets": sets,
            "instruction_set": ["name": choice.set.rawValue, "reason": choice.reason],
            "threads": [
                "count": threads.threads, "reason": threadsReason, "online": online, "affinity": affinity,
                "quota": threads.quota,
            ] as JSONObject,
            "gemm": ["name": Self.gemm.name, "reason": Self.gemm.reason],
            "multiplies_bfloat16": choice.set.multipliesBfloat16,
            "openblas_installed": GemmBackend.openblas.isAvailable, "swift": Release.swift,
        ]
    }

    /// The same for people.
    var text: String {
        let (caches, extensions) = (facts.caches, facts.extensions)
        let processors = Numbers.counted(online, "logical processor")
        let openblas = GemmBackend.openblas.isAvailable ? "installed, for 'cai infer --gemm openblas'" : "not installed"
        let lines =
            [
                ("processor", "\(facts.name), \(CPUFacts.architecture), \(processors)"),
                ("caches", caches.isEmpty ? "unknown" : caches.map(\.text).joined(separator: ", ")),
                ("extensions", extensions.isEmpty ? "none known" : extensions.joined(separator: " ")),
            ]
            + InstructionSet.allCases.map { set in
                ("kernels", "\(set.rawValue): \(set.isAvailable ? "usable" : "not usable"), \(facts.reason(set))")
            } + [
                ("in use", "\(choice.set.rawValue): \(choice.reason)"),
                ("threads", "\(threads.threads): \(threadsReason)"),
                ("products", "\(Self.gemm.name): \(Self.gemm.reason)"), ("", "openblas: " + openblas),
                (
                    "bfloat16",
                    choice.set.multipliesBfloat16
                        ? "instructions of this processor, for --precision bf16"
                        : "widened: --precision bf16 is slower"
                ),
                ("program", "cai \(Release.version) for \(CPUFacts.architecture), by Swift \(Release.swift)"),
            ]
        return lines.map { name, value in
            (name + String(repeating: " ", count: 12 - name.count) + value).printable + "\n"
        }.joined()
    }

    /// Why this process runs as many threads.
    private var threadsReason: String {
        let allowed = affinity ?? online
        let all = Numbers.counted(online, "processor")
        let scheduler =
            allowed < online ? "the scheduler allows this process \(allowed) of \(all)" : "all \(all)"
        switch threads.quota {
        case let quota? where quota < Double(allowed):
            return "the quota of processor time (cgroup or Lambda) is that of \(quota) processors; \(scheduler)"
        case _?: return "\(scheduler); the quota of processor time (cgroup or Lambda) allows more"
        case nil: return "\(scheduler); no quota of processor time"
        }
    }
}
