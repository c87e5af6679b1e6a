import AstroMAE
import FoundationEssentials
import Inference
import Platform

/// The output of `inspect --cpu`: the processor, which kernels are used on it, and why.
struct CPUReport: Encodable {
    struct Cache: Encodable {
        let level: Int
        /// data, instruction or unified.
        let type: String
        /// As the system writes it: 32K, 1024K.
        let size: String
        /// Logical processors that share it.
        let processors: Int
    }

    struct Kernels: Encodable {
        let name: String
        let isUsable: Bool
        let reason: String

        enum CodingKeys: String, CodingKey {
            case name, reason
            case isUsable = "usable"
        }
    }

    /// The chosen instruction set, and why.
    struct Choice: Encodable {
        let name: String
        let reason: String
    }

    struct Threads: Encodable {
        let count: Int
        let reason: String
        let online: Int
        let affinity: Int?
        let quota: Double?
    }

    let processor: String
    let architecture: String
    let caches: [Cache]
    /// Of the processor's vector extensions, those that matter to kernels.
    let extensions: [String]
    let instructionSets: [Kernels]
    let instructionSet: Choice
    let threads: Threads
    let gemm: Choice
    let isOpenBLASInstalled: Bool

    enum CodingKeys: String, CodingKey {
        case processor, architecture, caches, extensions, threads, gemm
        case instructionSets = "instruction_sets"
        case instructionSet = "instruction_set"
        case isOpenBLASInstalled = "openblas_installed"
    }

    /// - Throws: `Failure` where `CAI_ISA` names no instruction set.
    init() throws {
        let facts = CPUFacts.current
        processor = facts.name
        architecture = CPUFacts.architecture
        caches = facts.caches
        extensions = facts.extensions
        instructionSets = InstructionSet.allCases.map { set in
            Kernels(name: set.rawValue, isUsable: set.isAvailable, reason: facts.reason(set))
        }
        let choice = try InstructionSet.choice
        instructionSet = Choice(name: choice.set.rawValue, reason: choice.reason)
        threads = Threads(Processors())
        gemm = Choice(
            name: GemmBackend.packed.rawValue,
            reason: "the default: a galaxy's bits do not depend on its place in a batch")
        isOpenBLASInstalled = GemmBackend.openblas.isAvailable
    }

    /// The same for people.
    var text: String {
        var lines = [
            ("processor", "\(processor), \(architecture), \(Numbers.counted(threads.online, "logical processor"))"),
            ("caches", caches.isEmpty ? "unknown" : caches.map(\.text).joined(separator: ", ")),
            ("extensions", extensions.isEmpty ? "none known" : extensions.joined(separator: " ")),
        ]
        lines += instructionSets.map { set in
            ("kernels", "\(set.name): \(set.isUsable ? "usable" : "not usable"), \(set.reason)")
        }
        lines += [
            ("in use", "\(instructionSet.name): \(instructionSet.reason)"),
            ("threads", "\(threads.count): \(threads.reason)"),
            ("products", "\(gemm.name): \(gemm.reason)"),
            ("", "openblas: " + (isOpenBLASInstalled ? "installed, for 'cai infer --gemm openblas'" : "not installed")),
        ]
        return lines.map { name, value in
            (name + String(repeating: " ", count: 12 - name.count) + value).printable + "\n"
        }.joined()
    }
}

extension CPUReport.Cache {
    fileprivate var text: String {
        let kind = type == "unified" ? "" : " \(type)"
        return "L\(level)\(kind) \(size)" + (processors > 1 ? " for \(processors) processors" : "")
    }
}

extension CPUReport.Threads {
    fileprivate init(_ processors: Processors) {
        (count, online, quota) = (processors.threads, Processors.online, processors.quota)
        affinity = processors.allowed.isEmpty ? nil : processors.allowed.count
        let allowed = affinity ?? online
        let scheduler =
            allowed < online
            ? "the scheduler allows this process \(allowed) of \(Numbers.counted(online, "processor"))"
            : "all \(Numbers.counted(online, "processor"))"
        switch quota {
        case let quota? where quota < Double(allowed):
            reason = "the quota of processor time (cgroup or Lambda) is that of \(quota) processors; \(scheduler)"
        case _?: reason = "\(scheduler); the quota of processor time (cgroup or Lambda) allows more"
        case nil: reason = "\(scheduler); no quota of processor time"
        }
    }
}
