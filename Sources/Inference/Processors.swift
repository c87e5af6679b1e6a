import Foundation

/// How many threads this process may keep busy.
public enum Processors {
    /// The processors that the scheduler allows this process (`taskset`, cpusets), or fewer where a container's quota
    /// of processor time (cgroup 2, `cpu.max`) is smaller; at least 1.
    public static var available: Int {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let limit = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8)
        let allowed = status.flatMap(allowed) ?? ProcessInfo.processInfo.activeProcessorCount
        return max(1, min(allowed, limit.flatMap(quota) ?? allowed))
    }

    /// The processors in the line `Cpus_allowed_list` (`0-3,8`) of /proc/self/status.
    static func allowed(status: String) -> Int? {
        let name = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        var count = 0
        for part in line.dropFirst(name.count).split(separator: ",") {
            let ends = part.split(separator: "-").map { Int($0.trimmingCharacters(in: .whitespaces)) }
            guard let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), first <= last else {
                return nil
            }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }

    /// The whole processors that `QUOTA PERIOD` (microseconds) comes to, rounded up; nil for `max` or anything else.
    static func quota(limit: String) -> Int? {
        let numbers = limit.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
        return numbers[0] / numbers[1] + (numbers[0].isMultiple(of: numbers[1]) ? 0 : 1)
    }
}
