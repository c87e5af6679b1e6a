/// Broken zip archives with a valid pickle.
extension HostileFiles {
    /// A valid file: one float32 tensor of four elements.
    public static func soundTorch() -> ZipBuilder {
        var pickle = PickleBuilder()
        pickle.tensor(count: 4, shape: [4], strides: [1])
        return ZipBuilder.torch(pickle.stopped, storages: [[UInt8](repeating: 0, count: 16)])
    }

    private static func archive(
        _ name: String, _ words: String, hasSoundHeaders: Bool = false,
        _ spoil: @escaping @Sendable (inout ZipBuilder) -> Void
    ) -> HostileFile {
        HostileFile("zip: \(name)", "pt", words, hasSoundHeaders: hasSoundHeaders) {
            var zip = soundTorch()
            spoil(&zip)
            return zip.bytes
        }
    }

    private static func truncated(_ count: Int) -> HostileFile {
        HostileFile("zip: cut after \(count) bytes", "pt", count < 4 ? "no known format" : "cut short") {
            Array(soundTorch().bytes.prefix(count))
        }
    }

    /// Zip64 records of the end of the directory, valid or with one number replaced.
    public static func zip64End(_ change: @escaping @Sendable (inout [UInt64]) -> Void)
        -> @Sendable (Range<Int>, Int) -> [UInt8]
    {
        { directory, count in
            // entries here, entries, size, start, position of this record
            var numbers = [UInt64(count), UInt64(count), UInt64(directory.count), UInt64(directory.lowerBound)]
            numbers.append(UInt64(directory.upperBound))
            change(&numbers)
            var out = ByteBuilder()
            out.append(UInt32(0x0606_4B50))
            out.append(UInt64(44))
            out.append([UInt8](repeating: 0, count: 12))
            for number in numbers.prefix(4) { out.append(number) }
            out.append(UInt32(0x0706_4B50))
            out.append(UInt32(0))
            out.append(numbers[4])
            out.append(UInt32(1))
            return out.bytes
        }
    }

