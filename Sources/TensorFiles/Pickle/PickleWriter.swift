import Platform

/// Writes a pickle of protocol 2, opcode by opcode, without a memo.
struct PickleWriter {
    private(set) var bytes: [UInt8] = [0x80, 2]

    enum Code: UInt8 {
        case emptyTuple = 0x29, mark = 0x28, tuple = 0x74, emptyDictionary = 0x7D, setItem = 0x73
        case newObject = 0x81, build = 0x62, reduce = 0x52, persistentID = 0x51, false_ = 0x89, stop = 0x2E
    }

    mutating func codes(_ codes: Code...) { bytes += codes.map(\.rawValue) }

    mutating func global(_ module: String, _ name: String) { bytes += Array("c\(module)\n\(name)\n".utf8) }

    mutating func text(_ text: String) {
        bytes.append(0x58)
        bytes.append32(text.utf8.count)
        bytes += Array(text.utf8)
    }

    /// A non-negative number.
    mutating func int(_ number: Int) {
        if Int32(exactly: number) != nil {
            bytes.append(0x4A)
            bytes.append32(number)
        } else {
            bytes += [0x8A, 8]
            bytes.append64(number)
        }
    }

    mutating func ints(_ numbers: [Int]) {
        codes(.mark)
        for number in numbers { int(number) }
        codes(.tuple)
    }
}
