import Platform
import Synchronization

/// An entry of a zip archive with the bytes of a tensor, whose checksum is not compared yet.
struct ZipMember: Sendable {
    /// The archive itself, or the inflated bytes of the entry.
    let source: any ByteSource
    /// Range of the entry's bytes in `source`.
    let range: Range<Int>
    private let entry: ZipArchive.Entry
    private let deflated: DeflatedSource?

    init(_ entry: ZipArchive.Entry, in archive: any ByteSource) {
        self.entry = entry
        deflated = entry.isDeflated ? DeflatedSource(entry, in: archive) : nil
        source = deflated ?? archive
        range = entry.isDeflated ? 0..<entry.size : entry.data
    }

    var isStored: Bool { deflated == nil }

    /// Inflated bytes; 0 where it is not deflated.
    var inflatedCount: Int { deflated?.byteCount ?? 0 }

    /// Compares the checksums of `members`, in order, and releases stored bytes once they are read.
    /// - Parameters:
    ///   - keeping: whether an inflated entry is kept for the next reader.
    ///   - parallel: runs pieces of stored entries, and deflated entries.
    static func verify(
        _ members: [ZipMember], on parallel: ParallelLoop, keeping: @escaping @Sendable (ZipMember) -> Bool
    ) throws(Failure) {
        let parts = members.indices.flatMap { index in members[index].parts.map { (member: index, range: $0) } }
        let sums = Mutex([CRC32](repeating: CRC32(), count: parts.count))
        try parallel(parts.count) { (index) throws(Failure) in
            let member = members[parts[index].member]
            if let deflated = member.deflated {
                if keeping(member) { try deflated.load() } else { try deflated.verify() }
                return
            }
            if member.source.isRemote {
                let sum = try member.source.checksum(of: parts[index].range)
                sums.withLock { $0[index] = sum }
                return
            }
            if index + piecesAhead < parts.count {
                let next = parts[index + piecesAhead]
                members[next.member].source.prefetch(next.range)
            }
            let sum = try member.source.withBytes(in: parts[index].range) { (piece: RawSpan) in CRC32(piece) }
            member.source.release(parts[index].range)
            sums.withLock { $0[index] = sum }
        }
        var whole = [CRC32](repeating: CRC32(), count: members.count)
        for (part, sum) in zip(parts, sums.withLock { $0 }) { whole[part.member].append(sum) }
        for (member, sum) in zip(members, whole) where member.isStored { try member.check(sum) }
    }

    /// - Throws: `Failure` when `sum`, over the bytes of a stored entry, is not the checksum in the directory.
    func check(_ sum: CRC32) throws(Failure) { try entry.check(sum, in: source) }

    /// Number of pieces that are loaded ahead of the reader.
    private static let piecesAhead = 8

    /// Whether comparing its checksum last reads only the bytes that were not read yet: it is stored, and remote.
    var isVerifiedLast: Bool { isStored && source.isRemote }

    /// The bytes of a stored entry in pieces; all bytes of a deflated entry, which can only be inflated from its beginning,
    /// and of a remote one, whose source has checksums of its own pieces.
    private var parts: [Range<Int>] {
        guard deflated == nil, !source.isRemote else { return [range] }
        let pieceSize = 1 << 20
        return stride(from: range.lowerBound, to: range.upperBound, by: pieceSize).map {
            $0..<min($0 + pieceSize, range.upperBound)
        }
    }

    /// Releases the inflated bytes.
    func release() { deflated?.release() }

    /// Calls `body` with the first `count` bytes, or all if there are fewer. Does not compare the checksum and inflates no
    /// more than these.
    func withHead<Result>(_ count: Int, _ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        if let deflated { return try deflated.withHead(count, body) }
        return try source.withBytes(in: range.prefix(count), body)
    }
}
