import Foundation

/// The built command while it runs.
final class RunningCommand {
    private let process = Process()
    private let errors = Pipe()
    private let output = Pipe()

    /// Starts `cai`. Its standard error is to be short: it is read at the end.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        process.executableURL = URL(fileURLWithPath: Command.path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "CAI_WEIGHTS" }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardError = errors
        process.standardOutput = output
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// Whether it has that file open, to be read as memory.
    func maps(_ path: String) -> Bool {
        let maps = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/maps", encoding: .utf8)
        return maps?.contains(path) ?? false
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits until something is so, or the command has ended.
    func wait(until isSo: () throws -> Bool) rethrows {
        while process.isRunning, try !isSo() { usleep(500) }
    }

    /// Waits for its end. A status below 0 is a signal.
    func end() -> (status: Int32, output: String, errors: String) {
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let result = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        return (status, result, text)
    }
}
