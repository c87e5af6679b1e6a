import FoundationEssentials
import Platform

/// A local folder for the files that a command writes.
public struct OutputFolder: Sendable {
    public let path: String

    /// Creates the folder, if it does not exist.
    /// - Throws: `Failure` naming the folder.
    public init(_ path: String) throws(Failure) {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            let isTaken = FileManager.default.fileExists(atPath: path)
            throw Failure(path, isTaken ? "is not a folder" : "the folder cannot be made")
        }
    }

    public func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// Files of these names, to be checked before any is written.
    public func outputs(_ names: [String]) throws(Failure) -> [OutputFile] {
        try names.map { name throws(Failure) in try OutputFile(file(name), store: nil) }
    }

    /// Writes a file by way of a temporary one: it is complete, or not there.
    public func write(_ text: String, to name: String) throws(Failure) {
        try AtomicFile.write(Array(text.utf8), to: file(name))
    }
}
