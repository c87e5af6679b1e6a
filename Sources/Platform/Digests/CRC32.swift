#if arch(arm64)
import CLinux
#endif
import CZlib
import FoundationEssentials

/// CRC-32 (that of zip, gzip and S3) over pieces of data.
public struct CRC32: Sendable, Equatable {
    public private(set) var value: UInt32 = 0
    /// Bytes so far.
    public private(set) var count = 0

    /// Of no bytes.
    public init() {}

    public init(_ bytes: RawSpan) { update(bytes) }

    public init(_ bytes: [UInt8]) { update(bytes.span.rawSpan) }

    public mutating func update(_ bytes: RawSpan) {
        // zlib takes a missing address for a request to start anew.
        guard bytes.byteCount > 0 else { return }
        count += bytes.byteCount
        #if arch(arm64)
        if Self.isInstruction {
            let start = value
            value = unsafe bytes.withUnsafeBytes { buffer in
                unsafe cai_crc32(start, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count)
            }
            return
        }
        #endif
        let start = UInt(value)
        let sum = unsafe bytes.withUnsafeBytes { buffer in
            unsafe crc32_z(start, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count)
        }
        value = UInt32(truncatingIfNeeded: sum)
    }

    #if arch(arm64)
    /// Whether the processor has an instruction for it, which is several times as fast as zlib's tables.
    private static let isInstruction = cai_has_crc32() != 0
    #endif

    /// Continues with the bytes of `next`, of which only the sum is known.
    public mutating func append(_ next: CRC32) {
        value = UInt32(truncatingIfNeeded: crc32_combine(UInt(value), UInt(next.value), next.count))
        count += next.count
    }

    /// As S3 writes it: the four bytes from the highest down, in base 64.
    package var base64: String {
        Data([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }).base64EncodedString()
    }
}
