import CDigests

/// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104).
public enum SHA256Digest {
    package static let size = 32

    /// In lower-case hexadecimal digits, as `sha256sum` writes it.
    public static func hexadecimal(of bytes: RawSpan) -> String {
        var stream = SHA256Stream()
        stream.update(bytes)
        return stream.finish()
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var stream = SHA256Stream()
        stream.update(bytes)
        return stream.digest()
    }

    package static func keyed(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        let key = key.count > SHA256Stream.block ? hash(key) : key
        let padded = key + [UInt8](repeating: 0, count: SHA256Stream.block - key.count)
        return hash(padded.map { $0 ^ 0x5C } + hash(padded.map { $0 ^ 0x36 } + bytes))
    }
}

/// SHA-256 of bytes given piece by piece.
public struct SHA256Stream: ~Copyable {
    static let block = 64

    private var state: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    /// Bytes of an unfinished block.
    private var rest: [UInt8] = []
    private var count = 0

    public init() {}

    public mutating func update(_ bytes: RawSpan) {
        count += bytes.byteCount
        var start = 0
        if !rest.isEmpty {
            start = min(Self.block - rest.count, bytes.byteCount)
            rest += bytes.array(0..<start)
            guard rest.count == Self.block else { return }
            unsafe cai_sha256_blocks(&state, rest, 1)
            rest = []
        }
        let blocks = (bytes.byteCount - start) / Self.block
        unsafe bytes.extracting(start..<bytes.byteCount).withUnsafeBytes { bytes in
            guard blocks > 0, let first = bytes.baseAddress else { return }
            unsafe cai_sha256_blocks(&state, first.assumingMemoryBound(to: UInt8.self), blocks)
        }
        rest = bytes.array(start + blocks * Self.block..<bytes.byteCount)
    }

    public mutating func update(_ bytes: [UInt8]) { update(bytes.span.rawSpan) }

    public mutating func update(_ text: String) { update(Array(text.utf8)) }

    /// The digest in lower-case hexadecimal digits, as `sha256sum` writes it.
    public consuming func finish() -> String { digest().hexadecimal }

    consuming func digest() -> [UInt8] {
        let end = rest + DigestPadding.bytes(after: count)
        unsafe cai_sha256_blocks(&state, end, end.count / Self.block)
        return DigestPadding.digest(state)
    }
}
