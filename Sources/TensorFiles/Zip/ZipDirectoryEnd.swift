import Platform

/// The record at the end of a zip archive that locates its directory.
struct ZipDirectoryEnd {
    let entryCount: Int
    let directory: Range<Int>

    private static let size = 22
    private static let locatorSize = 20
    private static let zip64Size = 56

    init(_ source: some ByteSource) throws(Failure) {
        func failure(_ what: String) -> Failure { ZipArchive.failure(source, what) }
        // The record is followed by a comment of at most 65,535 bytes.
        let tail = max(0, source.byteCount - Self.size - 0xFFFF)..<source.byteCount
        let found = try source.withBytes(in: tail) { (bytes: RawSpan) throws(Failure) -> Found? in
            Self.find(in: bytes)
        }
        guard let found else { throw failure("no end of directory: the file is cut short or is not a zip archive") }
        let offset = tail.lowerBound + found.offset
        var count = UInt64(found.count)
        var size = UInt64(found.directorySize)
        var start = UInt64(found.directoryStart)
        var limit = offset
        guard found.oneDisk else { throw failure("archives in several parts are not supported") }

        let locator = offset - Self.locatorSize
        if locator >= 0 {
            let position = try source.withBytes(in: locator..<offset) { (bytes: RawSpan) in
                bytes.uint32(at: 0) == 0x0706_4B50 ? bytes.uint64(at: 8) : nil
            }
            if let position {
                guard let at = Int(exactly: position), at <= locator - Self.zip64Size else {
                    throw failure("the zip64 end of directory lies outside the file (offset \(position))")
                }
                let wide = try source.withBytes(in: at..<at + Self.zip64Size) { (bytes: RawSpan) in
                    (
                        signature: bytes.uint32(at: 0), here: bytes.uint64(at: 24), count: bytes.uint64(at: 32),
                        size: bytes.uint64(at: 40), start: bytes.uint64(at: 48)
                    )
                }
                guard wide.signature == 0x0606_4B50 else { throw failure("the zip64 end of directory is damaged") }
                guard wide.here == wide.count else { throw failure("archives in several parts are not supported") }
                guard Self.agrees(count, wide.count, 0xFFFF), Self.agrees(size, wide.size, 0xFFFF_FFFF),
                    Self.agrees(start, wide.start, 0xFFFF_FFFF)
                else { throw failure("the two ends of directory disagree") }
                (count, size, start, limit) = (wide.count, wide.size, wide.start, at)
            } else if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
                throw failure("the zip64 end of directory is missing")
            }
        }
        guard let from = Int(exactly: start), let length = Int(exactly: size), from <= limit, length == limit - from
        else {
            throw failure("the directory (\(size) bytes at offset \(start)) does not end where it has to, at \(limit)")
        }
        guard let entries = Int(exactly: count), entries <= length / ZipDirectoryRecord.fixedSize else {
            throw failure("a directory of \(length) bytes cannot hold \(count) entries")
        }
        entryCount = entries
        directory = from..<limit
    }

    private typealias Found = (
        offset: Int, count: UInt16, directorySize: UInt32, directoryStart: UInt32, oneDisk: Bool
    )

    private static func find(in bytes: RawSpan) -> Found? {
        guard bytes.byteCount >= size else { return nil }
        for at in stride(from: bytes.byteCount - size, through: 0, by: -1)
        where bytes.byte(at: at) == 0x50 && bytes.uint32(at: at) == 0x0605_4B50 {
            // The comment has to end at the end of the file.
            guard Int(bytes.uint16(at: at + 20)) == bytes.byteCount - at - size else { continue }
            let oneDisk =
                bytes.uint16(at: at + 4) == bytes.uint16(at: at + 6)
                && bytes.uint16(at: at + 8) == bytes.uint16(at: at + 10)
            return (
                at, bytes.uint16(at: at + 10), bytes.uint32(at: at + 12), bytes.uint32(at: at + 16), oneDisk
            )
        }
        return nil
    }

    private static func agrees(_ narrow: UInt64, _ wide: UInt64, _ escape: UInt64) -> Bool {
        narrow == escape || narrow == wide
    }
}
