import Platform

/// Big-endian numbers in a range of another source, as little-endian ones.
struct SwappedSource: ByteSource {
    private let source: any ByteSource
    private let start: Int
    let byteCount: Int
    /// Bytes of a number.
    private let width: Int

    init(_ source: any ByteSource, _ range: Range<Int>, width: Int) {
        (self.source, start, byteCount, self.width) = (source, range.lowerBound, range.count, width)
    }

    var name: String { source.name }
    var isRemote: Bool { source.isRemote }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        let whole = range.lowerBound / width * width..<min(byteCount, (range.upperBound + width - 1) / width * width)
        var bytes = try source.withBytes(in: shifted(whole)) { (bytes: RawSpan) in bytes.array(0..<bytes.byteCount) }
        Self.swap(&bytes, width: width)
        let first = range.lowerBound - whole.lowerBound
        return try MemorySource(name: name, bytes: bytes).withBytes(in: first..<first + range.count, body)
    }

    /// Reverses the bytes of each number.
    static func swap(_ bytes: inout [UInt8], width: Int) {
        for first in stride(from: 0, to: bytes.count - width + 1, by: width) {
            for offset in 0..<width / 2 { bytes.swapAt(first + offset, first + width - 1 - offset) }
        }
    }

    func prefetch(_ range: Range<Int>) { source.prefetch(shifted(range)) }
    func release(_ range: Range<Int>) { source.release(shifted(range)) }
    func checkIntact() throws(Failure) { try source.checkIntact() }

    private func shifted(_ range: Range<Int>) -> Range<Int> { start + range.lowerBound..<start + range.upperBound }
}
