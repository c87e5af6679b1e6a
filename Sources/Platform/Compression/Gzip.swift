import CZlib

/// The gzip format (RFC 1952), inflated piece by piece.
package enum Gzip {
    package static let magic: [UInt8] = [0x1F, 0x8B]
    private static let pieceSize = 1 << 18

    /// Whether the inflated bytes of `source` begin with `prefix`.
    package static func begins(_ source: some ByteSource, with prefix: [UInt8]) throws(Failure) -> Bool {
        var head: [UInt8] = []
        try inflate(source) { (piece: RawSpan) throws(Failure) in
            head += piece.array(0..<min(piece.byteCount, prefix.count))
            return head.count < prefix.count
        }
        return head.starts(with: prefix)
    }

    /// Inflates the members of `source`, one after the other, and calls `body` with each piece until it returns false.
    /// Checksums are compared.
    /// - Throws: `Failure` where the data is damaged or ends early, and the errors of `body`.
    package static func inflate(_ source: some ByteSource, _ body: (RawSpan) throws(Failure) -> Bool) throws(Failure) {
        var stream = unsafe z_stream()
        // A window of 15 bits; adding 16 selects gzip's header and trailer.
        let started = unsafe inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw Failure(source.name, "zlib cannot be started (\(started))") }
        defer { _ = unsafe inflateEnd(&stream) }
        var piece = [UInt8](repeating: 0, count: pieceSize)
        var position = 0
        var status = Z_OK
        repeat {
            if status == Z_STREAM_END { _ = unsafe inflateReset(&stream) }
            let input = position..<min(position + pieceSize, source.byteCount)
            var (consumed, written) = (0, 0)
            try source.withBytes(in: input) { (bytes: RawSpan) in
                (status, consumed, written) = unsafe ZlibStep.inflate(&stream, bytes, &piece)
            }
            source.release(position..<position + consumed)
            position += consumed
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                throw Failure(source.name, "gzip: damaged before byte \(position)")
            }
            guard consumed > 0 || written > 0 || status == Z_STREAM_END else {
                throw Failure(source.name, "gzip: ends too early")
            }
            if written > 0, try !body(piece.span.rawSpan.extracting(0..<written)) { return }
            if status == Z_STREAM_END, try isPadding(position, of: source) { return }
        } while status != Z_STREAM_END || position < source.byteCount
    }
}

extension Gzip {
    /// Whether only zeros follow, which tapes and block devices append.
    private static func isPadding(_ position: Int, of source: some ByteSource) throws(Failure) -> Bool {
        for start in stride(from: position, to: source.byteCount, by: pieceSize) {
            let isZero = try source.withBytes(in: start..<min(start + pieceSize, source.byteCount)) {
                (bytes: RawSpan) in (0..<bytes.byteCount).allSatisfy { bytes.byte(at: $0) == 0 }
            }
            guard isZero else { return false }
        }
        return true
    }
}

/// Compresses bytes into a gzip file. It contains no name and no time: the same bytes give the same file.
@safe public final class GzipStream {
    private var stream = unsafe z_stream()
    private var piece = [UInt8](repeating: 0, count: 1 << 16)
    private let isStarted: Bool

    public init() {
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        // Level 6 is the default of gzip, 8 the default memory level of zlib.
        isStarted = unsafe deflateInit2_(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
    }

    deinit { if isStarted { _ = unsafe deflateEnd(&stream) } }

    /// The next bytes of the file, after `bytes` were added; may be empty.
    public func deflate(_ bytes: [UInt8]) -> [UInt8] { run(bytes, Z_NO_FLUSH) }

    /// The remaining bytes of the file.
    public func finish() -> [UInt8] { run([], Z_FINISH) }

    private func run(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var out: [UInt8] = []
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.avail_in = UInt32(source.count)
            repeat {
                let written = unsafe piece.withUnsafeMutableBufferPointer { target in
                    unsafe stream.next_out = target.baseAddress
                    unsafe stream.avail_out = UInt32(target.count)
                    _ = unsafe CZlib.deflate(&stream, flush)
                    return unsafe target.count - Int(stream.avail_out)
                }
                out += piece.prefix(written)
            } while unsafe stream.avail_out == 0
        }
        return out
    }
}
