import Platform

/// A stored entry of a zip64 archive that holds an array, and the records that describe it (APPNOTE.TXT 6.3.10, 4.3 and
/// 4.5.3). Times are not set: the same arrays are the same bytes.
struct ZipEntry {
    let name: String
    /// Of the entry's own record.
    let offset: Int
    /// What stands before the array's data, and belongs to it.
    let header: [UInt8]
    /// Of the first row.
    let dataOffset: Int
    /// Bytes of a row.
    let rowSize: Int
    /// Of what follows the entry.
    let end: Int

    private static let alignment = 64
    private static let localSize = 30
    /// An extra field's number and length, and two sizes of 64 bits.
    private static let sizesField = 4 + 16
    /// Of the version that knows zip64.
    private static let version = 45
    private static let unknown = 0xFFFF_FFFF

    init(
        _ member: NumPyArchiveWriter.Member, rows: Int, offset: Int, file: String
    ) throws(Failure) {
        let shape = [rows] + member.shape
        var size = member.elementSize
        for length in shape {
            let product = size.multipliedReportingOverflow(by: length)
            guard length >= 0, !product.overflow else {
                throw Failure(file, "array \(member.name.quoted): shape \(shape) overflows")
            }
            size = product.partialValue
        }
        name = member.name + ".npy"
        self.offset = offset
        header = NumPyWriter.header(member.descr, shape)
        // The padding's own four bytes are there in any case. The header is a multiple of the alignment.
        let start = offset + Self.localSize + name.utf8.count + Self.sizesField + 4
        dataOffset = (start + Self.alignment - 1) / Self.alignment * Self.alignment + header.count
        rowSize = member.shape.reduce(member.elementSize, *)
        let last = dataOffset.addingReportingOverflow(size)
        guard !last.overflow else { throw Failure(file, "is larger than 64 bits can say") }
        end = last.partialValue
    }

    private var size: Int { end - dataOffset + header.count }

    /// The record before the entry.
    func local(_ sum: CRC32) -> [UInt8] {
        let start = offset + Self.localSize + name.utf8.count + Self.sizesField + 4
        let padding = dataOffset - header.count - start
        var record = LittleEndian()
        record.word(0x0403_4B50)
        record.half(Self.version)
        append(sum, extra: Self.sizesField + 4 + padding, to: &record)
        record.bytes += Array(name.utf8)
        record.half(1)
        record.half(16)
        record.long(size)
        record.long(size)
        record.bytes += Array("FB".utf8)
        record.half(padding)
        record.bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        return record.bytes
    }

    /// The record in the directory.
    func central(_ sum: CRC32) -> [UInt8] {
        var record = LittleEndian()
        record.word(0x0201_4B50)
        record.half(Self.version)
        record.half(Self.version)
        append(sum, extra: Self.sizesField + 8, to: &record)
        for _ in 0..<3 { record.half(0) }  // comment, disk, attributes
        record.word(0)
        record.word(Self.unknown)
        record.bytes += Array(name.utf8)
        record.half(1)
        record.half(24)
        record.long(size)
        record.long(size)
        record.long(offset)
        return record.bytes
    }

    /// What both have in common: flags, method, time and date, of which none is set, the checksum, the sizes, which are
    /// in the extra field, and the lengths of what follows.
    private func append(_ sum: CRC32, extra: Int, to record: inout LittleEndian) {
        for _ in 0..<4 { record.half(0) }
        record.word(Int(sum.value))
        record.word(Self.unknown)
        record.word(Self.unknown)
        record.half(name.utf8.count)
        record.half(extra)
    }

    /// What follows the directory.
    static func directoryEnd(count: Int, start: Int, size: Int) -> [UInt8] {
        var record = LittleEndian()
        record.word(0x0606_4B50)
        record.long(44)  // of what follows in this record
        record.half(version)
        record.half(version)
        record.word(0)
        record.word(0)
        record.long(count)
        record.long(count)
        record.long(size)
        record.long(start)
        record.word(0x0706_4B50)
        record.word(0)
        record.long(start + size)
        record.word(1)
        record.word(0x0605_4B50)
        record.half(0)
        record.half(0)
        record.half(0xFFFF)
        record.half(0xFFFF)
        record.word(unknown)
        record.word(unknown)
        record.half(0)
        return record.bytes
    }
}
