import AstroMAE
import FoundationEssentials
import Platform
import Runs

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
        machine.memoryBytes = memory(meminfo: text("/proc/meminfo"))
        machine.instructionSet = try InstructionSet.choice.set.rawValue
        let kernel = text("/proc/sys/kernel/osrelease").split(whereSeparator: \.isWhitespace).first.map {
            "Linux \($0)"
        }
        machine.system = [name(release: text("/etc/os-release")), kernel].compactMap { $0 }.joined(separator: ", ")
        return machine
    }

    /// Bytes, of the line `MemTotal: 24684092 kB`.
    static func memory(meminfo: String) -> Int? {
        let line = meminfo.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    /// Of the line `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"`.
    static func name(release: String) -> String? {
        let key = "PRETTY_NAME="
        let line = release.split(separator: "\n").first { $0.hasPrefix(key) }
        return line.map { String($0.dropFirst(key.count).filter { $0 != "\"" }) }
    }

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
