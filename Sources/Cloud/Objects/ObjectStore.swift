import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// Key, size and ETag of an object.
public struct ObjectInfo: Sendable, Equatable {
    public let key: String
    /// Bytes.
    public let size: Int
    /// Changes with the content; opaque, without quotation marks.
    public let etag: String

    public init(key: String, size: Int, etag: String) {
        self.key = key
        self.size = size
        self.etag = etag
    }
}

/// Buckets of objects by key: S3, or folders in its place. Calls block; any number of threads may call at once.
public protocol ObjectStore: Sendable {
    /// Name of an object in error messages, such as `s3://bucket/key`.
    func name(bucket: String, key: String) -> String
    /// nil where there is no such object.
    /// - Throws: `Failure.notFound` where there is no such bucket.
    func head(bucket: String, key: String) throws(Failure) -> ObjectInfo?
    /// The bytes of `range`, or all.
    /// - Parameter etag: that the object must still have.
    /// - Throws: `Failure.notFound`, or `.conflict` where the object has changed.
    func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8]
    /// Passes the bytes of `range` to `receiver` as they arrive, in order: all of them unless it throws.
    /// - Throws: the same.
    func get(
        bucket: String, key: String, range: Range<Int>, etag: String, into receiver: any ByteReceiver
    ) throws(Failure)
    /// Replaces the object, completely or not at all, where the condition holds: of several calls at the same time with the
    /// same condition one succeeds.
    /// - Returns: the ETag of the new object.
    /// - Throws: `Failure.conflict` where the condition does not hold.
    func put(bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition) throws(Failure) -> String
    /// Begins an object that is written piece by piece, in parts where it is large.
    /// - Parameter size: bytes that it will have, or more.
    func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload
    /// All objects whose keys begin with `prefix`, sorted by key as bytes, to the last page.
    func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo]
    /// No error where there is no such object.
    func delete(bucket: String, key: String) throws(Failure)
    /// Of the requests so far.
    var statistics: StoreStatistics { get }
    /// The same store, whose calls fail with `Failure.deadline` at that time (seconds since 1970); nil for no limit.
    func until(_ deadline: Double?) -> any ObjectStore
}

extension ObjectStore {
    /// A local store needs no limit.
    public func until(_ deadline: Double?) -> any ObjectStore { self }

    public func get(bucket: String, key: String) throws(Failure) -> [UInt8] {
        try get(bucket: bucket, key: key, range: nil, etag: nil)
    }

    public func get(
        bucket: String, key: String, range: Range<Int>, etag: String, into receiver: any ByteReceiver
    ) throws(Failure) {
        let bytes = try get(bucket: bucket, key: key, range: range, etag: etag)
        guard receiver.take(bytes), bytes.count == range.count else {
            throw Failure(
                name(bucket: bucket, key: key),
                "bytes \(range.lowerBound)..<\(range.upperBound): expected \(range.count), found \(bytes.count)")
        }
    }

    /// Replaces the object whatever it is.
    @discardableResult
    public func put(bucket: String, key: String, _ bytes: [UInt8]) throws(Failure) -> String {
        try put(bucket: bucket, key: key, bytes, if: .always)
    }

    /// The same with the content of a file, of which one piece at a time is in memory.
    @discardableResult
    public func put(bucket: String, key: String, contentsOf path: String) throws(Failure) -> String {
        guard let file = try OpenFile(path: path) else {
            throw Failure(path, "cannot be opened", SystemError(FileStamp(path: path) == nil ? ENOENT : EISDIR))
        }
        return try put(bucket: bucket, key: key, size: file.size) { upload throws(Failure) in
            for start in stride(from: 0, to: file.size, by: 1 << 20) {
                try upload.write(try file.read(start..<min(start + 1 << 20, file.size)))
            }
        }
    }

    /// The same with what `body` writes; nothing where it throws.
    /// - Parameter size: bytes that the object will have, or more.
    @discardableResult
    public func put(
        bucket: String, key: String, size: Int, _ body: (any ObjectUpload) throws(Failure) -> Void
    ) throws(Failure) -> String {
        let upload = try upload(bucket: bucket, key: key, size: size)
        do throws(Failure) {
            try body(upload)
            return try upload.complete()
        } catch {
            upload.abandon()
            throw error
        }
    }
}

/// Requests to a store, including each retry. Times are in seconds, points in time in seconds since 1970.
public struct StoreStatistics: Sendable, Equatable {
    public var requests = 0
    public var totalTime = 0.0
    public var minTime: Double?
    public var maxTime: Double?
    public var firstRequest: Double?
    public var lastResponse: Double?
    public var bytesRead = 0
    public var bytesWritten = 0

    public init() {}

    public mutating func add(start: Double, end: Double, read: Int = 0, written: Int = 0) {
        let time = end - start
        requests += 1
        totalTime += time
        minTime = min(minTime ?? time, time)
        maxTime = max(maxTime ?? time, time)
        firstRequest = min(firstRequest ?? start, start)
        lastResponse = max(lastResponse ?? end, end)
        bytesRead += read
        bytesWritten += written
    }
}

extension Mutex where Value == StoreStatistics {
    /// Calls `body` and adds it as a request.
    /// - Parameter failures: whether requests that fail count, too.
    func timed<Result>(
        failures: Bool, read: (Result) -> Int = { _ in 0 }, written: Int = 0, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (start, clock) = (Date().timeIntervalSince1970, ContinuousClock())
        let begun = clock.now
        var counts: (read: Int, written: Int)? = failures ? (0, 0) : nil
        defer {
            let end = start + (clock.now - begun) / .seconds(1)
            if let counts { withLock { $0.add(start: start, end: end, read: counts.read, written: counts.written) } }
        }
        let result = try body()
        counts = (read(result), written)
        return result
    }
}
