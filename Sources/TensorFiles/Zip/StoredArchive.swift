import Platform

/// A zip archive of stored entries as PyTorch writes them: the data of each begins at a multiple of 64 bytes, behind an
/// extra field of padding. Without zip64: who writes it sees to it that it ends before 4 GiB.
struct StoredArchive {
    private struct Entry {
        let name: String
        let offset: Int
        let size: Int
        var sum = CRC32()
    }

    private let file: AtomicFile
    private var entries: [Entry] = []
    private var offset = 0

    private static let alignment = 64
    private static let localSize = 30

    init(_ file: AtomicFile) { self.file = file }

    /// Adds an entry at once.
    mutating func add(_ name: String, _ bytes: [UInt8]) throws(Failure) {
        try begin(name, size: bytes.count)
        try unsafe write(bytes.span.bytes)
        try end()
    }

    /// Begins an entry whose data comes with `write`.
    mutating func begin(_ name: String, size: Int) throws(Failure) {
        let entry = Entry(name: name, offset: offset, size: size)
        // The field's own four bytes, and at least one of padding.
        let start = offset + Self.localSize + name.utf8.count + 4
        let padding = Self.alignment - start % Self.alignment
        var header = LittleEndian()
        header.word(0x0403_4B50)
        header.half(0)  // version
        append(entry, extra: 4 + padding, to: &header)
        header.bytes += Array(name.utf8)
        header.bytes += Array("FB".utf8)
        header.half(padding)
        header.bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        try file.write(header.bytes)
        offset = start + padding
        entries.append(entry)
    }

    /// Bytes of the entry that was begun.
    mutating func write(_ bytes: RawSpan) throws(Failure) {
        try file.write(bytes)
        offset += bytes.byteCount
        entries[entries.count - 1].sum.update(bytes)
    }

    /// Its checksum is known only now.
    mutating func end() throws(Failure) {
        guard let entry = entries.last else { return }
        var sum = LittleEndian()
        sum.word(Int(entry.sum.value))
        try file.patch(at: entry.offset + 14, sum.bytes)
    }

    /// Writes the directory.
    mutating func finish() throws(Failure) {
        var directory = LittleEndian()
        for entry in entries {
            directory.word(0x0201_4B50)
            directory.word(0)  // versions
            append(entry, extra: 0, to: &directory)
            for _ in 0..<3 { directory.half(0) }  // comment, disk, attributes
            directory.word(0)
            directory.word(entry.offset)
            directory.bytes += Array(entry.name.utf8)
        }
        let size = directory.bytes.count
        directory.word(0x0605_4B50)
        directory.word(0)
        directory.half(entries.count)
        directory.half(entries.count)
        directory.word(size)
        directory.word(offset)
        directory.half(0)
        try file.write(directory.bytes)
    }

    /// What an entry's own header and the directory have in common: flags, method, time and date, of which none is set,
    /// the checksum, the size twice, and the lengths of what follows.
    private func append(_ entry: Entry, extra: Int, to header: inout LittleEndian) {
        for _ in 0..<4 { header.half(0) }
        header.word(Int(entry.sum.value))
        header.word(entry.size)
        header.word(entry.size)
        header.half(entry.name.utf8.count)
        header.half(extra)
    }
}
