/// Builds a zip archive in which each field can be made invalid.
public struct ZipBuilder: Sendable {
    public struct Entry: Sendable {
        public var name: String
        /// Bytes as stored in the archive.
        public var data: [UInt8]
        public var method: UInt16 = 0
        public var flags: UInt16 = 0
        public var checksum: UInt32
        /// Inflated size.
        public var size: UInt32
        public var compressedSize: UInt32
        /// The name in the local header, if it differs.
        public var localName: String?
        public var localSize: UInt32?
        public var localMethod: UInt16?
        /// The offset in the directory, if it is wrong.
        public var offset: UInt32?
        public var extra: [UInt8] = []

        public init(_ name: String, _ data: [UInt8]) {
            self.name = name
            self.data = data
            checksum = ByteBuilder.checksum(data)
            size = UInt32(data.count)
            compressedSize = UInt32(data.count)
        }

        /// Deflates the entry.
        public mutating func deflate() {
            data = ZipBuilder.deflatedStored(data)
            method = 8
            compressedSize = UInt32(data.count)
        }
    }

    public var entries: [Entry]
    /// Values at the end of the directory, if they are wrong.
    public var count: UInt16?
    public var directoryOffset: UInt32?
    public var disk: UInt16 = 0
    public var comment: [UInt8] = []
    /// Bytes between the directory and its end: zip64 records.
    public var beforeEnd: @Sendable (_ directory: Range<Int>, _ count: Int) -> [UInt8] = { _, _ in [] }

    public init(_ entries: [Entry]) { self.entries = entries }

    public var bytes: [UInt8] {
        var out = ByteBuilder()
        var offsets: [Int] = []
        for entry in entries {
            offsets.append(out.bytes.count)
            out.append(UInt32(0x0403_4B50))
            out.append(UInt16(20))
            out.append(entry.flags)
            out.append(entry.localMethod ?? entry.method)
            out.append(UInt32(0))
            out.append(entry.checksum)
            out.append(entry.compressedSize)
            out.append(entry.localSize ?? entry.size)
            let name = entry.localName ?? entry.name
            out.append(UInt16(name.utf8.count))
            out.append(UInt16(entry.extra.count))
            out.append(name)
            out.append(entry.extra)
            out.append(entry.data)
        }
        let start = out.bytes.count
        for (entry, offset) in zip(entries, offsets) {
            out.append(UInt32(0x0201_4B50))
            out.append(UInt32(20 | 20 << 16))
            out.append(entry.flags)
            out.append(entry.method)
            out.append(UInt32(0))
            out.append(entry.checksum)
            out.append(entry.compressedSize)
            out.append(entry.size)
            out.append(UInt16(entry.name.utf8.count))
            out.append(UInt16(entry.extra.count))
            out.append([UInt8](repeating: 0, count: 10))
            out.append(entry.offset ?? UInt32(offset))
            out.append(entry.name)
            out.append(entry.extra)
        }
        let end = out.bytes.count
        out.append(beforeEnd(start..<end, entries.count))
        out.append(UInt32(0x0605_4B50))
        out.append(disk)
        out.append(UInt16(0))
        out.append(count ?? UInt16(entries.count))
        out.append(count ?? UInt16(entries.count))
        out.append(UInt32(end - start))
        out.append(directoryOffset ?? UInt32(start))
        out.append(UInt16(comment.count))
        out.append(comment)
        return out.bytes
    }

    /// A PyTorch file with this pickle and these storages.
    public static func torch(_ pickle: [UInt8], storages: [[UInt8]] = []) -> ZipBuilder {
        ZipBuilder(
            [Entry("archive/data.pkl", pickle)]
                + storages.enumerated().map { Entry("archive/data/\($0.offset)", $0.element) })
    }

    /// Valid DEFLATE data of any bytes, in stored blocks.
    public static func deflatedStored(_ bytes: [UInt8]) -> [UInt8] {
        var out = ByteBuilder()
        for start in stride(from: 0, through: bytes.count, by: 0xFFFF) {
            let block = bytes[start..<min(bytes.count, start + 0xFFFF)]
            out.append([block.count < 0xFFFF ? 1 : 0])
            out.append(UInt16(block.count))
            out.append(~UInt16(block.count))
            out.append(Array(block))
        }
        return out.bytes
    }

    /// DEFLATE data of a run of `count` zeros (1 + a multiple of 258): one literal, then matches of 258 at distance 1,
    /// 13 bits each.
    public static func deflatedZeros(_ count: Int) -> [UInt8] {
        var out: [UInt8] = []
        var pending = 0
        var filled = 0
        func code(_ value: Int, _ width: Int) -> Int {  // Huffman codes begin with their highest bit
            (0..<width).reduce(0) { $0 | (value >> $1 & 1) << (width - 1 - $1) }
        }
        func put(_ bits: Int, _ width: Int) {
            pending |= bits << filled
            filled += width
            while filled >= 8 {
                out.append(UInt8(pending & 0xFF))
                pending >>= 8
                filled -= 8
            }
        }
        put(0b011, 3)  // the last block, with the fixed codes
        put(code(0b0011_0000, 8), 8)
        let match = code(0b1100_0101, 8)
        for _ in 0..<(count - 1) / 258 { put(match, 13) }
        put(0, 7)
        put(0, (8 - filled) % 8)
        return out
    }
}
