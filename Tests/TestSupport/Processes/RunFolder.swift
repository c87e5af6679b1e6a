import Foundation
import Synchronization

/// The folder of one run of the tests: everything temporary is in it, and it is removed when the run ends, however it ends.
///
/// `$TMPDIR/cai-tests-PID-START`, by the rules of Tests/Python/run_folder.py: the id of the process that made it, and when
/// that was started. Where a script that runs all tests has made one, `CAI_TEST_FOLDER` names it.
public enum RunFolder {
    public static let path: String = {
        if let given = ProcessInfo.processInfo.environment["CAI_TEST_FOLDER"] { return given }
        let parent = FileManager.default.temporaryDirectory.path
        removeAbandoned(in: parent)
        let pid = ProcessInfo.processInfo.processIdentifier
        let path = "\(parent)/cai-tests-\(pid)-\(startTime(of: pid) ?? "0")"
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        own(path)
        return path
    }()

    /// Folders of runs whose process was killed: no process has that id and that start any more.
    static func removeAbandoned(in parent: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
            let parts = name.split(separator: "-")
            guard name.hasPrefix("cai-tests-"), parts.count == 4, let pid = Int32(parts[2]) else { continue }
            if startTime(of: pid) != String(parts[3]) { remove("\(parent)/\(name)") }
        }
    }

    /// When a process was started, in ticks since the boot: field 22 of its `stat`, whose second one, a name in parentheses,
    /// may hold anything.
    static func startTime(of pid: Int32) -> String? {
        let stat = (try? FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/\(pid)/stat")).readToEnd()) ?? nil
        let fields = stat.map { String(decoding: $0, as: UTF8.self) }?.split(separator: ")").last?.split(separator: " ")
        return fields.flatMap { $0.count > 19 ? String($0[19]) : nil }
    }

    private static func remove(_ path: String) {
        guard ProcessInfo.processInfo.environment["CAI_TEST_KEEP"] == nil else { return }
        // A test of a full disk mounts one.
        for line in ((try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? "").split(separator: "\n") {
            let mount = line.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            if mount.hasPrefix(path + "/") { umount2(mount, Int32(MNT_DETACH)) }
        }
        // A command that is still running may write into it meanwhile.
        for _ in 0..<3 where FileManager.default.fileExists(atPath: path) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Removes the folder when this process ends: by itself, or by a signal that asks it to.
    private static func own(_ path: String) {
        owned.withLock { $0 = path }
        sem_init(stopRequest, 0, 0)
        atexit { RunFolder.removeOwned() }
        let stop: @convention(c) (Int32) -> Void = { signal in
            RunFolder.stopSignal.store(signal, ordering: .relaxed)
            sem_post(RunFolder.stopRequest)
        }
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, stop) }
        Thread.detachNewThread {
            while sem_wait(RunFolder.stopRequest) != 0 {}
            let number = RunFolder.stopSignal.load(ordering: .relaxed)
            ChildProcess.killAll()
            RunFolder.removeOwned()
            signal(number, SIG_DFL)
            kill(getpid(), number)
        }
    }

    private static func removeOwned() {
        guard let path = owned.withLock({ $0 }) else { return }
        remove(path)
    }

    private static let owned = Mutex<String?>(nil)
    private static let stopSignal = Atomic<Int32>(0)
    private nonisolated(unsafe) static let stopRequest = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
}
