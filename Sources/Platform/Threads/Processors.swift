import CLinux
import FoundationEssentials

/// How many threads this process may keep busy, and on which processors.
public struct Processors: Sendable {
    /// Numbers of the running processors that the scheduler allows (`taskset`, cpusets); empty where the system does not
    /// report them.
    public let allowed: [Int]
    /// The processor time that a container (cgroup) or AWS Lambda grants, in processors; nil where it is not limited.
    public let quota: Double?
    /// Logical processors of the machine.
    public static var online: Int { ProcessInfo.processInfo.processorCount }

    /// The number of threads that this process may keep busy; at least 1.
    public static var available: Int { Processors().threads }

    /// The number of allowed processors, or the quota, rounded up, where it is smaller; at least 1.
    public var threads: Int {
        let most = max(1, allowed.count)
        guard let quota, quota < Double(most) else { return most }
        return max(1, Int(quota.rounded(.up)))
    }

    /// The folder that contains `/proc` and `/sys`.
    let root: String
    /// Running processors of the machine.
    let onlineCount: Int

    /// - Parameters:
    ///   - root: the folder that contains `/proc` and `/sys`.
    ///   - environment: of this process.
    public init(root: String = "", environment: [String: String] = ProcessInfo.processInfo.environment) {
        func text(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }
        self.root = root
        let online = text("/sys/devices/system/cpu/online").flatMap { Self.numbers($0) }
        let listed = text("/proc/self/status").flatMap(Self.allowed) ?? []
        allowed = online.map { online in listed.filter(Set(online).contains) } ?? listed
        onlineCount = online?.count ?? 0
        let memory = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }
        let limits = Self.groups(text("/proc/self/cgroup") ?? "").flatMap { folder in
            [
                text(folder + "/cpu.max").flatMap(Self.quota),
                text(folder + "/cpu.cfs_quota_us").flatMap { quota in
                    text(folder + "/cpu.cfs_period_us").flatMap { Self.quota(limit: quota + " " + $0) }
                },
            ].compactMap { $0 }
        }
        quota = (limits + [memory.flatMap(Self.lambda)].compactMap { $0 }).min()
    }

    /// The processors in the line `Cpus_allowed_list` of /proc/self/status.
    package static func allowed(status: String) -> [Int]? {
        let name = "Cpus_allowed_list:"
        return status.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap { numbers($0.dropFirst(name.count)) }
    }

    /// The numbers of a list in the syntax of the kernel: `0-3,8`.
    package static func numbers(_ list: some StringProtocol) -> [Int]? {
        var processors: [Int] = []
        for part in list.split(separator: ",") {
            let ends = part.split(separator: "-").map { Int(String($0.filter { !$0.isWhitespace })) }
            guard let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), first <= last,
                last < mostProcessors
            else { return nil }
            processors += first...last
        }
        return processors.isEmpty ? nil : processors
    }

    /// The limit of Linux (NR_CPUS).
    private static let mostProcessors = 8192

    /// `QUOTA PERIOD` (microseconds) in processors; nil for `max`, -1 or anything else.
    package static func quota(limit: String) -> Double? {
        let numbers = limit.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
        return Double(numbers[0]) / Double(numbers[1])
    }

    /// The processors of a Lambda function with that memory: one for each 1769 MB, up to 6.
    package static func lambda(megabytes: Int) -> Double? {
        guard megabytes > 0 else { return nil }
        return min(6, (Double(megabytes) / 1769).rounded(.up))
    }

    /// The folders whose limits apply to a process, from the lines of /proc/self/cgroup: that of its own group and all above
    /// it, since each may be limited. A container that sees only its own part of the tree finds it at the top.
    package static func groups(_ lines: String) -> [String] {
        lines.split(separator: "\n").flatMap { line -> [String] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            let controllers = fields[1].split(separator: ",")
            guard controllers.isEmpty || controllers.contains("cpu") else { return [] }
            let names = fields[2].split(separator: "/")
            let mounts = controllers.isEmpty ? ["", "/unified"] : ["/\(fields[1])", "/cpu"]
            return mounts.flatMap { mount in
                (0...names.count).map { depth in
                    (["/sys/fs/cgroup" + mount] + names.prefix(depth).map(String.init)).joined(separator: "/")
                }
            }
        }
    }

    /// Pins the calling thread to one processor, if the system permits it.
    package static func stay(on processor: Int) { stay(on: [processor]) }

    /// Lets the calling thread run on these processors only, if the system permits it; a new thread has those of the one
    /// that starts it. Has no effect without any.
    package static func stay(on processors: [Int]) {
        guard let last = processors.max() else { return }
        let width = UInt.bitWidth
        var mask = [UInt](repeating: 0, count: last / width + 1)
        for processor in processors { mask[processor / width] |= 1 << UInt(processor % width) }
        unsafe mask.withUnsafeBufferPointer { mask in
            _ = unsafe cai_set_affinity(mask.count * MemoryLayout<UInt>.stride, mask.baseAddress)
        }
    }
}
