import FoundationEssentials
import Glibc

/// Memory and processor time of this process, as the system reports them.
public struct ProcessFigures {
    /// Peak resident memory so far, in bytes (VmHWM); 0 where the system does not report it.
    package static var peakMemory: Int {
        let name = "VmHWM:"
        let line = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix(name) }
        let kilobytes = line?.dropFirst(name.count).split(whereSeparator: \.isWhitespace).first
        return (kilobytes.flatMap { Int($0) } ?? 0) << 10
    }

    /// Resets the peak to the present memory, where the system allows it: otherwise a process that makes several runs would
    /// report the peak of all runs so far for each of them.
    public static func forgetPeakMemory() {
        // Writing with Foundation would link its code for temporary files into the program.
        let file = unsafe open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = unsafe write(file, "5", 1)
    }

    /// User and system time of all threads, in seconds, to a hundredth of a second.
    package static var processorSeconds: Double {
        // The name in parentheses may contain any character; utime and stime are the 12th and 13th fields after it, in ticks.
        let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / ticksPerSecond
    }

    /// USER_HZ, the same on every Linux.
    private static let ticksPerSecond = 100.0

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
