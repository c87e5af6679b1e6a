import Platform
import Synchronization

/// An entry of a zip archive that a tensor's bytes come from, its checksum not compared yet.
struct ZipMember: Sendable {
    /// The archive itself, or the entry's inflated bytes.
    let source: any ByteSource
    /// Where in `source` the entry's bytes lie.
    let range: Range<Int>
    private let entry: ZipArchive.Entry
    private let deflated: DeflatedSource?

    init(_ entry: ZipArchive.Entry, in archive: any ByteSource) {
        self.entry = entry
        deflated = entry.isDeflated ? DeflatedSource(entry, in: archive) : nil
        source = deflated ?? archive
        range = entry.isDeflated ? 0..<entry.size : entry.data
    }

    /// Bytes that it inflates to; 0 where it is not deflated.
    var inflatedCount: Int { deflated?.byteCount ?? 0 }

    /// Compares the checksums of `members`, in their order, and lets go of the stored bytes behind the reader.
    /// - Parameters:
    ///   - keeping: whether a deflated entry, once inflated, is kept for those that ask next.
    ///   - parallel: runs over pieces of stored entries and over deflated ones.
    static func verify(_ members: [ZipMember], keeping: Bool, on parallel: ParallelLoop) throws(Failure) {
        let parts = members.indices.flatMap { index in members[index].parts.map { (member: index, range: $0) } }
        let sums = Mutex([CRC32](repeating: CRC32(), count: parts.count))
        try parallel(parts.count) { (index) throws(Failure) in
            let member = members[parts[index].member]
            if let deflated = member.deflated {
                if keeping { try deflated.load() } else { try deflated.verify() }
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
            var sum = CRC32()
            try member.source.withBytes(in: parts[index].range) { (piece: RawSpan) in sum.update(piece) }
            member.source.release(parts[index].range)
            sums.withLock { $0[index] = sum }
        }
        var whole = [CRC32](repeating: CRC32(), count: members.count)
        for (part, sum) in zip(parts, sums.withLock { $0 }) { whole[part.member].append(sum, of: part.range.count) }
        for (member, sum) in zip(members, whole) where member.deflated == nil {
            try member.entry.check(sum, in: member.source)
        }
    }

    /// How far ahead of the reader the file is loaded.
    private static let piecesAhead = 8

    /// Whether its checksum costs no more than what was not read yet, if it is asked for last: it is stored, and comes
    /// from far.
    var isVerifiedLast: Bool { deflated == nil && source.isRemote }

    /// A stored entry's bytes in pieces; a deflated entry, which can only be read from its beginning, whole, and so one
    /// whose source knows checksums of pieces of its own.
    private var parts: [Range<Int>] {
        guard deflated == nil, !source.isRemote else { return [range] }
        let pieceSize = 1 << 20
        return stride(from: range.lowerBound, to: range.upperBound, by: pieceSize).map {
            $0..<min($0 + pieceSize, range.upperBound)
        }
    }

    /// Lets go of what was inflated.
    func release() { deflated?.release() }

    /// Calls `body` with the first bytes, `count` of them or all there are. Neither compares the checksum nor inflates
    /// more.
    func withHead<Result>(
        _ count: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if let deflated { return try deflated.withHead(count, body) }
        return try source.withBytes(in: range.prefix(count), body)
    }
}
