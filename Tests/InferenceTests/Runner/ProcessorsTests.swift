import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Inference
@testable import Platform

@Suite("Processors") struct ProcessorsTests {
    @Test(
        "Allowed processors are parsed from Linux's status file",
        arguments: [
            ("Name:\tcai\nCpus_allowed_list:\t0-3,8\n", [0, 1, 2, 3, 8]), ("Cpus_allowed_list:\t7\n", [7]),
            ("Cpus_allowed:\tff\n", nil), ("Cpus_allowed_list:\tx-3\n", nil), ("Cpus_allowed_list:\t0-99999999\n", nil),
        ] as [(String, [Int]?)])
    func allowed(status: String, processors: [Int]?) {
        #expect(Processors.allowed(status: status) == processors)
    }

    @Test(
        "A cgroup quota is converted to processors",
        arguments: [
            ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 1.5), ("50000 100000", 0.5),
            ("0 100000", nil), ("-1\n 100000\n", nil), ("", nil),
        ] as [(String, Double?)])
    func quota(limit: String, processors: Double?) {
        #expect(Processors.quota(limit: limit) == processors)
    }

    @Test(
        "A Lambda function's memory is converted to processors",
        arguments: [
            (128, 1), (1769, 1), (1770, 2), (3538, 2), (3539, 3), (10240, 6), (20480, 6), (0, nil), (-5, nil),
        ] as [(Int, Double?)])
    func lambda(megabytes: Int, processors: Double?) {
        #expect(Processors.lambda(megabytes: megabytes) == processors)
    }

    /// A machine with eight processors, and these files beside its list of processors.
    private func processors(_ files: [String: String], _ environment: [String: String] = [:]) throws -> Processors {
        try Fixture.withTemporaryFolder { folder in
            let all = files.merging(["/proc/self/status": "Cpus_allowed_list:\t0-7\n"]) { first, _ in first }
            for (path, text) in all {
                let url = URL(fileURLWithPath: folder + path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            return Processors(root: folder, environment: environment)
        }
    }

    @Test("Without limits all processors are available, and threads are pinned to them")
    func unlimited() throws {
        let free = try processors([:])
        #expect(free.threads == 8)
        #expect(free.pinning(threads: 3) == [])
        #expect(free.pinning(threads: 8) == Array(0..<8))
        #expect(free.pinning(threads: 9) == [])
    }

    @Test(
        "The number of processors follows from the lowest quota of the process's cgroups",
        arguments: [
            // Its own group, its parent, the root (all that a container sees), and another process's.
            ("0::/a/b\n", ["/sys/fs/cgroup/a/b/cpu.max": "300000 100000"], 3),
            (
                "0::/a/b\n", ["/sys/fs/cgroup/a/cpu.max": "150000 100000", "/sys/fs/cgroup/a/b/cpu.max": "max 100000"],
                2
            ),
            ("0::/elsewhere/c\n", ["/sys/fs/cgroup/cpu.max": "50000 100000"], 1),
            ("0::/a\n", ["/sys/fs/cgroup/b/cpu.max": "100000 100000"], 8),
            // The older hierarchy, under either name, and both hierarchies together.
            (
                "4:memory:/m\n2:cpu,cpuacct:/d/e\n0::/\n",
                [
                    "/sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_quota_us": "400000\n",
                    "/sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_period_us": "100000\n",
                ], 4
            ),
            (
                "1:cpu:/\n",
                [
                    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
                ], 8
            ),
            ("1:cpu:/x\n0::/y\n", ["/sys/fs/cgroup/unified/y/cpu.max": "250000 100000"], 3),
            ("9:memory:/a\n", ["/sys/fs/cgroup/memory/a/cpu.max": "100000 100000"], 8),
        ] as [(String, [String: String], Int)])
    func groups(lines: String, files: [String: String], threads: Int) throws {
        let limited = try processors(files.merging(["/proc/self/cgroup": lines]) { first, _ in first })
        #expect(limited.threads == threads)
        #expect(limited.pinning(threads: 8) == (threads < 8 ? [] : Array(0..<8)))
    }

    /// A machine with 16 processors, of which i and i + 8 are threads of one core, and these files in place of its own.
    private func withMachine(_ files: [String: String], _ body: (Processors) throws -> Void) throws {
        var all = [
            "/sys/devices/system/cpu/online": "0-15\n",
            "/proc/self/status": "Pid:\t30\nPPid:\t20\nCpus_allowed_list:\t0-3,8-11\n",
            "/proc/20/status": "Pid:\t20\nPPid:\t1\n", "/proc/1/status": "Pid:\t1\nPPid:\t0\n",
            "/proc/self/cgroup": "0::/job/task\n",
            "/sys/fs/cgroup/cpuset.cpus.effective": "0-15\n", "/sys/fs/cgroup/cgroup.procs": "1\n",
            "/sys/fs/cgroup/job/cpuset.cpus.effective": "0-3,8-11\n", "/sys/fs/cgroup/job/cgroup.procs": "",
            "/sys/fs/cgroup/job/cpuset.cpus.partition": "root\n",
            "/sys/fs/cgroup/job/task/cpuset.cpus.effective": "0-3,8-11\n",
            "/sys/fs/cgroup/job/task/cgroup.procs": "20\n30\n",
        ]
        for processor in 0..<16 {
            let folder = "/sys/devices/system/cpu/cpu\(processor)"
            all[folder + "/topology/thread_siblings_list"] = "\(processor % 8),\(processor % 8 + 8)\n"
            for (index, level) in [1, 1, 2, 3].enumerated() {
                all[folder + "/cache/index\(index)/level"] = "\(level)\n"
                all[folder + "/cache/index\(index)/shared_cpu_list"] =
                    level == 3 ? "0-15\n" : "\(processor % 8),\(processor % 8 + 8)\n"
            }
        }
        try Fixture.withTemporaryFolder { folder in
            for (path, text) in all.merging(files, uniquingKeysWith: { $1 }) {
                let url = URL(fileURLWithPath: folder + path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            try body(Processors(root: folder, environment: [:]))
        }
    }

    @Test("Fewer threads than processors are pinned, one on each core first, where no other process has the processors")
    func fewerThreads() throws {
        try withMachine([:]) { processors in
            #expect(processors.threads == 8)
            #expect(processors.pinning(threads: 2) == [0, 1])
            #expect(processors.pinning(threads: 4) == [0, 1, 2, 3])
            #expect(processors.pinning(threads: 6) == [0, 1, 2, 3, 8, 9])
            #expect(processors.pinning(threads: 8) == [0, 1, 2, 3, 8, 9, 10, 11])
            #expect(processors.pinning(threads: 9) == [])
        }
    }

    @Test(
        "Fewer threads than processors are not pinned where another process may have the same",
        arguments: [
            // Another process in the group, in a group in it, and one that is not visible here.
            ["/sys/fs/cgroup/job/task/cgroup.procs": "30\n31\n"],
            ["/sys/fs/cgroup/job/other/cgroup.procs": "77\n"],
            ["/sys/fs/cgroup/job/cgroup.procs": "0\n"],
            // Processors that taskset gives, all processors of the machine, and unknown groups.
            ["/proc/self/status": "Pid:\t30\nPPid:\t20\nCpus_allowed_list:\t0-3\n"],
            ["/sys/devices/system/cpu/online": "0-3,8-11\n"],
            ["/proc/self/cgroup": "4:cpuset:/job/task\n"],
            // A set that other groups may have, too.
            ["/sys/fs/cgroup/job/cpuset.cpus.partition": "member\n"],
            ["/sys/fs/cgroup/job/cpuset.cpus.partition": "root invalid (Cpu list in cpuset.cpus not exclusive)\n"],
        ])
    func sharedProcessors(files: [String: String]) throws {
        try withMachine(files) { processors in
            #expect(processors.pinning(threads: 2) == [])
            #expect(processors.pinning(threads: processors.allowed.count) == processors.allowed)
        }
    }

    @Test("Threads that share a second-level cache are counted, as far as this process may use them")
    func sharedCache() throws {
        func allowed(_ list: String) -> [String: String] { ["/proc/self/status": "Cpus_allowed_list:\t\(list)\n"] }
        try withMachine([:]) { #expect($0.sharingSecondLevelCache == 2) }
        try withMachine(allowed("0-3")) { #expect($0.sharingSecondLevelCache == 1) }
        try withMachine(allowed("5,13")) { #expect($0.sharingSecondLevelCache == 2) }
        let list = "/sys/devices/system/cpu/cpu0/cache/index2/shared_cpu_list"
        try withMachine([list: "0-3\n"]) { #expect($0.sharingSecondLevelCache == 4) }
        try withMachine([list: "?\n"]) { #expect($0.sharingSecondLevelCache == 1) }
        #expect(try processors([:]).sharingSecondLevelCache == 1)
        #expect(Processors().sharingSecondLevelCache >= 1)
    }

    @Test("Offline processors are not counted")
    func offline() throws {
        #expect(try processors(["/sys/devices/system/cpu/online": "0-1,6\n"]).pinning(threads: 3) == [0, 1, 6])
        #expect(try processors(["/sys/devices/system/cpu/online": "?\n"]).threads == 8)
    }

    @Test("In AWS Lambda the number of processors follows from the memory")
    func lambdaMemory() throws {
        #expect(try processors([:], ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"]).threads == 2)
        #expect(try processors([:], ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "much"]).threads == 8)
    }

    @Test("This process has at least one processor")
    func here() { #expect(Processors.available >= 1) }

    @Test("A thread stays on its processor, and runs anywhere if the processor does not exist")
    func pinning() throws {
        let allowed = Processors().allowed
        let last = try #require(allowed.last)
        for (processor, expected) in [(last, [last]), (8191, allowed)] {
            let found = Mutex<[Int]?>(nil)
            let count = WorkerThreads.run(count: 1, on: [processor], whileWaiting: {}) {
                let status = try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)
                found.withLock { $0 = status.flatMap(Processors.allowed) }
            }
            #expect(count == 1)
            #expect(found.withLock { $0 } == expected)
        }
        #expect(Processors().allowed == allowed)
    }
}
