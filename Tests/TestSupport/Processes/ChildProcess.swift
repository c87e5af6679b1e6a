import Foundation
import Synchronization

/// A process that a test starts. It has a time limit, after which it and all its descendants are killed, and waiting
/// for its end throws an error with its last state.
public final class ChildProcess: Sendable {
    public struct Ended: Sendable {
        /// Negative: the signal that ended it.
        public let status: Int32
        public let output: String
        public let errors: String
    }

    public let pid: Int32
    private let words: [String]
    /// Outputs go to files: a pipe is open as long as any other process holds it.
    private let folder: String
    private let bound: Duration
    private let start = ContinuousClock.now
    private let process: Process
    private let hasEnded = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - folder: the working folder; the repository's root, if nil.
    ///   - environment: the complete environment; `inherited()`, if nil.
    ///   - output, error: destinations of the standard output and the standard error; collected, if nil.
    public init(
        _ words: [String], in folder: String? = nil, environment: [String: String]? = nil, output: FileHandle? = nil,
        error: FileHandle? = nil, within bound: Duration = generousBound
    ) throws {
        self.words = words
        self.bound = bound
        self.folder = try Fixture.makeTemporaryFolder()
        process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: folder ?? Fixture.root)
        process.environment = environment ?? Self.inherited()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try output ?? Self.file(self.folder + "/out")
        process.standardError = try error ?? Self.file(self.folder + "/err")
        let hasEnded = hasEnded
        process.terminationHandler = { _ in hasEnded.signal() }
        try process.run()
        pid = process.processIdentifier
        _ = Self.running.withLock { $0.insert(pid) }
    }

    deinit {
        if isRunning { killGroup() }
        Self.running.withLock { _ = $0.remove(pid) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// This process's environment, with its own folder for temporary files and without `CAI_WEIGHTS`.
    public static func inherited(_ more: [String: String] = [:]) -> [String: String] {
        ProcessInfo.processInfo.environment.filter { $0.key != "CAI_WEIGHTS" }
            .merging(["TMPDIR": RunFolder.path]) { $1 }.merging(more) { $1 }
    }

    public var isRunning: Bool { process.isRunning }
    /// Its standard error so far.
    public var errors: String { text("err") }
    public var output: String { text("out") }

    public func send(_ signal: Int32) { kill(pid, signal) }

    /// Its state in /proc: "R", "S", "T" if it is stopped, ...; nil if it does not exist.
    public var state: Character? { Self.state("/proc/\(pid)/stat") }

    private static func state(_ path: String) -> Character? {
        let status = try? String(contentsOfFile: path, encoding: .utf8)
        return status?.split(separator: ")").last?.first { $0 != " " }
    }

    /// Whether all of its threads sleep, as they do while they wait for a response.
    public var isIdle: Bool {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return !tasks.isEmpty && tasks.allSatisfy { Self.state("/proc/\(pid)/task/\($0)/stat") == "S" }
    }

    /// Whether a signal is pending that no thread has received yet.
    public func isPending(_ signal: Int32) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("ShdPnd:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) } ?? 0
        return mask >> UInt64(signal - 1) & 1 == 1
    }

    /// Waits until the condition holds, or the process has ended.
    public func wait(for expected: String, until isSo: () throws -> Bool) throws {
        try TestSupport.wait(for: expected, within: bound, found: { seen }) { try !isRunning || isSo() }
    }

    /// Waits for its end.
    @discardableResult
    public func end() throws -> Ended {
        let left = max(.zero, bound - (ContinuousClock.now - start))
        let seconds = Double(left.components.seconds) + Double(left.components.attoseconds) * 1e-18
        let isInTime = hasEnded.wait(timeout: .now() + seconds) == .success
        // For repeated calls.
        hasEnded.signal()
        if !isInTime {
            let seen = seen
            killGroup()
            throw NotSeen("expected the end of \(words.joined(separator: " ")) within \(bound), found \(seen)")
        }
        let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        return Ended(status: status, output: output, errors: errors)
    }

    private var seen: String {
        "process \(pid) \(isRunning ? "running" : "ended") after \(ContinuousClock.now - start): "
            + "standard error '\(errors.suffix(2000))', standard output '\(output.suffix(200))'"
    }

    /// Foundation starts each process in a process group of its own.
    private func killGroup() {
        kill(pid, SIGKILL)
        if getpgid(pid) == pid { kill(-pid, SIGKILL) }
    }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
    }

    private static func file(_ path: String) throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    private static let running = Mutex<Set<Int32>>([])

    /// Ends all running processes when the test run is stopped.
    static func killAll() {
        for pid in running.withLock({ $0 }) { kill(getpgid(pid) == pid ? -pid : pid, SIGKILL) }
    }
}
