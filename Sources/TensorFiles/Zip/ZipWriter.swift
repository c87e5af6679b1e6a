import Platform

/// Writes a zip archive of stored entries. The sizes of all entries are given at the start, which fixes the offset of every
/// byte: data may come in any order. Only a checksum for each piece is kept in memory. Not thread-safe.
struct ZipWriter {
    let file: AtomicFile
    let entries: [StoredEntry]
    private let isZip64: Bool
    /// Of each entry, in the order in which they were written.
    private var pieces: [[(offset: Int, sum: CRC32)]]

    /// Creates the file.
    /// - Parameter isZip64: whether sizes and offsets have 64 bits; otherwise the caller makes sure that the archive ends
    ///   before 4 GiB.
    /// - Throws: `Failure` when the file cannot be written, or is larger than 64 bits can express.
    init(path: String, entries: [(name: String, size: Int)], isZip64: Bool) throws(Failure) {
        var stored: [StoredEntry] = []
        for (name, size) in entries {
            guard let entry = StoredEntry(name, size: size, offset: stored.last?.end ?? 0, isZip64: isZip64) else {
                throw Failure(path, "is larger than 64 bits can say")
            }
            stored.append(entry)
        }
        (self.entries, self.isZip64) = (stored, isZip64)
        pieces = stored.map { _ in [] }
        file = try AtomicFile(path: path)
    }

    /// Writes data of an entry at an offset in it.
    /// - Parameter sum: of `bytes`.
    mutating func write(_ bytes: RawSpan, sum: CRC32, entry: Int, at offset: Int) throws(Failure) {
        guard bytes.byteCount > 0 else { return }
        try file.write(bytes, at: entries[entry].dataOffset + offset)
        pieces[entry].append((offset, sum))
    }

    /// The first offset in an entry's data that was not written, or more than once; nil where all is complete.
    func firstGap(entry: Int) -> Int? {
        var end = 0
        for piece in pieces[entry].sorted(by: { $0.offset < $1.offset }) {
            guard piece.offset == end else { return end }
            end += piece.sum.count
        }
        return end == entries[entry].size ? nil : end
    }

    /// Writes the records of all entries, whose data is complete, and the directory. The caller commits the file.
    func finish() throws(Failure) {
        var directory: [UInt8] = []
        for (entry, pieces) in zip(entries, pieces) {
            var sum = CRC32()
            for piece in pieces.sorted(by: { $0.offset < $1.offset }) { sum.append(piece.sum) }
            try file.patch(at: entry.offset, entry.local(sum))
            directory += entry.central(sum)
        }
        let start = entries.last?.end ?? 0
        directory += StoredEntry.directoryEnd(
            count: entries.count, start: start, size: directory.count, isZip64: isZip64)
        try file.patch(at: start, directory)
    }
}
