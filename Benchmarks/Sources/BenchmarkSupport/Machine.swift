import Foundation

/// The machine that a figure was measured on.
public struct Machine: Codable, Sendable {
    /// The model name in /proc/cpuinfo.
    public let cpu: String
    /// Logical processors that this process may use.
    public let cores: Int

    public static func current() -> Machine {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let name = lines.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
        return Machine(cpu: name ?? "unknown", cores: ProcessInfo.processInfo.activeProcessorCount)
    }
}
