import Platform

/// The directory record of one entry of a zip archive.
struct ZipDirectoryRecord {
    static let fixedSize = 46
    private static let localSize = 30

    let name: String
    let flags: UInt16
    /// 0 stored, 8 deflated.
    let method: UInt16
    let checksum: UInt32
    let compressedSize: Int
    let size: Int
    let headerOffset: Int

    /// Whether sizes and checksum follow the data, and may be missing in the local header.
    private var hasDescriptor: Bool { flags & 0x8 != 0 }

    static func all(in bytes: RawSpan, count: Int, archive: some ByteSource) throws(Failure) -> [ZipDirectoryRecord] {
        var records: [ZipDirectoryRecord] = []
        records.reserveCapacity(count)
        var offset = 0
        for index in 0..<count {
            guard bytes.byteCount - offset >= fixedSize, bytes.uint32(at: offset) == 0x0201_4B50 else {
                throw ZipArchive.failure(archive, "record \(index) of the directory is damaged")
            }
            let lengths = (28...32).filter { $0 % 2 == 0 }.map { Int(bytes.uint16(at: offset + $0)) }
            let length = fixedSize + lengths.reduce(0, +)
            guard bytes.byteCount - offset >= length else {
                throw ZipArchive.failure(archive, "record \(index) of the directory goes beyond its end")
            }
            records.append(
                try ZipDirectoryRecord(
                    bytes.extracting(offset..<offset + length), nameLength: lengths[0], extraLength: lengths[1],
                    archive: archive))
            offset += length
        }
        guard offset == bytes.byteCount else {
            throw ZipArchive.failure(
                archive, "\(bytes.byteCount - offset) bytes of the directory belong to none of its \(count) entries")
        }
        return records
    }

    private init(_ bytes: RawSpan, nameLength: Int, extraLength: Int, archive: some ByteSource) throws(Failure) {
        name = bytes.text(Self.fixedSize..<Self.fixedSize + nameLength)
        flags = bytes.uint16(at: 8)
        method = bytes.uint16(at: 10)
        checksum = bytes.uint32(at: 16)
        let extra = bytes.extracting(Self.fixedSize + nameLength..<Self.fixedSize + nameLength + extraLength)
        var wide = Zip64Field(extra)
        let size = wide.value(bytes.uint32(at: 24))
        let compressed = wide.value(bytes.uint32(at: 20))
        let offset = wide.value(bytes.uint32(at: 42))
        guard let size, let compressed, let offset else {
            throw ZipArchive.failure(archive, "entry \(name.quoted): its 64-bit sizes are missing or beyond all bounds")
        }
        (self.size, compressedSize, headerOffset) = (size, compressed, offset)
        guard flags & 0x2041 == 0 else { throw ZipArchive.failure(archive, "entry \(name.quoted) is encrypted") }
        guard method == 0 || method == 8 else {
            throw ZipArchive.failure(
                archive,
                "entry \(name.quoted): compression method \(method), only stored (0) and deflated (8) are read")
        }
        guard method == 8 || size == compressed else {
            throw ZipArchive.failure(
                archive, "entry \(name.quoted) is stored, yet its sizes differ: \(compressed) and \(size)")
        }
    }

    /// Reads the local header, compares it with this record, and returns the range of the data.
    func locateData(in source: some ByteSource, before limit: Int) throws(Failure) -> Range<Int> {
        func failure(_ what: String) -> Failure { ZipArchive.failure(source, "entry \(name.quoted): \(what)") }
        guard headerOffset <= limit - Self.localSize else {
            throw failure("its header (offset \(headerOffset)) lies outside the archive's data")
        }
        // No byte beyond the header is read: a remote source would transfer it.
        let length = try source.withBytes(in: headerOffset..<headerOffset + Self.localSize) { (bytes: RawSpan) in
            Self.localSize + Int(bytes.uint16(at: 26)) + Int(bytes.uint16(at: 28))
        }
        let window = headerOffset..<min(limit, headerOffset + length)
        return try source.withBytes(in: window) { (bytes: RawSpan) throws(Failure) -> Range<Int> in
            guard bytes.uint32(at: 0) == 0x0403_4B50 else { throw failure("no header at offset \(headerOffset)") }
            let nameEnd = Self.localSize + Int(bytes.uint16(at: 26))
            let headerEnd = nameEnd + Int(bytes.uint16(at: 28))
            guard headerEnd <= bytes.byteCount else { throw failure("its header goes beyond the archive's data") }
            guard bytes.text(Self.localSize..<nameEnd) == name else {
                throw failure("its own header calls it \(bytes.text(Self.localSize..<nameEnd).quoted)")
            }
            guard bytes.uint16(at: 6) & 0x49 == flags & 0x49, bytes.uint16(at: 8) == method else {
                throw failure("its own header and the directory disagree on how it is stored")
            }
            var wide = Zip64Field(bytes.extracting(nameEnd..<headerEnd))
            let localSize = wide.value(bytes.uint32(at: 22))
            let localCompressed = wide.value(bytes.uint32(at: 18))
            let silent = hasDescriptor && bytes.uint32(at: 14) == 0
            guard silent || (bytes.uint32(at: 14) == checksum && localSize == size && localCompressed == compressedSize)
            else { throw failure("its own header and the directory disagree on its size or checksum") }
            let start = headerOffset + headerEnd
            guard compressedSize <= limit - start else {
                throw failure("its \(compressedSize) bytes at offset \(start) go beyond the archive's data (\(limit))")
            }
            return start..<start + compressedSize
        }
    }
}

/// The zip64 extra field: 64-bit numbers, in a fixed order, for those fields of the record whose bits are all ones.
struct Zip64Field {
    private var values: [UInt64] = []
    private var next = 0

    init(_ extra: RawSpan) {
        var offset = 0
        while extra.byteCount - offset >= 4 {
            let length = Int(extra.uint16(at: offset + 2))
            guard length <= extra.byteCount - offset - 4 else { return }
            if extra.uint16(at: offset) == 1 {
                values = (0..<min(length / 8, 3)).map { extra.uint64(at: offset + 4 + $0 * 8) }
                return
            }
            offset += 4 + length
        }
    }

    /// The number itself, or the next 64-bit one when its bits are all ones; nil when that is missing or overflows an `Int`.
    mutating func value(_ narrow: UInt32) -> Int? {
        guard narrow == UInt32.max else { return Int(narrow) }
        guard next < values.count else { return nil }
        next += 1
        return Int(exactly: values[next - 1])
    }
}
