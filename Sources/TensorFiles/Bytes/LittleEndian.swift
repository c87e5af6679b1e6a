/// Numbers as zip's records hold them.
struct LittleEndian {
    var bytes: [UInt8] = []

    mutating func half(_ value: Int) { append(value, 2) }
    mutating func word(_ value: Int) { append(value, 4) }
    mutating func long(_ value: Int) { append(value, 8) }

    private mutating func append(_ value: Int, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
