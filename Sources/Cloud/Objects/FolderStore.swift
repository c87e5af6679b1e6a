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

    public func put(
        bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition
    ) throws(Failure) -> String {
        let path = try path(bucket, key)
        return try requests.timed(failures: false, written: bytes.count) { () throws(Failure) in
            let file = try create(path)
            try file.write(bytes)
            switch condition {
            case .always: try file.commit()
            case .absent: try file.commit(replacing: .nothing)
            case .unchanged(let etag): try file.commit(replacing: .file(etag: etag))
            }
            return file.etag
        }
    }

    public func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
        FolderUpload(try create(try path(bucket, key)), store: self) { [self] written in
            requests.withLock { statistics in
                let now = Date().timeIntervalSince1970
                statistics.add(start: now, end: now, written: written)
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
        func names() -> [String]? { try? FileManager.default.contentsOfDirectory(atPath: path) }
        var listed = names()
        if listed == nil {
            // A folder that is there and cannot be read is not an empty one; it may have been made just now.
            guard FileManager.default.fileExists(atPath: path) else { return }
            listed = names()
        }
        guard let listed else { throw Failure(.unavailable, path, "the folder cannot be read") }
        for name in listed where UnfinishedFiles.finalName(of: name) == nil {
            let key = folder.isEmpty ? name : folder + "/" + name
            guard let isFolder = FileManager.default.isFolder(path + "/" + name) else { continue }
            if isFolder { try walk(bucket, key, depth: depth + 1, into: &keys) } else { keys.append(key) }
        }
    }

    /// A file in a folder that is made where it is missing.
    private func create(_ path: String) throws(Failure) -> AtomicFile {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? root
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try AtomicFile(path: path)
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

/// A file that is renamed when it is complete.
private final class FolderUpload: ObjectUpload {
    private let file: AtomicFile
    private let store: FolderStore
    private let record: (Int) -> Void
    private var written = 0

    /// - Parameter record: called with the number of bytes of the complete file.
    init(_ file: AtomicFile, store: FolderStore, record: @escaping (Int) -> Void) {
        (self.file, self.store, self.record) = (file, store, record)
    }

    func write(_ bytes: [UInt8]) throws(Failure) {
        try file.write(bytes)
        written += bytes.count
    }

    func append(bucket: String, key: String, range: Range<Int>, etag: String, checksum: CRC32) throws(Failure) {
        try append(from: store, bucket: bucket, key: key, range: range, etag: etag)
    }

    func complete() throws(Failure) -> String {
        try file.commit()
        record(written)
        return file.etag
    }

    func abandon() { file.abandon() }
}
