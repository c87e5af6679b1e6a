import Cloud
import FoundationEssentials
import Glibc
import Inference
import Platform

/// The destination of a command's file: a local path, or an object, which is written to a temporary local file first. Either
/// is complete, or not there.
public struct OutputFile: Sendable {
    /// As it was given.
    public let name: String
    private let object: (location: S3Location, store: any ObjectStore)?
    private let environment: [String: String]

    /// - Parameter store: for names that begin with `s3://`; nil where no name does.
    /// - Throws: `Failure` for an `s3://` URL without a key.
    public init(
        _ name: String, store: (any ObjectStore)?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) {
        self.name = name
        self.environment = environment
        guard let store, S3Location.isLocation(name) else {
            object = nil
            return
        }
        let location: S3Location
        do throws(Failure) { location = try S3Location(name) } catch {
            throw Failure(name, error.message)
        }
        guard !location.key.isEmpty, !location.key.hasSuffix("/") else {
            throw Failure(name, "cannot be written: expected s3://bucket/key, found no key")
        }
        object = (location, store)
    }

    /// Whether it is, or will be, a local file: not an object, a pipe or a device.
    public var isLocalFile: Bool {
        guard object == nil else { return false }
        var status = stat()
        return unsafe stat(name, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether files can lie beside it: not beside a pipe or a device.
    public var isFile: Bool { object != nil || isLocalFile }

    /// Checks before the work begins, as far as possible, that it can be written, and that it is not one of `inputs`. Writes
    /// nothing.
    /// - Parameter format: of predictions, whose library may be missing; nil for any other file.
    public func check(sparing inputs: [String], format: PredictionFormat? = nil) throws(Failure) {
        if let format, object == nil { return try PredictionWriter.check(path: name, format: format, sparing: inputs) }
        guard let object else { return try PredictionWriter.check(path: name, sparing: inputs) }
        if inputs.contains(name) { throw Failure(name, "cannot be written: it is the input itself") }
        // Checks that the bucket exists. Without s3:ListBucket, HEAD of a missing key returns 403.
        do throws(Failure) {
            _ = try object.store.head(bucket: object.location.bucket, key: object.location.key)
        } catch {
            if error.kind != .denied { throw error.reading(name) }
        }
    }

    /// The same for all files of a command, of which no two may be the same.
    public static func check(_ files: [OutputFile], sparing inputs: [String]) throws(Failure) {
        for (index, file) in files.enumerated() {
            try file.check(sparing: inputs)
            for other in files[..<index] where file.name == other.name || file.isSameFile(as: other) {
                throw Failure(
                    file.name,
                    "cannot be written: another output has the same path"
                        + (other.name == file.name ? "" : ", as '\(other.name)'"))
            }
        }
    }

    private func isSameFile(as other: OutputFile) -> Bool {
        object == nil && other.object == nil && AtomicFile.areSame(name, other.name)
    }

    /// The file of that name and a further ending, beside it.
    public func beside(_ ending: String) throws(Failure) -> OutputFile {
        try OutputFile(name + ending, store: object?.store, environment: environment)
    }

    /// Writes all of it.
    public func write(_ bytes: [UInt8]) throws(Failure) {
        try write { path throws(Failure) in try AtomicFile.write(bytes, to: path) }
    }

    /// Calls `body` with the path to write, and uploads the file where the destination is an object.
    public func write<Result>(_ body: (String) throws(Failure) -> Result) throws(Failure) -> Result {
        guard let object else { return try body(name) }
        let file = TemporaryFile(environment, ending: String(name.split(separator: ".").last ?? "tmp"))
        let result = try body(file.path)
        do throws(Failure) {
            try object.store.put(bucket: object.location.bucket, key: object.location.key, contentsOf: file.path)
        } catch {
            throw error.reading(name)
        }
        return result
    }
}

/// A local folder for the files that a command writes.
public struct OutputFolder: Sendable {
    public let path: String

    /// Creates the folder, if it does not exist.
    /// - Throws: `Failure` naming the folder.
    public init(_ path: String) throws(Failure) {
        self.path = path
        try FileManager.default.makeFolder(path)
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
