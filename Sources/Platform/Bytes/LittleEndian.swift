/// Little-endian integers, as the records of zip files hold them.
package struct LittleEndian {
    package var bytes: [UInt8] = []

    @inlinable package init() {}

    @inlinable package mutating func half(_ value: Int) { append(value, 2) }
    @inlinable package mutating func word(_ value: Int) { append(value, 4) }
    @inlinable package mutating func long(_ value: Int) { append(value, 8) }

    @usableFromInline mutating func append(_ value: Int, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
