/// Little-endian integers, as the records of zip files hold them.
extension [UInt8] {
    package mutating func append16(_ value: Int) { append(value, bytes: 2) }
    package mutating func append32(_ value: Int) { append(value, bytes: 4) }
    package mutating func append64(_ value: Int) { append(value, bytes: 8) }

    private mutating func append(_ value: Int, bytes count: Int) {
        for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
