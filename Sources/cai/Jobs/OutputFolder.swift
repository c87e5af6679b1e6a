import Runs
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// A folder that a command writes files into.
struct OutputFolder {
    let path: String

    /// Makes it, if it is not there.
    /// - Throws: `Failure` naming it.
    init(_ path: String) throws(Failure) {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            let isTaken = FileManager.default.fileExists(atPath: path)
            throw Failure(path, isTaken ? "is not a folder" : "the folder cannot be made")
        }
    }

    func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// Files of these names, to be checked before any is written.
    func outputs(_ names: [String]) throws(Failure) -> [OutputFile] {
        try names.map { name throws(Failure) in try OutputFile(file(name), store: nil) }
    }

    /// Writes a file that is complete or not there.
    func write(_ text: String, to name: String) throws(Failure) { try Self.write(text, to: file(name)) }

    /// The same for any path.
    static func write(_ text: String, to path: String) throws(Failure) {
        let file = try AtomicFile(path: path)
        try file.write(text)
        try file.commit()
    }
}
