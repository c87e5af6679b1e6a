import Foundation
import TestSupport

/// Runs the built command.
struct Command {
    let status: Int32
    let output: String
    let errors: String

    var outputLines: [Substring] { output.split(separator: "\n") }
    var errorLines: [Substring] { errors.split(separator: "\n") }

    /// $CAI, if set, as by `make test`. Otherwise the `cai` beside the test bundle, which is the running executable:
    /// `swift test` builds both.
    static let path: String = {
        if let program = ProcessInfo.processInfo.environment["CAI"], !program.isEmpty {
            return URL(fileURLWithPath: program).path
        }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("cai").path
    }()

    /// The time limit for a command: only a hang reaches it, not a slow machine.
    static let bound: Duration = Sanitizer.isOn ? .seconds(1500) : generousBound

    /// Runs `cai` and waits for it.
    /// - Parameters:
    ///   - folder: the working folder; the repository's root, if nil.
    ///   - environment: added to the test's own, without its `CAI_WEIGHTS`.
    ///   - output: destination of the standard output; collected, if nil.
    ///   - memory: limit of allocated bytes; unlimited, if nil.
    ///   - addressSpace: limit of address space in bytes; unlimited, if nil.
    ///   - fileBlocks: limit of the size of a written file, in blocks of 512 bytes; unlimited, if nil.
    static func run(
        _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
        output: FileHandle? = nil, memory: Int? = nil, addressSpace: Int? = nil, fileBlocks: Int? = nil
    ) throws -> Command {
        let files = fileBlocks.map { ["/bin/sh", "-c", #"ulimit -f "$0"; exec "$@""#, "\($0)"] } ?? []
        let space = addressSpace.map { ["/bin/sh", "-c", #"ulimit -v "$0"; exec "$@""#, "\($0 >> 10)"] } ?? []
        let words = (memory.map { limited($0) } ?? []) + files + space + [path] + arguments
        let process = try ChildProcess(
            words, in: folder, environment: ChildProcess.inherited(environment), output: output, within: bound)
        let ended = try process.end()
        return Command(status: ended.status, output: ended.output, errors: ended.errors)
    }

    /// `cai infer` with the tiny network.
    static func infer(
        _ arguments: [String], weights: String = "normalcell.pt", in folder: String? = nil, memory: Int? = nil
    ) throws -> Command {
        try run(["infer", "--weights", Fixture.path("tiny/" + weights)] + arguments, in: folder, memory: memory)
    }
}

/// The tiny partition and its galaxies.
enum Tiny {
    static let partition = Fixture.path("tiny/partition.pt")
    static let count = 37
}

/// The files in a folder, sorted.
func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The parsed JSON object.
func object(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
}

/// The contents of a text file.
func text(of path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
