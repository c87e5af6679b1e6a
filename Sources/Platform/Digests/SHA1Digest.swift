import CCrypto

/// SHA-1, by which other programs name their files. Nothing is protected by it.
package enum SHA1Digest {
    /// In lower-case hexadecimal digits, as `sha1sum` writes it.
    package static func hexadecimal(of text: String) -> String {
        let bytes = Array(text.utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        _ = unsafe SHA1(bytes, bytes.count, &digest)
        return digest.hexadecimal
    }
}
