/// Little-endian numbers and strings at byte offsets. Offsets outside the span trap: callers compare them with the byte
/// count first. Inlinable, so that loops of other modules over single bytes cost no calls.
extension RawSpan {
    @inlinable package func byte(at offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    @inlinable package func uint16(at offset: Int) -> UInt16 {
        UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inlinable package func uint32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inlinable package func uint64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// A copy of the bytes of `range`.
    @inlinable package func array(_ range: Range<Int>) -> [UInt8] {
        unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    /// The bytes of `range` as UTF-8, repaired where invalid.
    @inlinable package func text(_ range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the bytes from `offset` on begin with `prefix`.
    @inlinable package func starts(with prefix: [UInt8], at offset: Int = 0) -> Bool {
        guard offset >= 0, prefix.count <= byteCount - offset else { return false }
        return prefix.indices.allSatisfy { byte(at: offset + $0) == prefix[$0] }
    }

    /// The first offset in `range` of a byte with that value.
    @inlinable package func firstIndex(of value: UInt8, in range: Range<Int>) -> Int? {
        range.first { byte(at: $0) == value }
    }
}
