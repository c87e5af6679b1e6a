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
