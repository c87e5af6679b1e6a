import Foundation
import TestSupport

/// The built command while it runs.
final class RunningCommand {
    private let process: ChildProcess

    /// Starts `cai`.
    /// - Parameter prefix: the words before it, such as those of a shell that sets limits and then becomes `cai`.
    init(_ arguments: [String], after prefix: [String] = [], environment: [String: String] = [:]) throws {
        process = try ChildProcess(
            prefix + [Command.path] + arguments, environment: ChildProcess.inherited(environment), within: Command.bound
        )
    }

    var isRunning: Bool { process.isRunning }

    /// Whether it has that file open, to be read as memory.
    func maps(_ path: String) -> Bool {
        let maps = try? String(contentsOfFile: "/proc/\(process.pid)/maps", encoding: .utf8)
        return maps?.contains(path) ?? false
    }

    func send(_ signal: Int32) { process.send(signal) }

    /// Stops it, and waits until it stands still or has ended.
    func stop() throws {
        process.send(SIGSTOP)
        try process.wait(for: "a stopped process") { process.state == "T" }
    }

    /// Waits until something is so, or the command has ended.
    func wait(for expected: String, until isSo: () throws -> Bool) throws {
        try process.wait(for: expected, until: isSo)
    }

    /// Waits for its end. A status below 0 is a signal.
    func end() throws -> (status: Int32, output: String, errors: String) {
        let ended = try process.end()
        return (ended.status, ended.output, ended.errors)
    }
}

/// Bytes of a file; 0 where there is none.
func byteCount(of path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.size] as? Int ?? 0
}
