import CDigests

/// SHA-1, by which other programs name their files. Nothing is protected by it.
package enum SHA1Digest {
    /// In lower-case hexadecimal digits, as `sha1sum` writes it.
    package static func hexadecimal(of text: String) -> String {
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        let bytes = Array(text.utf8)
        let padded = bytes + DigestPadding.bytes(after: bytes.count)
        unsafe cai_sha1_blocks(&state, padded, padded.count / 64)
        return DigestPadding.digest(state).hexadecimal
    }
}

/// The end of a message, and the digest, of SHA-1 and SHA-256 (FIPS 180-4).
enum DigestPadding {
    /// A bit, zeros, and the length in bits: to a multiple of 64 bytes.
    static func bytes(after count: Int) -> [UInt8] {
        let zeros = (119 - count % 64) % 64
        return [0x80] + [UInt8](repeating: 0, count: zeros) + bigEndian(UInt64(count) << 3)
    }

    static func digest(_ state: [UInt32]) -> [UInt8] { state.flatMap(bigEndian) }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
