import Foundation
import Synchronization

/// The folder for all temporary files of one test run, which is removed when the run ends, also by a signal.
///
/// `$TMPDIR/cai-tests-PID-START`, in the format of Tests/Python/run_folder.py: id and start time of the process that
/// created it. `CAI_TEST_FOLDER` names a folder that a script for all tests has created.
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

    /// Folders of runs whose process was killed: no process with that id and start time exists.
    static func removeAbandoned(in parent: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
            let parts = name.split(separator: "-")
            guard name.hasPrefix("cai-tests-"), parts.count == 4, let pid = Int32(parts[2]) else { continue }
            if startTime(of: pid) != String(parts[3]) { remove("\(parent)/\(name)") }
        }
    }

    /// The start time of a process in ticks since boot: field 22 of its `stat`. The second field, a name in
    /// parentheses, can contain any character.
    static func startTime(of pid: Int32) -> String? {
        let stat = (try? FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/\(pid)/stat")).readToEnd()) ?? nil
        let fields = stat.map { String(decoding: $0, as: UTF8.self) }?.split(separator: ")").last?.split(separator: " ")
        return fields.flatMap { $0.count > 19 ? String($0[19]) : nil }
    }

    private static func remove(_ path: String) {
        guard ProcessInfo.processInfo.environment["CAI_TEST_KEEP"] == nil else { return }
        // A test of a full disk mounts a file system.
        for line in ((try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? "").split(separator: "\n") {
            let mount = line.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            if mount.hasPrefix(path + "/") { umount2(mount, Int32(MNT_DETACH)) }
        }
        // A command that is still running may write into it at the same time.
        for _ in 0..<3 where FileManager.default.fileExists(atPath: path) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Removes the folder when this process exits, or ends by a signal that can be caught.
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
