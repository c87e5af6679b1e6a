import CCrypto
import CZlib

/// SHA-256, alone and keyed, of libcrypto.
public enum SHA256Digest {
    package static let size = 32

    /// As `sha256sum` writes it.
    public static func hexadecimal(of bytes: RawSpan) -> String {
        var digest = [UInt8](repeating: 0, count: size)
        unsafe bytes.withUnsafeBytes { bytes in
            // No bytes may have no address, which libcrypto does not take.
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

/// CRC-32 as S3 has it: zlib's, its four bytes from the highest down, in base 64.
package struct CRC32Checksum: Equatable, Sendable {
    private var value: UInt = 0
    package private(set) var count = 0

    package init(_ bytes: ArraySlice<UInt8> = []) { update(bytes) }
    package init(_ bytes: [UInt8]) { update(bytes[...]) }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        let start = value
        value = unsafe bytes.withUnsafeBufferPointer { buffer in
            // zlib takes no bytes at no address for a wish to begin anew.
            unsafe buffer.isEmpty ? start : UInt(crc32_z(start, buffer.baseAddress, buffer.count))
        }
        count += bytes.count
    }

    /// As if what `next` has seen came after what this one has.
    package mutating func append(_ next: CRC32Checksum) {
        value = UInt(crc32_combine(value, next.value, next.count))
        count += next.count
    }

    package var base64: String {
        let number = UInt32(truncatingIfNeeded: value)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }.base64
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension [UInt8] {
    /// RFC 4648, with padding.
    package var base64: String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: count, by: 3) {
            let triple = self[start..<Swift.min(start + 3, count)]
            var bits = triple.reduce(0) { $0 << 8 | Int($1) }
            bits <<= 8 * (3 - triple.count)
            for place in 0..<4 {
                text.append(place <= triple.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
