import AstroMAE
import Cloud
import FoundationEssentials
import Glibc
import Platform
import TensorFiles

/// Weights as a local file. An object is fetched once, and kept in the temporary folder by its ETag and size for every
/// later run on this machine.
public struct WeightsFile: Sendable {
    /// As it was given: a path or an `s3://` URL.
    public let name: String
    /// Of the local file.
    public let path: String
    /// The object's ETag; nil of a local file.
    public let etag: String?

    /// - Parameters:
    ///   - name: a path, or `s3://bucket/key`.
    ///   - store: has the object; nil for a path.
    ///   - environment: `TMPDIR` names the temporary folder.
    /// - Throws: `Failure` naming the object where it does not exist or cannot be fetched.
    public init(
        _ name: String, store: (any ObjectStore)?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) {
        guard let store, S3Location.isLocation(name) else {
            self.init(name: name, path: name, etag: nil)
            return
        }
        let location = try S3Location(name)
        do throws(Failure) {
            guard let info = try store.head(bucket: location.bucket, key: location.key) else {
                throw Failure(name, "there is no such object")
            }
            guard info.size > 0 else { throw Failure(name, "is empty") }
            try self.init(name, at: location, info, in: store, environment: environment)
        } catch {
            throw error.reading(name)
        }
    }

    /// An object that `find` has found.
    init(
        _ name: String, at location: S3Location, _ info: ObjectInfo, in store: any ObjectStore,
        environment: [String: String]
    ) throws(Failure) {
        self.init(
            name: name, path: try Self.fetch(location, info, from: store, into: TemporaryFile.folder(environment)),
            etag: info.etag)
    }

    private init(name: String, path: String, etag: String?) {
        (self.name, self.path, self.etag) = (name, path, etag)
    }

    /// The object that an `s3://` URL names.
    /// - Parameter setting: the setting that the URL is the value of, for errors.
    static func find(
        _ url: String, in store: any ObjectStore, setting: String
    ) throws(Failure) -> (location: S3Location, info: ObjectInfo) {
        guard let location = try? S3Location(url), !location.key.isEmpty else {
            throw Failure("\(setting): expected s3://bucket/key or a path, found '\(url)'")
        }
        let info = try store.head(bucket: location.bucket, key: location.key)
        guard let info else { throw Failure("\(url): expected the weights, found no such object") }
        return (location, info)
    }

    /// Loads the network, compares the checksums of the file, and releases its pages.
    /// - Parameters:
    ///   - threads: that read and pack.
    ///   - isDigested: whether the SHA-256 of the file is computed.
    ///   - make: creates the network from the open file.
    /// - Returns: the network, and the SHA-256 of the file in hexadecimal digits.
    public func load<Network: CutoutNetwork>(
        threads: Int = Processors.available, isDigested: Bool = false,
        _ make: (TensorFile, ParallelLoop) throws(Failure) -> Network
    ) throws(Failure) -> (network: Network, sha256: String?) {
        let parallel = ParallelLoop.threads(threads)
        do throws(Failure) {
            let file = try TensorFile.open(path: path, checksums: .deferred)
            defer { file.release() }
            try file.verifyChecksums(on: parallel)
            let sha256 =
                isDigested ? try file.withFileBytes { SHA256Digest.hexadecimal(of: $0) } : nil
            return (try make(file, parallel), sha256)
        } catch {
            // The caller does not know the path of a fetched file.
            throw error.subject == path ? Failure(error.kind, name, error.message) : error
        }
    }

    // MARK: Objects

    /// - Returns: the path of a file that is complete.
    private static func fetch(
        _ location: S3Location, _ info: ObjectInfo, from store: any ObjectStore, into folder: String
    ) throws(Failure) -> String {
        let tag = String(info.etag.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" })
        let path = "\(folder)/cai-weights-\(tag)-\(info.size)"
        if isKept(path, size: info.size) { return path }
        do throws(Failure) {
            let file = try AtomicFile(path: path)
            let window = piece * piecesAtOnce
            for start in stride(from: 0, to: info.size, by: window) {
                let end = min(start + window, info.size)
                let starts = Array(stride(from: start, to: end, by: piece))
                let pieces = try ParallelLoop.threads(piecesAtOnce).map(starts.count) { index throws(Failure) in
                    try store.get(
                        bucket: location.bucket, key: location.key,
                        range: starts[index]..<min(starts[index] + piece, end), etag: info.etag)
                }
                for bytes in pieces { try file.write(bytes) }
            }
            try file.commit()
        } catch {
            throw error.reading(store.name(bucket: location.bucket, key: location.key))
        }
        return path
    }

    /// Whether the file exists and this user owns it: other users may write to the folder.
    private static func isKept(_ path: String, size: Int) -> Bool {
        guard let file = try? OpenFile(path: path) else { return false }
        return file.size == size && file.owner == getuid()
    }

    private static let piece = 8 << 20
    private static let piecesAtOnce = 8
}
