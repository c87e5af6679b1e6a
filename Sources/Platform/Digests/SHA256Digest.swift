import CCrypto

/// SHA-256 and HMAC-SHA-256, by libcrypto.
public enum SHA256Digest {
    package static let size = 32

    /// In lower-case hexadecimal digits, as `sha256sum` writes it.
    public static func hexadecimal(of bytes: RawSpan) -> String {
        var stream = SHA256Stream()
        stream.update(bytes)
        return stream.finish()
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        _ = unsafe SHA256(bytes, bytes.count, &digest)
        return digest
    }

    package static func keyed(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        _ = unsafe HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &digest, nil)
        return digest
    }
}

/// SHA-256 of bytes given piece by piece.
@safe public struct SHA256Stream: ~Copyable {
    private let context: OpaquePointer?

    public init() {
        unsafe context = EVP_MD_CTX_new()
        _ = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { bytes in
            _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        }
    }

    public mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

    public mutating func update(_ text: String) { update(Array(text.utf8)) }

    /// The digest in lower-case hexadecimal digits, as `sha256sum` writes it.
    public consuming func finish() -> String {
        var digest = [UInt8](repeating: 0, count: SHA256Digest.size)
        _ = unsafe EVP_DigestFinal_ex(context, &digest, nil)
        return digest.hexadecimal
    }
}
