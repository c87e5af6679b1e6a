import Platform

/// A stored entry of a zip archive that is written: its offsets, and the records that describe it (APPNOTE.TXT 6.3.10, 4.3
/// and 4.5.3). Data begins at multiples of 64 bytes, after an extra field of padding. Times are not set: the same entries
/// give the same bytes.
struct StoredEntry {
    let name: String
    /// Bytes of the data.
    let size: Int
    /// Whether sizes and offsets have 64 bits, in an extra field.
    private let isZip64: Bool
    /// Of the entry's local record.
    let offset: Int
    let dataOffset: Int
    /// Offset of what follows the entry.
    let end: Int

    private static let alignment = 64
    /// The version that introduced zip64.
    private static let version = 45
    private static let unknown = 0xFFFF_FFFF

    /// nil where the archive would be larger than 64 bits can express.
    init?(_ name: String, size: Int, offset: Int, isZip64: Bool) {
        // A local record has 30 bytes, the field of two 64-bit sizes 20, the field of padding 4 before the padding itself,
        // which PyTorch never leaves empty.
        let start = offset + 30 + name.utf8.count + (isZip64 ? 20 : 0) + 4
        let padding = Self.alignment - start % Self.alignment
        dataOffset = start + (isZip64 ? padding % Self.alignment : padding)
        let (end, overflow) = dataOffset.addingReportingOverflow(size)
        guard !overflow else { return nil }
        (self.name, self.size, self.isZip64, self.offset, self.end) = (name, size, isZip64, offset, end)
    }

    /// The record before the data.
    func local(_ sum: CRC32) -> [UInt8] {
        let padding = dataOffset - offset - 30 - name.utf8.count - (isZip64 ? 20 : 0) - 4
        var record = LittleEndian()
        record.word(0x0403_4B50)
        record.half(isZip64 ? Self.version : 0)
        append(sum, extra: (isZip64 ? 20 : 0) + 4 + padding, to: &record)
        record.bytes += Array(name.utf8)
        if isZip64 {
            record.half(1)
            record.half(16)
            record.long(size)
            record.long(size)
        }
        record.bytes += Array("FB".utf8)
        record.half(padding)
        record.bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        return record.bytes
    }

    /// The record in the directory.
    func central(_ sum: CRC32) -> [UInt8] {
        var record = LittleEndian()
        record.word(0x0201_4B50)
        for _ in 0..<2 { record.half(isZip64 ? Self.version : 0) }
        append(sum, extra: isZip64 ? 28 : 0, to: &record)
        for _ in 0..<3 { record.half(0) }  // comment, disk, attributes
        record.word(0)
        record.word(isZip64 ? Self.unknown : offset)
        record.bytes += Array(name.utf8)
        if isZip64 {
            record.half(1)
            record.half(24)
            record.long(size)
            record.long(size)
            record.long(offset)
        }
        return record.bytes
    }

    /// The fields that both records share: flags, method, time and date (all zero), checksum, sizes, and the lengths of name
    /// and extra fields.
    private func append(_ sum: CRC32, extra: Int, to record: inout LittleEndian) {
        for _ in 0..<4 { record.half(0) }
        record.word(Int(sum.value))
        for _ in 0..<2 { record.word(isZip64 ? Self.unknown : size) }
        record.half(name.utf8.count)
        record.half(extra)
    }

    /// The records after the directory of `count` entries, which begins at `start` and has `size` bytes.
    static func directoryEnd(count: Int, start: Int, size: Int, isZip64: Bool) -> [UInt8] {
        var record = LittleEndian()
        if isZip64 {
            record.word(0x0606_4B50)
            record.long(44)  // bytes of the rest of this record
            for _ in 0..<2 { record.half(version) }
            for _ in 0..<2 { record.word(0) }
            for _ in 0..<2 { record.long(count) }
            record.long(size)
            record.long(start)
            record.word(0x0706_4B50)
            record.word(0)
            record.long(start + size)
            record.word(1)
        }
        record.word(0x0605_4B50)
        record.word(0)
        for _ in 0..<2 { record.half(isZip64 ? 0xFFFF : count) }
        record.word(isZip64 ? unknown : size)
        record.word(isZip64 ? unknown : start)
        record.half(0)
        return record.bytes
    }
}
