import Foundation
import TestSupport

/// The built command while it runs.
final class RunningCommand {
    private let process: ChildProcess

    /// Starts `cai`.
    /// - Parameter prefix: the command that starts it, such as a shell that sets limits and then executes `cai`.
    init(_ arguments: [String], after prefix: [String] = [], environment: [String: String] = [:]) throws {
        process = try ChildProcess(
            prefix + [Command.path] + arguments, environment: ChildProcess.inherited(environment), within: Command.bound
        )
    }

    var isRunning: Bool { process.isRunning }

    /// Whether it has mapped that file.
    func maps(_ path: String) -> Bool {
        let maps = try? String(contentsOfFile: "/proc/\(process.pid)/maps", encoding: .utf8)
        return maps?.contains(path) ?? false
    }

    func send(_ signal: Int32) { process.send(signal) }

    /// Sends SIGSTOP, and waits until it is stopped or has ended.
    func stop() throws {
        process.send(SIGSTOP)
        try process.wait(for: "a stopped process") { process.state == "T" }
    }

    /// Waits until the condition holds or the command has ended.
    func wait(for expected: String, until isSo: () throws -> Bool) throws {
        try process.wait(for: expected, until: isSo)
    }

    /// Waits for its end. A negative status is a signal.
    func end() throws -> (status: Int32, output: String, errors: String) {
        let ended = try process.end()
        return (ended.status, ended.output, ended.errors)
    }
}

/// The size of a file in bytes; 0 if it does not exist.
func byteCount(of path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.size] as? Int ?? 0
}
