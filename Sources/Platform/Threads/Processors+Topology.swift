import FoundationEssentials

/// Which of the allowed processors are parts of one core, and whether other processes may run on them.
extension Processors {
    /// The processors to pin that many threads to, one each, which keeps their caches warm; empty where the scheduler assigns
    /// processors better: with a quota, which stops threads anyway, with more threads than processors, and with fewer, unless
    /// this process alone has the processors. Otherwise several processes would run on the same few of them.
    package func pinning(threads: Int) -> [Int] {
        guard threads <= allowed.count, quota.map({ $0 >= Double(allowed.count) }) ?? true else { return [] }
        if threads == allowed.count { return allowed }
        return isAlone ? Array(onePerCoreFirst.prefix(threads)) : []
    }

    /// The number of allowed processors that share the second-level cache of the first of them, itself included: threads
    /// of one core (SMT), or the cores of a cluster. 1 where the system does not report it.
    package var sharingSecondLevelCache: Int {
        guard let first = allowed.first else { return 1 }
        for index in 0..<8 {
            let cache = "/sys/devices/system/cpu/cpu\(first)/cache/index\(index)"
            guard let level = text(cache + "/level") else { break }
            guard level.filter(\.isNumber) == "2" else { continue }
            let sharing = text(cache + "/shared_cpu_list").flatMap { Self.numbers($0) } ?? []
            return max(1, Set(sharing).intersection(allowed).count)
        }
        return 1
    }

    /// The allowed processors: first one of each core, then the second of each, and so on.
    private var onePerCoreFirst: [Int] {
        let allowed = Set(self.allowed)
        let ranked = self.allowed.map { processor in
            let list = text("/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
            let before = list.flatMap { Self.numbers($0) }?.count { $0 < processor && allowed.contains($0) }
            return (rank: before ?? 0, processor: processor)
        }
        return ranked.sorted { ($0.rank, $0.processor) < ($1.rank, $1.processor) }.map(\.processor)
    }

    /// Whether this process alone runs on its processors: they are those of a partition of cgroups, which no group outside
    /// of it may use, and it contains no process but this one and those that wait for it. Any other set proves nothing:
    /// another container (Kubernetes' shared pool), service or `taskset` may have the same.
    private var isAlone: Bool {
        guard allowed.count < onlineCount else { return false }
        let line = text("/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::") }
        let names = line?.dropFirst(3).split(separator: "/").map(String.init) ?? []
        let folders = (0...names.count).map { (["/sys/fs/cgroup"] + names.prefix($0)).joined(separator: "/") }
        let owner = folders.first { folder in
            text(folder + "/cpuset.cpus.effective").flatMap { Self.numbers($0) } == allowed
        }
        // An invalid partition has its reason behind the word: its processors are not its own.
        guard let owner, let kind = text(owner + "/cpuset.cpus.partition")?.split(whereSeparator: \.isWhitespace),
            kind == ["root"] || kind == ["isolated"], let processes = processes(in: owner)
        else { return false }
        return processes.isSubset(of: ownProcesses)
    }

    /// The most groups in a group that are searched for processes.
    private static let mostGroups = 256

    /// The processes in a cgroup and in the groups in it; nil where these cannot all be read.
    private func processes(in group: String) -> Set<Int>? {
        var found = Set<Int>()
        var folders = [group]
        var count = 0
        while let folder = folders.popLast() {
            count += 1
            guard count <= Self.mostGroups, let list = text(folder + "/cgroup.procs"),
                let names = try? FileManager.default.contentsOfDirectory(atPath: root + folder)
            else { return nil }
            found.formUnion(list.split(whereSeparator: \.isWhitespace).map { Int($0) ?? 0 })
            for name in names {
                var isFolder = false
                if FileManager.default.fileExists(atPath: root + folder + "/" + name, isDirectory: &isFolder), isFolder
                {
                    folders.append(folder + "/" + name)
                }
            }
        }
        return found
    }

    /// This process and its ancestors, by their numbers.
    private var ownProcesses: Set<Int> {
        var own = Set<Int>()
        var status = text("/proc/self/status")
        while let lines = status, own.count < 1000 {
            func number(_ key: String) -> Int? {
                lines.split(separator: "\n").first { $0.hasPrefix(key) }
                    .flatMap { Int($0.dropFirst(key.count).filter { !$0.isWhitespace }) }
            }
            guard let process = number("Pid:") else { break }
            own.insert(process)
            guard let parent = number("PPid:"), parent > 0, !own.contains(parent) else { break }
            status = text("/proc/\(parent)/status")
        }
        return own
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }
}
