import Platform

/// What an object has to be when it is replaced.
public enum PutCondition: Sendable, Equatable {
    /// Anything.
    case always
    /// No object has that key.
    case absent
    /// It has this ETag.
    case unchanged(String)
}

/// An object while it is written, by one thread. It appears when it is complete; until then the key has the former object.
public protocol ObjectUpload: AnyObject {
    /// Appends bytes.
    func write(_ bytes: [UInt8]) throws(Failure)
    /// Appends bytes of an object of the same store.
    /// - Parameters:
    ///   - range: of the object's bytes.
    ///   - etag: that the object must still have.
    ///   - checksum: of the bytes.
    /// - Throws: `Failure.conflict` where the object has changed.
    func append(bucket: String, key: String, range: Range<Int>, etag: String, checksum: CRC32) throws(Failure)
    /// Completes the object.
    /// - Returns: its ETag.
    func complete() throws(Failure) -> String
    /// Removes what was written. Does nothing after `complete`.
    func abandon()
}

extension ObjectUpload {
    /// Appends bytes of an object by reading them.
    func append(
        from store: any ObjectStore, bucket: String, key: String, range: Range<Int>, etag: String
    ) throws(Failure) {
        let piece = 8 << 20
        for start in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
            try write(
                try store.get(
                    bucket: bucket, key: key, range: start..<min(start + piece, range.upperBound), etag: etag))
        }
    }
}

/// An upload that is held in memory until it is complete, for stores that take no parts.
public final class WholeUpload: ObjectUpload {
    private let store: any ObjectStore
    private let bucket: String
    private let key: String
    private var bytes: [UInt8] = []

    public init(_ store: any ObjectStore, bucket: String, key: String) {
        (self.store, self.bucket, self.key) = (store, bucket, key)
    }

    public func write(_ bytes: [UInt8]) throws(Failure) { self.bytes += bytes }

    public func append(
        bucket: String, key: String, range: Range<Int>, etag: String, checksum: CRC32
    ) throws(Failure) {
        bytes += try store.get(bucket: bucket, key: key, range: range, etag: etag)
    }

    public func complete() throws(Failure) -> String { try store.put(bucket: bucket, key: key, bytes) }

    public func abandon() { bytes = [] }
}
