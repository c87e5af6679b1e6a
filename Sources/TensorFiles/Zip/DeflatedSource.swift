import Platform
import Synchronization

/// The inflated bytes of a deflated entry of a zip archive.
///
/// Reading inflates the whole entry, compares its checksum and keeps it until it is released.
final class DeflatedSource: ByteSource {
    /// Name of the archive.
    let name: String
    private let archive: any ByteSource
    private let entry: ZipArchive.Entry
    /// The inflated bytes, or why the entry is damaged: threads that wait for it do not inflate it again.
    private let inflated = Mutex<Result<MemorySource, Failure>?>(nil)

    init(_ entry: ZipArchive.Entry, in archive: any ByteSource) {
        name = archive.name
        self.archive = archive
        self.entry = entry
    }

    /// Inflated bytes, as the archive declares them.
    var byteCount: Int { entry.size }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        return try load().withBytes(in: range, body)
    }

    /// Calls `body` with the first `count` bytes, or all if there are fewer. Inflates no more than these, does not compare
    /// the checksum and keeps nothing.
    func withHead<Result>(_ count: Int, _ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        var bytes: [UInt8] = []
        try inflate { (piece: RawSpan) in
            bytes += piece.array(0..<min(piece.byteCount, count - bytes.count))
            return bytes.count < count
        }
        return try MemorySource(name: name, bytes: bytes).withBytes(in: 0..<bytes.count, body)
    }

    /// Inflates, compares the checksum and keeps nothing.
    func verify() throws(Failure) { _ = try inflated(keeping: false) }

    /// The whole entry, inflated if it is not kept. Other threads wait meanwhile.
    @discardableResult func load() throws(Failure) -> MemorySource {
        try inflated.withLock { (kept: inout Result<MemorySource, Failure>?) throws(Failure) -> MemorySource in
            if let kept { return try kept.get() }
            do throws(Failure) {
                let whole = MemorySource(name: name, bytes: try inflated(keeping: true))
                kept = .success(whole)
                return whole
            } catch {
                // What cannot be read now, at a deadline for instance, is not damaged.
                if error.kind == .input { kept = .failure(error) }
                throw error
            }
        }
    }

    /// Releases the inflated bytes, once present readers are done.
    func release() { inflated.withLock { $0 = nil } }

    /// Inflates and compares the checksum.
    private func inflated(keeping: Bool) throws(Failure) -> [UInt8] {
        var sum = CRC32()
        var bytes: [UInt8] = []
        if keeping { bytes.reserveCapacity(entry.size) }
        try inflate { (piece: RawSpan) in
            sum.update(piece)
            if keeping { bytes += piece.array(0..<piece.byteCount) }
            return true
        }
        try entry.check(sum, in: archive)
        return bytes
    }

    private func inflate(_ body: (RawSpan) -> Bool) throws(Failure) {
        try Inflate.pieces(of: archive, in: entry.data, size: entry.size, entry: entry.name, body)
    }
}
