/// Bytes that can be read by range: a memory-mapped file, a buffer, or (elsewhere) an object in a store.
///
/// A source is read from many threads at once. Reading a range never copies it where the bytes already lie in memory.
public protocol ByteSource: Sendable {
    /// What error messages call it: a path or a URL.
    var name: String { get }
    /// The whole length in bytes.
    var byteCount: Int { get }
    /// Calls `body` with the bytes of `range`, which are valid only inside it.
    /// - Throws: `Failure` when the range lies outside the source or cannot be read, or what `body` throws.
    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result
    /// Asks for `range` to be read ahead. A hint: nothing depends on it.
    func prefetch(_ range: Range<Int>)
    /// Tells that `range` will not be read again soon: it need not stay in memory. A hint, too: it can still be read.
    func release(_ range: Range<Int>)
    /// Whether bytes come from far: whoever reads a range that was let go of has it transferred again. Checksums are
    /// then taken as bytes arrive, and asked for after everything else was read.
    var isRemote: Bool { get }
    /// Checks that the bytes which were read so far are the file's. Cheap: for once a micro-batch.
    /// - Throws: `Failure` where it has changed in a way that shows.
    func checkIntact() throws(Failure)
    /// The CRC-32 over `range` of a remote source, of which it reads only what has not been read yet.
    func checksum(of range: Range<Int>) throws(Failure) -> CRC32
}

extension ByteSource {
    public func prefetch(_ range: Range<Int>) {}
    public func release(_ range: Range<Int>) {}
    public var isRemote: Bool { false }
    public func checkIntact() throws(Failure) {}

    public func checksum(of range: Range<Int>) throws(Failure) -> CRC32 {
        var sum = CRC32()
        try withBytes(in: range) { (bytes: RawSpan) in sum.update(bytes) }
        return sum
    }

    /// A copy of all bytes.
    public func bytes() throws(Failure) -> [UInt8] {
        try withBytes(in: 0..<byteCount) { (bytes: RawSpan) in bytes.array(0..<bytes.byteCount) }
    }

    /// Calls `body` with the bytes from first to last, a piece of `size` at a time, and releases each piece after it.
    package func forEachPiece(of size: Int, _ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        for start in stride(from: 0, to: byteCount, by: size) {
            let piece = start..<min(start + size, byteCount)
            try withBytes(in: piece, body)
            release(piece)
        }
    }

    /// Throws when `range` is not inside the source.
    public func check(_ range: Range<Int>) throws(Failure) {
        guard range.lowerBound >= 0, range.upperBound <= byteCount else {
            throw Failure(
                name,
                "bytes \(range.lowerBound)..<\(range.upperBound) lie outside the \(byteCount) bytes there are")
        }
    }

}

/// Bytes in memory.
public struct MemorySource: ByteSource {
    public let name: String
    private let bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    public var byteCount: Int { bytes.count }

    public func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        return try unsafe body(bytes.span.bytes.extracting(range))
    }
}
