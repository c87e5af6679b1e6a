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

    /// Compares the checksum.
    /// - Parameter keeping: whether a deflated entry, once inflated, is kept for those that ask next.
    func verify(keeping: Bool) throws(TensorFileError) {
        if let deflated {
            if keeping { try deflated.load() } else { try deflated.verify() }
            return
        }
        var sum = CRC32()
        try source.withPieces(of: range) { (piece: RawSpan) in sum.update(piece) }
        try entry.check(sum, in: source)
    }

    /// Lets go of what was inflated.
    func release() { deflated?.release() }

    /// Calls `body` with the first bytes, `count` of them or all there are. Neither compares the checksum nor inflates
    /// more.
    func withHead<Result>(
        _ count: Int, _ body: (RawSpan) throws(TensorFileError) -> Result
    ) throws(TensorFileError) -> Result {
        if let deflated { return try deflated.withHead(count, body) }
        return try source.withBytes(in: range.prefix(count), body)
    }
}
