import CZlib

/// CRC-32 over pieces of data.
struct CRC32 {
    private(set) var value: UInt32 = 0

    mutating func update(_ bytes: RawSpan) {
        let start = UInt(value)
        let sum = unsafe bytes.withUnsafeBytes { buffer in
            unsafe crc32_z(start, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count)
        }
        value = UInt32(truncatingIfNeeded: sum)
    }
}

/// Raw DEFLATE, as zip entries hold it.
enum Inflate {
    /// Inflates `range` of `source` to exactly `size` bytes.
    /// - Throws: `TensorFileError` when the data is damaged, or gives fewer or more bytes than `size`.
    static func bytes(
        of source: some ByteSource, in range: Range<Int>, size: Int, entry: String
    ) throws(TensorFileError) -> [UInt8] {
        func failure(_ what: String) -> TensorFileError {
            TensorFileError(file: source.name, message: "entry \(quoted(entry)): \(what)")
        }
        var stream = unsafe z_stream()
        let started = unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw failure("zlib cannot be started (\(started))") }
        defer { _ = unsafe inflateEnd(&stream) }

        // One byte more than declared shows data that goes on beyond its declared size.
        var output = [UInt8](repeating: 0, count: size + 1)
        var written = 0
        var status = Z_OK
        var left = range
        while status != Z_STREAM_END {
            guard !left.isEmpty else { throw failure("compressed data ends too early") }
            let piece = left.lowerBound..<min(left.upperBound, left.lowerBound + 1 << 20)
            var consumed = 0
            try source.withBytes(in: piece) { (bytes: RawSpan) throws(TensorFileError) in
                (status, consumed, written) = unsafe step(&stream, bytes, &output, from: written)
            }
            guard status == Z_OK || status == Z_STREAM_END, consumed > 0 || status == Z_STREAM_END else {
                throw failure(
                    written > size
                        ? "inflates to more than the \(size) bytes it declares"
                        : "compressed data is damaged (\(status))")
            }
            left = (left.lowerBound + consumed)..<left.upperBound
        }
        guard written == size else { throw failure("inflates to \(written) bytes, declares \(size)") }
        guard left.isEmpty else { throw failure("\(left.count) bytes follow its compressed data") }
        output.removeLast()
        return output
    }

    private static func step(
        _ stream: inout z_stream, _ input: RawSpan, _ output: inout [UInt8], from written: Int
    ) -> (status: Int32, consumed: Int, written: Int) {
        let limit = min(output.count - written, 1 << 30)
        return unsafe input.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                let first = unsafe source.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.next_in = UnsafeMutablePointer(mutating: first)
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress.map { unsafe $0 + written }
                unsafe stream.avail_out = UInt32(limit)
                let status = unsafe inflate(&stream, Z_NO_FLUSH)
                let consumed = unsafe source.count - Int(stream.avail_in)
                return unsafe (status, consumed, written + limit - Int(stream.avail_out))
            }
        }
    }
}
