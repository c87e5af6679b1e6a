import CDigests
import Testing

@testable import Platform

/// Vectors of FIPS 180-4, RFC 4231 and RFC 3174.
struct DigestTests {
    @Test(
        "SHA-256 of known messages",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func sha256(_ message: String, _ digest: String) {
        #expect(SHA256Digest.hash(Array(message.utf8)).hexadecimal == digest)
    }

    @Test("SHA-256 of pieces is that of the whole, for lengths around the ends of blocks")
    func pieces() {
        for count in [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 300] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            for size in [1, 3, 63, 64, 65, 200] {
                var stream = SHA256Stream()
                for start in stride(from: 0, to: count, by: size) {
                    stream.update(Array(bytes[start..<min(count, start + size)]))
                }
                #expect(stream.finish() == SHA256Digest.hash(bytes).hexadecimal, "\(count) bytes by \(size)")
            }
        }
    }

    @Test("Blocks have the same bits with and without the processor's SHA instructions")
    func instructions() {
        let bytes = (0..<64 * 9).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        var (first, second) = ([UInt32](0..<8), [UInt32](0..<8))
        cai_sha256_blocks(&first, bytes, 9)
        cai_sha256_blocks_portable(&second, bytes, 9)
        #expect(first == second)
    }

    @Test(
        "HMAC-SHA-256 of known keys, shorter and longer than a block",
        arguments: [
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func keyed(_ key: [UInt8], _ message: String, _ digest: String) {
        #expect(SHA256Digest.keyed(key, Array(message.utf8)).hexadecimal == digest)
    }

    @Test(
        "SHA-1 of known messages",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
        ])
    func sha1(_ message: String, _ digest: String) {
        #expect(SHA1Digest.hexadecimal(of: message) == digest)
    }
}
