import FoundationEssentials
import Glibc

/// What the system tells of this process.
public struct ProcessFigures {
    /// The most memory it has had so far, in bytes (VmHWM); 0 where the system does not tell.
    package static var peakMemory: Int {
        let name = "VmHWM:"
        let line = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix(name) }
        let kilobytes = line?.dropFirst(name.count).split(whereSeparator: \.isWhitespace).first
        return (kilobytes.flatMap { Int($0) } ?? 0) << 10
    }

    /// Measures the most memory anew from now on, where the system allows it: a process that makes several runs would tell
    /// each of them the most of all before it.
    public static func forgetPeakMemory() {
        // Foundation's way to write a file would bring its temporary files into the program.
        let file = unsafe open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = unsafe write(file, "5", 1)
    }

    /// Processor time of all its threads, in the kernel and out of it, to a hundredth of a second.
    package static var processorSeconds: Double {
        // The name in parentheses may hold anything; utime and stime are the 12th and 13th fields after it, in ticks.
        let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / ticksPerSecond
    }

    /// The same on every Linux (USER_HZ).
    private static let ticksPerSecond = 100.0

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
