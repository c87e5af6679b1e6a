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
        var record = [UInt8]()
        record.append32(0x0403_4B50)
        record.append16(isZip64 ? Self.version : 0)
        append(sum, extra: (isZip64 ? 20 : 0) + 4 + padding, to: &record)
        record += Array(name.utf8)
        if isZip64 {
            record.append16(1)
            record.append16(16)
            record.append64(size)
            record.append64(size)
        }
        record += Array("FB".utf8)
        record.append16(padding)
        record += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        return record
    }

    /// The record in the directory.
    func central(_ sum: CRC32) -> [UInt8] {
        var record = [UInt8]()
        record.append32(0x0201_4B50)
        for _ in 0..<2 { record.append16(isZip64 ? Self.version : 0) }
        append(sum, extra: isZip64 ? 28 : 0, to: &record)
        for _ in 0..<3 { record.append16(0) }  // comment, disk, attributes
        record.append32(0)
        record.append32(isZip64 ? Self.unknown : offset)
        record += Array(name.utf8)
        if isZip64 {
            record.append16(1)
            record.append16(24)
            record.append64(size)
            record.append64(size)
            record.append64(offset)
        }
        return record
    }

    /// The fields that both records share: flags, method, time and date (all zero), checksum, sizes, and the lengths of name
    /// and extra fields.
    private func append(_ sum: CRC32, extra: Int, to record: inout [UInt8]) {
        for _ in 0..<4 { record.append16(0) }
        record.append32(Int(sum.value))
        for _ in 0..<2 { record.append32(isZip64 ? Self.unknown : size) }
        record.append16(name.utf8.count)
        record.append16(extra)
    }

    /// The records after the directory of `count` entries, which begins at `start` and has `size` bytes.
    static func directoryEnd(count: Int, start: Int, size: Int, isZip64: Bool) -> [UInt8] {
        var record = [UInt8]()
        if isZip64 {
            record.append32(0x0606_4B50)
            record.append64(44)  // bytes of the rest of this record
            for _ in 0..<2 { record.append16(version) }
            for _ in 0..<2 { record.append32(0) }
            for _ in 0..<2 { record.append64(count) }
            record.append64(size)
            record.append64(start)
            record.append32(0x0706_4B50)
            record.append32(0)
            record.append64(start + size)
            record.append32(1)
        }
        record.append32(0x0605_4B50)
        record.append32(0)
        for _ in 0..<2 { record.append16(isZip64 ? 0xFFFF : count) }
        record.append32(isZip64 ? unknown : size)
        record.append32(isZip64 ? unknown : start)
        record.append16(0)
        return record
    }
}
