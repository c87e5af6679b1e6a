import Cloud
import FoundationEssentials
import Glibc
import Inference
import Platform
import TensorFiles

/// Where a command's file goes: a path, or an object, which is written aside on this machine first. Either appears whole.
public struct OutputFile: Sendable {
    /// As it was given.
    public let name: String
    private let object: (place: S3Location, store: any ObjectStore)?
    private let environment: [String: String]

    /// - Parameter store: for names that begin with `s3://`; nil where there are none.
    /// - Throws: `Failure.input` for an `s3://` URL that names no key.
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
        let place: S3Location
        do throws(Failure) { place = try S3Location(name) } catch {
            throw Failure(name, error.message)
        }
        guard !place.key.isEmpty, !place.key.hasSuffix("/") else {
            throw Failure(name, "cannot be written: expected s3://bucket/key, found no key")
        }
        object = (place, store)
    }

    /// Whether it is, or will be, a file here: no object, no pipe and no device.
    public var isLocalFile: Bool {
        guard object == nil else { return false }
        var status = stat()
        return unsafe stat(name, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    /// Checks, before there is work to be lost, that it can be written as far as one can know, and that it is none of
    /// `inputs`. Leaves nothing behind.
    /// - Parameter format: of predictions, whose library may be missing; nil for any other file.
    public func check(sparing inputs: [String], format: PredictionFormat? = nil) throws(Failure) {
        if let format, object == nil { return try PredictionWriter.check(path: name, format: format, sparing: inputs) }
        guard let object else { return try PredictionWriter.check(path: name, sparing: inputs) }
        if inputs.contains(name) { throw Failure(name, "cannot be written: it is the input itself") }
        // Whether there is such a bucket. Who may write, but not list, is denied an answer about what is not there.
        do throws(Failure) {
            _ = try object.store.head(bucket: object.place.bucket, key: object.place.key)
        } catch {
            if error.kind != .denied { throw error.reading(name) }
        }
    }

    /// The same for all files of a command, each of which has a place of its own.
    public static func check(_ files: [OutputFile], sparing inputs: [String]) throws(Failure) {
        for (index, file) in files.enumerated() {
            try file.check(sparing: inputs)
            for other in files[..<index] where file.name == other.name || file.isSameFile(as: other) {
                throw Failure(
                    file.name,
                    "cannot be written: another output goes there"
                        + (other.name == file.name ? "" : ", as '\(other.name)'"))
            }
        }
    }

    private func isSameFile(as other: OutputFile) -> Bool {
        object == nil && other.object == nil && AtomicFile.areSame(name, other.name)
    }

    /// Calls `body` with the path to write, and brings what is then there to its place.
    public func write<Result>(_ body: (String) throws(Failure) -> Result) throws(Failure) -> Result {
        guard let object else { return try body(name) }
        let file = TemporaryFile(environment, ending: String(name.split(separator: ".").last ?? "tmp"))
        let result = try body(file.path)
        do throws(Failure) {
            try object.store.put(bucket: object.place.bucket, key: object.place.key, contentsOf: file.path)
        } catch {
            throw error.reading(name)
        }
        return result
    }
}
