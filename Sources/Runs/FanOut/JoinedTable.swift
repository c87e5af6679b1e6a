import Cloud
import Platform

/// The table of a run while it is written, a rank's table after the other.
final class JoinedTable {
    /// Bytes of a table that are held until all of it is known to be right. Larger ones are copied by the store.
    private static let mostHeld = 16 << 20

    /// Bytes so far.
    private(set) var count = 0
    private(set) var isAbandoned = false
    private let upload: any ObjectUpload
    private let bucket: String
    private var digest: SHA256Stream? = SHA256Stream()
    /// The rows of the present table; nil where there are too many.
    private var held: [UInt8]? = []

    init(_ upload: any ObjectUpload, bucket: String) { (self.upload, self.bucket) = (upload, bucket) }

    func write(_ bytes: [UInt8]) throws(Failure) {
        guard !isAbandoned else { return }
        digest?.update(bytes)
        count += bytes.count
        try upload.write(bytes)
    }

    /// Takes a piece of the present table's rows.
    func hold(_ piece: [UInt8]) {
        guard !isAbandoned else { return }
        digest?.update(piece)
        count += piece.count
        held = held.flatMap { $0.count + piece.count <= Self.mostHeld ? $0 + piece : nil }
    }

    /// Appends the rows that were held, or those of the object where they were too many.
    /// - Parameters:
    ///   - table: the object that has them, after a header.
    ///   - checksum: of the rows.
    func append(_ table: ObjectInfo, _ checksum: CRC32) throws(Failure) {
        guard !isAbandoned else { return }
        defer { held = [] }
        if let held { return try upload.write(held) }
        try upload.append(
            bucket: bucket, key: table.key, range: RankTable.header.count..<table.size, etag: table.etag,
            checksum: checksum)
    }

    /// - Returns: the SHA-256 of all bytes, in hexadecimal digits.
    func complete() throws(Failure) -> String {
        _ = try upload.complete()
        return digest.take()?.finish() ?? ""
    }

    func abandon() {
        guard !isAbandoned else { return }
        isAbandoned = true
        upload.abandon()
    }
}
