import Platform

/// A zip archive, checked as a whole when it is opened: its directory, the local header of each entry, and that no two
/// entries share a byte. Checksums are compared when entries are read. Format: PKWARE's APPNOTE, sections 4.3 to 4.5 (zip64
/// included).
struct ZipArchive: Sendable {
    struct Entry: Sendable {
        let name: String
        let isDeflated: Bool
        let checksum: UInt32
        /// Inflated bytes.
        let size: Int
        /// Range of its stored or compressed bytes in the archive.
        let data: Range<Int>

        /// - Throws: `Failure` when `sum`, over all of the entry's bytes, is not the checksum in the directory.
        func check(_ sum: CRC32, in archive: any ByteSource) throws(Failure) {
            guard sum.value == checksum else {
                throw ZipArchive.failure(
                    archive,
                    "entry \(name.quoted): CRC-32 is \(hexadecimal(sum.value)), the directory says "
                        + hexadecimal(checksum))
            }
        }
    }

    let source: any ByteSource
    /// In the order of the directory, with unique names.
    let entries: [Entry]

    /// Limits on the directory's size and number of entries keep the tables made of them small.
    private static let maximumEntries = 32_768
    private static let maximumDirectory = 16 << 20
    /// Limit on the inflated bytes of all deflated entries: this many, or a multiple of the file's size that real data does
    /// not reach.
    private static let inflationAllowance = 48 << 20
    private static let inflationRatio = 8

    init(_ source: some ByteSource) throws(Failure) {
        self.source = source
        let end = try ZipDirectoryEnd(source)
        guard end.entryCount <= Self.maximumEntries, end.directory.count <= Self.maximumDirectory else {
            throw Self.failure(
                source,
                "a directory of \(end.entryCount) entries in \(end.directory.count) bytes is beyond what is read")
        }
        let records = try source.withBytes(in: end.directory) { (bytes: RawSpan) throws(Failure) in
            try ZipDirectoryRecord.all(in: bytes, count: end.entryCount, archive: source)
        }
        var names = Set<String>(minimumCapacity: records.count)
        for record in records where !names.insert(record.name).inserted {
            throw Self.failure(source, "entry \(record.name.quoted) appears twice in the directory")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(records.count)
        var extents: [(span: Range<Int>, index: Int)] = []
        extents.reserveCapacity(records.count)
        for record in records {
            let data = try record.locateData(in: source, before: end.directory.lowerBound)
            entries.append(
                Entry(
                    name: record.name, isDeflated: record.method == 8, checksum: record.checksum, size: record.size,
                    data: data))
            extents.append((record.headerOffset..<data.upperBound, extents.count))
        }
        extents.sort { $0.span.lowerBound < $1.span.lowerBound }
        for (first, second) in zip(extents, extents.dropFirst()) where second.span.lowerBound < first.span.upperBound {
            throw Self.failure(
                source,
                "entries \(entries[first.index].name.quoted) and \(entries[second.index].name.quoted) overlap")
        }
        try Self.checkInflation(entries, source)
        self.entries = entries
    }

    /// The bytes of an entry, without comparing its checksum.
    func member(_ entry: Entry) -> ZipMember { ZipMember(entry, in: source) }

    /// Calls `body` with the whole entry, after comparing its checksum. Does not keep inflated bytes.
    func withContents<Result>(of entry: Entry, _ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        let member = member(entry)
        try ZipMember.verify([member], on: .serial) { _ in true }
        return try member.source.withBytes(in: member.range, body)
    }

    private static func checkInflation(_ entries: [Entry], _ source: some ByteSource) throws(Failure) {
        let limit = max(
            inflationAllowance, source.byteCount.multipliedReportingOverflow(by: inflationRatio).partialValue)
        var total = 0
        for entry in entries where entry.isDeflated {
            let (sum, overflow) = total.addingReportingOverflow(entry.size)
            guard !overflow, sum <= limit else {
                throw failure(
                    source,
                    "entry \(entry.name.quoted): its \(entry.data.count) bytes declare to inflate to \(entry.size), "
                        + "beyond the \(limit) bytes allowed for this file")
            }
            total = sum
        }
    }

    static func failure(_ source: some ByteSource, _ what: String) -> Failure { Failure(source.name, "zip: \(what)") }
}

func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
