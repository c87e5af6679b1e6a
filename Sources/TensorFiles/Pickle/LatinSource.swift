import Platform

/// Characters below 256 in UTF-8, each of which stands for a byte.
struct LatinText {
    /// Of the text in the pickle.
    let range: Range<Int>
    /// Number of characters.
    let count: Int
    /// Offset in the pickle of the first character of each block.
    fileprivate let starts: [Int]

    fileprivate static let blockSize = 1 << 16

    /// nil where a character is not below 256.
    init?(_ bytes: RawSpan, _ range: Range<Int>) {
        var starts: [Int] = []
        var (count, offset) = (0, range.lowerBound)
        while offset < range.upperBound {
            if count & (Self.blockSize - 1) == 0 { starts.append(offset) }
            let byte = bytes.byte(at: offset)
            if byte < 0x80 {
                offset += 1
            } else {
                guard byte == 0xC2 || byte == 0xC3, offset + 1 < range.upperBound,
                    bytes.byte(at: offset + 1) & 0xC0 == 0x80
                else { return nil }
                offset += 2
            }
            count += 1
        }
        (self.range, self.count, self.starts) = (range, count, starts)
    }
}

/// The bytes that the characters of a text stand for, decoded on demand.
struct LatinSource: ByteSource {
    private let text: LatinText
    private let source: any ByteSource
    private let base: Int

    /// - Parameter base: offset in `source` of the pickle that has the text.
    init(_ text: LatinText, in source: any ByteSource, at base: Int) {
        (self.text, self.source, self.base) = (text, source, base)
    }

    var name: String { source.name }
    var byteCount: Int { text.count }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        var decoded: [UInt8] = []
        if !range.isEmpty {
            let first = range.lowerBound / LatinText.blockSize
            let last = (range.upperBound - 1) / LatinText.blockSize
            let end = last + 1 < text.starts.count ? text.starts[last + 1] : text.range.upperBound
            let skipped = range.lowerBound - first * LatinText.blockSize
            decoded.reserveCapacity(skipped + range.count)
            let window = base + text.starts[first]..<base + end
            try source.withBytes(in: window) { (bytes: RawSpan) in
                var offset = 0
                while offset < bytes.byteCount, decoded.count < skipped + range.count {
                    let byte = bytes.byte(at: offset)
                    // The index has checked that a second byte follows.
                    let isPair = byte >= 0x80 && offset + 1 < bytes.byteCount
                    decoded.append(isPair ? byte << 6 | bytes.byte(at: offset + 1) & 0x3F : byte)
                    offset += isPair ? 2 : 1
                }
            }
            guard decoded.count == skipped + range.count else { throw Failure(name, "has changed while it was read") }
            decoded.removeFirst(skipped)
        }
        return try MemorySource(name: name, bytes: decoded).withBytes(in: 0..<range.count, body)
    }
}
