/// Bytes that can be read by range: a memory-mapped file, a buffer, or an object in a store.
///
/// Any number of threads may read at once. Bytes that are in memory already are not copied.
public protocol ByteSource: Sendable {
    /// Path or URL, for error messages.
    var name: String { get }
    /// Length in bytes.
    var byteCount: Int { get }
    /// Calls `body` with the bytes of `range`, which are valid only during the call.
    /// - Throws: `Failure` when the range lies outside the source or cannot be read, or what `body` throws.
    func withBytes<Result>(in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result
    /// Hints that `range` will be read soon.
    func prefetch(_ range: Range<Int>)
    /// Hints that `range` will not be read again soon and need not stay in memory. It can still be read.
    func release(_ range: Range<Int>)
    /// Whether the bytes are transferred over a network, again if a released range is read again. Checksums are then
    /// computed as bytes arrive, and compared after everything else was read.
    var isRemote: Bool { get }
    /// Checks that the file has not been modified since it was opened. Cheap enough for every micro-batch.
    /// - Throws: `Failure` where its size or time of the last write has changed.
    func checkIntact() throws(Failure)
    /// The CRC-32 over `range`. A remote source reads only the part that has not been read yet.
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

    /// Calls `body` with all bytes, 4 MiB at a time, and releases each piece afterwards.
    package func forEachPiece(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        let size = 4 << 20
        for start in stride(from: 0, to: byteCount, by: size) {
            let piece = start..<min(start + size, byteCount)
            try withBytes(in: piece, body)
            release(piece)
        }
    }

    /// - Throws: `Failure` where `range` is not inside the source.
    public func check(_ range: Range<Int>) throws(Failure) {
        guard range.lowerBound >= 0, range.upperBound <= byteCount else {
            throw Failure(
                name,
                "bytes \(range.lowerBound)..<\(range.upperBound) are outside the file's \(byteCount) bytes")
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
        return try body(bytes.span.rawSpan.extracting(range))
    }
}
