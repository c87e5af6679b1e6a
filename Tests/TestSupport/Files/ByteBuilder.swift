/// Builds files byte by byte, numbers little-endian.
public struct ByteBuilder: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func append(_ more: [UInt8]) { bytes += more }
    public mutating func append(_ text: String) { bytes += Array(text.utf8) }
    public mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes += Array($0) }
    }

    /// An `.npy` file with this header and `data` zero bytes. The parameters `version` and `length` can be invalid.
    public static func npy(_ header: String, data: Int = 16, version: UInt8 = 1, length: UInt16? = nil) -> [UInt8] {
        var out = ByteBuilder()
        out.append([0x93] + Array("NUMPY".utf8) + [version, 0])
        out.append(length ?? UInt16(header.utf8.count))
        out.append(header)
        out.append([UInt8](repeating: 0, count: data))
        return out.bytes
    }

    /// The CRC-32 of zip.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBufferPointer { bytes in
            var sum = UInt32.max
            for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
            return ~sum
        }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
}