    static let archives: [HostileFile] =
        [1, 3, 4, 30, 100, 200, 300, 400].map(truncated) + [
            HostileFile("zip: last byte missing", "pt", "cut short") { soundTorch().bytes.dropLast() },
            HostileFile("zip: bytes after the end", "pt", "cut short") { soundTorch().bytes + [0] },
            HostileFile("zip: a byte missing in the middle", "pt", "does not end where it has to") {
                var bytes = soundTorch().bytes
                bytes.remove(at: 60)
                return bytes
            },
            HostileFile("zip: no entries", "pt", "neither data.pkl") {
                [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18)
            },
            archive("no data.pkl", "neither data.pkl") { $0.entries.removeFirst() },
            archive("wrong CRC of the pickle", "CRC-32") { $0.entries[0].checksum ^= 1 },
            archive("wrong CRC of a storage", "entry 'archive/data/0': CRC-32", hasSoundHeaders: true) {
                $0.entries[1].checksum ^= 1
            },
            archive("entry that appears twice", "appears twice") { $0.entries.append($0.entries[0]) },
            archive("an entry inside another", "'archive/extra' and 'archive/data/1' overlap") { zip in
                let inner = ZipBuilder.Entry("archive/data/1", [1, 2, 3])
                let header = ZipBuilder([inner]).bytes.prefix(30 + inner.name.utf8.count + inner.data.count)
                zip.entries.insert(ZipBuilder.Entry("archive/extra", Array(header)), at: 0)
                zip.entries.append(inner)
                zip.entries[3].offset = UInt32(30 + "archive/extra".utf8.count)
            },
            archive("another name in the entry's header", "its own header calls it 'other'") {
                $0.entries[1].localName = "other"
            },
            archive("another size in the entry's header", "disagree on its size") { $0.entries[1].localSize = 15 },
            archive("another method in the entry's header", "disagree on how it is stored") {
                $0.entries[1].localMethod = 8
            },
            archive("stored entry of two sizes", "its sizes differ") { $0.entries[1].size = 20 },
            archive("entry longer than the archive", "go beyond the archive's data") {
                $0.entries[1].size = 1 << 30
                $0.entries[1].compressedSize = 1 << 30
            },
            archive("entry outside the archive", "lies outside") { $0.entries[1].offset = 1 << 30 },
            archive("entry whose offset is invalid", "no header at offset 1") { $0.entries[1].offset = 1 },
            archive("encrypted entry", "is encrypted") { $0.entries[1].flags = 1 },
            archive("unknown compression", "compression method 12") { $0.entries[1].method = 12 },
            archive("more entries than the directory holds", "cannot hold 60000 entries") { $0.count = 60_000 },
            archive("fewer entries than the directory holds", "belong to none of its 1 entries") { $0.count = 1 },
            archive("directory outside the file", "does not end where it has to") { $0.directoryOffset = 1 << 30 },
            archive("several parts", "several parts") { $0.disk = 3 },
            archive("missing 64-bit sizes", "64-bit sizes are missing") {
                $0.entries[1].size = .max
                $0.entries[1].compressedSize = .max
            },
            archive("64-bit sizes beyond all bounds", "64-bit sizes are missing or beyond") {
                $0.entries[1].size = .max
                $0.entries[1].compressedSize = .max
                $0.entries[1].extra = [1, 0, 16, 0] + [UInt8](repeating: 0xFF, count: 16)
            },
            archive("missing 64-bit end", "zip64 end of directory is missing") { $0.count = 0xFFFF },
            archive("64-bit end outside the file", "lies outside the file") {
                $0.beforeEnd = zip64End { $0[4] = 1 << 63 }
            },
            archive("invalid 64-bit end", "is damaged") { $0.beforeEnd = zip64End { $0[4] = 4 } },
            archive("64-bit end that disagrees", "disagree") { $0.beforeEnd = zip64End { $0[2] += 1 } },
            archive("2^63 entries", "cannot hold 9223372036854775808 entries") {
                $0.count = 0xFFFF
                $0.beforeEnd = zip64End {
                    $0[0] = 1 << 63
                    $0[1] = 1 << 63
                }
            },
            archive("bomb that declares 3 GB", "beyond the") {
                $0.entries[1].method = 8
                $0.entries[1].size = 3 << 30
            },
            archive("bomb that hides 200 MB", "inflates to more than the 16 bytes it declares", hasSoundHeaders: true) {
                $0.entries[1].method = 8
                $0.entries[1].data = ZipBuilder.deflatedZeros(1 + 258 * 800_000)
                $0.entries[1].compressedSize = UInt32($0.entries[1].data.count)
            },
            archive("compressed data that ends early", "ends too early", hasSoundHeaders: true) {
                $0.entries[1].method = 8
                $0.entries[1].data = Array(ZipBuilder.deflatedZeros(1 + 258 * 100).prefix(20))
                $0.entries[1].compressedSize = 20
                $0.entries[1].size = 25_801
            },
            archive("compressed data that is damaged", "compressed data is damaged", hasSoundHeaders: true) {
                $0.entries[1].method = 8
                $0.entries[1].data = [UInt8](repeating: 0xFF, count: 16)
            },
            archive("compressed data that gives less", "inflates to 259 bytes, declares 1000", hasSoundHeaders: true) {
                $0.entries[1].method = 8
                $0.entries[1].data = ZipBuilder.deflatedZeros(259)
                $0.entries[1].compressedSize = UInt32($0.entries[1].data.count)
                $0.entries[1].size = 1000
            },
            archive("big-endian storages", "byteorder is 'big'") {
                $0.entries.append(ZipBuilder.Entry("archive/byteorder", Array("big".utf8)))
            },
            archive("TorchScript", "is a TorchScript archive") {
                $0.entries.append(ZipBuilder.Entry("archive/constants.pkl", [0x80, 2] + Array("N.".utf8)))
            },
        ]
}
