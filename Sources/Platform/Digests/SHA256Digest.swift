import CCrypto

/// SHA-256 and HMAC-SHA-256, by libcrypto.
public enum SHA256Digest {
    package static let size = 32

    /// In lower-case hexadecimal digits, as `sha256sum` writes it.
    public static func hexadecimal(of bytes: RawSpan) -> String {
        var digest = [UInt8](repeating: 0, count: size)
        unsafe bytes.withUnsafeBytes { bytes in
            // An empty buffer may have no address, which libcrypto does not accept.
            _ = unsafe bytes.isEmpty ? SHA256([], 0, &digest) : SHA256(bytes.baseAddress, bytes.count, &digest)
        }
        return digest.hexadecimal
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
