import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// Folders that stand in for S3: the object `key` of `bucket` is the file `root/bucket/key`.
///
/// Objects appear whole (a file aside that is renamed), and a reader keeps what it has opened. Links are followed.
public final class FolderStore: ObjectStore {
    private let root: String
    private let requests = Mutex(StoreStatistics())

    /// - Parameter root: an existing folder; each folder in it is a bucket.
    public init(root: String) { self.root = root.hasSuffix("/") ? String(root.dropLast()) : root }

    public var statistics: StoreStatistics { requests.withLock { $0 } }

    public func name(bucket: String, key: String) -> String { "\(root)/\(bucket)/\(key)" }

    public func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
        let path = try path(bucket, key)
        return try requests.timed(failures: false) { () throws(Failure) -> ObjectInfo? in
            guard let file = try OpenFile(path: path) else { return nil }
            return ObjectInfo(key: key, size: file.size, etag: file.etag)
        }
    }

    public func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] {
        let path = try path(bucket, key)
        return try requests.timed(failures: false, read: \.count) { () throws(Failure) -> [UInt8] in
            guard let file = try OpenFile(path: path) else { throw Failure(.notFound, path, "no such object") }
            guard etag == nil || etag == file.etag else {
                throw Failure(.conflict, path, "expected ETag \(etag ?? ""), found \(file.etag)")
            }
            let range = range ?? 0..<file.size
            guard range.lowerBound >= 0, range.upperBound <= file.size else {
                throw Failure(.input, path, "expected bytes \(range), found \(file.size) bytes")
            }
            return try file.read(range)
        }
    }

    public func put(bucket: String, key: String, _ bytes: [UInt8]) throws(Failure) {
        try write(bucket, key, count: bytes.count) { file throws(Failure) in try file.write(bytes) }
    }

    public func put(bucket: String, key: String, contentsOf path: String) throws(Failure) {
        guard let source = try OpenFile(path: path) else { throw Failure(.notFound, path, "no such file") }
        try write(bucket, key, count: source.size) { file throws(Failure) in
            for start in stride(from: 0, to: source.size, by: 1 << 20) {
                try file.write(try source.read(start..<min(start + 1 << 20, source.size)))
            }
        }
    }

    public func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
        try checkBucket(bucket)
        return try requests.timed(failures: false) { () throws(Failure) -> [ObjectInfo] in
            // The deepest folder that holds all of them.
            let folder = prefix.lastIndex(of: "/").map { String(prefix[..<$0]) } ?? ""
            guard folder.isEmpty || Self.isPlain(folder) else { return [] }
            var keys: [String] = []
            try walk(bucket, folder, depth: 0, into: &keys)
            var objects: [ObjectInfo] = []
            for key in keys where key.hasPrefix(prefix) {
                // What goes away meanwhile is not there.
                guard let file = try OpenFile(path: name(bucket: bucket, key: key)) else { continue }
                objects.append(ObjectInfo(key: key, size: file.size, etag: file.etag))
            }
            return objects.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
    }

    public func delete(bucket: String, key: String) throws(Failure) {
        let path = try path(bucket, key)
        try requests.timed(failures: false) { () throws(Failure) in
            guard unsafe unlink(path) != 0, errno != ENOENT, errno != ENOTDIR else { return }
            throw Failure(path, "cannot be removed", SystemError())
        }
    }

    private func walk(_ bucket: String, _ folder: String, depth: Int, into keys: inout [String]) throws(Failure) {
        let path = name(bucket: bucket, key: folder)
        guard depth < 64 else { throw Failure(.input, path, "expected at most 64 folders one in another") }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            // A folder that is there and cannot be read is not an empty one.
            guard FileManager.default.fileExists(atPath: path) else { return }
            throw Failure(.unavailable, path, "the folder cannot be read")
        }
        for name in names where UnfinishedFiles.finalName(of: name) == nil {
            let key = folder.isEmpty ? name : folder + "/" + name
            guard let isFolder = FileManager.default.isFolder(path + "/" + name) else { continue }
            if isFolder { try walk(bucket, key, depth: depth + 1, into: &keys) } else { keys.append(key) }
        }
    }

    private func write(
        _ bucket: String, _ key: String, count: Int, _ body: (AtomicFile) throws(Failure) -> Void
    ) throws(Failure) {
        let path = try path(bucket, key)
        try requests.timed(failures: false, written: count) { () throws(Failure) in
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? root
            try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let file = try AtomicFile(path: path)
            try body(file)
            try file.commit()
        }
    }

    /// Where an object lies, its bucket being there.
    private func path(_ bucket: String, _ key: String) throws(Failure) -> String {
        try checkBucket(bucket)
        guard Self.isPlain(key) else {
            throw Failure(.input, name(bucket: bucket, key: key), "expected a key without empty parts, '.' and '..'")
        }
        return name(bucket: bucket, key: key)
    }

    private func checkBucket(_ bucket: String) throws(Failure) {
        let path = "\(root)/\(bucket)"
        guard Self.isPlain(bucket), !bucket.contains("/") else {
            throw Failure(.input, path, "expected a bucket's name, found '\(bucket)'")
        }
        guard FileManager.default.isFolder(path) == true else {
            throw Failure(.notFound, path, "no such bucket: expected a folder")
        }
    }

    /// Whether a key stays in its bucket's folder.
    private static func isPlain(_ key: String) -> Bool {
        key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
            && !key.utf8.contains(0)
    }
}
