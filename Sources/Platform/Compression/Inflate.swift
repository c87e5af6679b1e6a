import CZlib

/// Raw DEFLATE (RFC 1951), the compression of zip entries.
package enum Inflate {
    private static let pieceSize = 1 << 16

    /// Inflates `range` of `source` and calls `body` with each piece until it returns false. Only one piece at a time is in
    /// memory.
    /// - Throws: `Failure` when the data is damaged, or inflates to fewer or more bytes than `size`.
    package static func pieces(
        of source: some ByteSource, in range: Range<Int>, size: Int, entry: String, _ body: (RawSpan) -> Bool
    ) throws(Failure) {
        func failure(_ what: String) -> Failure { Failure(source.name, "entry \(entry.quoted): \(what)") }
        var stream = unsafe z_stream()
        let started = unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw failure("zlib cannot be started (\(started))") }
        defer { _ = unsafe inflateEnd(&stream) }

        var piece = [UInt8](repeating: 0, count: pieceSize)
        var total = 0
        var status = Z_OK
        var left = range
        while status != Z_STREAM_END {
            // Without input left there may still be output that did not fit into the last piece.
            let input = left.lowerBound..<min(left.upperBound, left.lowerBound + pieceSize)
            var (consumed, written) = (0, 0)
            try source.withBytes(in: input) { (bytes: RawSpan) throws(Failure) in
                (status, consumed, written) = unsafe ZlibStep.inflate(&stream, bytes, &piece)
            }
            total += written
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                throw failure("compressed data is damaged (\(status))")
            }
            guard total <= size else { throw failure("inflates to more than the \(size) bytes it declares") }
            left = (left.lowerBound + consumed)..<left.upperBound
            guard consumed > 0 || written > 0 || status == Z_STREAM_END else {
                throw failure("compressed data ends too early")
            }
            guard written == 0 || body(piece.span.rawSpan.extracting(0..<written)) else { return }
        }
        guard total == size else { throw failure("inflates to \(total) bytes, declares \(size)") }
        guard left.isEmpty else { throw failure("\(left.count) bytes follow its compressed data") }
    }
}

/// One call of zlib.
package enum ZlibStep {
    /// Inflates as much of `input` as fits into `output`.
    package static func inflate(
        _ stream: inout z_stream, _ input: RawSpan, _ output: inout [UInt8]
    ) -> (status: Int32, consumed: Int, written: Int) {
        let room = output.count
        return unsafe input.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                let first = unsafe source.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.next_in = UnsafeMutablePointer(mutating: first)
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(room)
                let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
                return unsafe (status, source.count - Int(stream.avail_in), room - Int(stream.avail_out))
            }
        }
    }
}
