/// Numbers as zip's records hold them.
package struct LittleEndian {
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func half(_ value: Int) { append(value, 2) }
    package mutating func word(_ value: Int) { append(value, 4) }
    package mutating func long(_ value: Int) { append(value, 8) }

    private mutating func append(_ value: Int, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
