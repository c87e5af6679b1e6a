import Platform

/// The supported opcodes, named as in Python's `pickletools`.
extension Unpickler {
    mutating func execute(_ opcode: UInt8, _ bytes: RawSpan) throws(Failure) {
        switch opcode {
        // Frame of the stream and stack
        case 0x80:  // PROTO
            let version = bytes.byte(at: try take(1, bytes))
            guard version <= 5 else { throw failure("pickle protocol \(version), 5 is the last that is known") }
        case 0x95:  // FRAME: only its length is checked
            _ = try takeLength(8, bytes)
        case UInt8(ascii: "("): try mark()
        case UInt8(ascii: "0"): try discard()
        case UInt8(ascii: "1"): _ = try popMark()  // POP_MARK
        case UInt8(ascii: "2"): try push(try top())  // DUP

        // Constants and numbers
        case UInt8(ascii: "N"): try push(.none)
        case 0x88: try push(.bool(true))
        case 0x89: try push(.bool(false))
        case UInt8(ascii: "J"):  // BININT
            try push(.int(Int(Int32(bitPattern: bytes.uint32(at: try take(4, bytes))))))
        case UInt8(ascii: "K"): try push(.int(Int(bytes.byte(at: try take(1, bytes)))))
        case UInt8(ascii: "M"): try push(.int(Int(bytes.uint16(at: try take(2, bytes)))))
        case 0x8A: try push(longValue(takeData(1, bytes), bytes))
        case 0x8B: try push(longValue(takeData(4, bytes), bytes))
        case UInt8(ascii: "G"):  // BINFLOAT: big-endian
            try push(.double(Double(bitPattern: bytes.uint64(at: try take(8, bytes)).byteSwapped)))
        case UInt8(ascii: "I"), UInt8(ascii: "L"), UInt8(ascii: "F"): try pushNumber(opcode, bytes)

        // Strings
        case UInt8(ascii: "X"): try push(textValue(takeData(4, bytes)))
        case 0x8C: try push(textValue(takeData(1, bytes)))
        case 0x8D: try push(textValue(takeData(8, bytes)))
        case UInt8(ascii: "U"): try push(textValue(takeData(1, bytes)))  // Python 2 strings: names and keys
        case UInt8(ascii: "T"): try push(textValue(takeData(4, bytes)))
        case UInt8(ascii: "S"), UInt8(ascii: "V"): try pushLine(opcode, bytes)
        case UInt8(ascii: "C"): try push(bytesValue(takeData(1, bytes)))
        case UInt8(ascii: "B"): try push(bytesValue(takeData(4, bytes)))
        case 0x8E, 0x96: try push(bytesValue(takeData(8, bytes)))

        default:
            if try buildContainer(opcode) { return }
            if try useMemo(opcode, bytes) { return }
            guard try describeObject(opcode, bytes) else {
                throw failure("opcode \(hexadecimal(UInt32(opcode))) is not allowed in a tensor file")
            }
        }
    }

    private mutating func buildContainer(_ opcode: UInt8) throws(Failure) -> Bool {
        switch opcode {
        case UInt8(ascii: ")"): try pushNode(.tuple, [])
        case UInt8(ascii: "]"): try pushNode(.list, [])
        case UInt8(ascii: "}"): try pushNode(.dictionary, [])
        case 0x8F: try pushNode(.set, [])
        case UInt8(ascii: "t"): try pushNode(.tuple, try popMark())
        case UInt8(ascii: "l"): try pushNode(.list, try popMark())
        case UInt8(ascii: "d"): try pushNode(.dictionary, try pairs(popMark()))
        case 0x91: try pushNode(.set, try popMark())  // FROZENSET
        case 0x85, 0x86, 0x87:  // TUPLE1, TUPLE2, TUPLE3
            var values: [PickleValue] = []
            for _ in 0..<Int(opcode - 0x84) { values.insert(try pop(), at: 0) }
            try pushNode(.tuple, values)
        case UInt8(ascii: "a"): try extend([try pop()], opcode: "APPEND", to: [.list, .object])
        case UInt8(ascii: "e"): try extend(try popMark(), opcode: "APPENDS", to: [.list, .object])
        case 0x90: try extend(try popMark(), opcode: "ADDITEMS", to: [.set, .object])
        case UInt8(ascii: "s"):
            let value = try pop()
            let key = try pop()
            try extend([key, value], opcode: "SETITEM", to: [.dictionary, .mapping, .object])
        case UInt8(ascii: "u"):
            try extend(try pairs(popMark()), opcode: "SETITEMS", to: [.dictionary, .mapping, .object])
        default: return false
        }
        return true
    }

    private mutating func useMemo(_ opcode: UInt8, _ bytes: RawSpan) throws(Failure) -> Bool {
        switch opcode {
        case UInt8(ascii: "q"): try memoize(Int(bytes.byte(at: try take(1, bytes))))
        case UInt8(ascii: "r"): try memoize(Int(bytes.uint32(at: try take(4, bytes))))
        case UInt8(ascii: "p"): try memoize(try lineIndex(bytes))
        case 0x94: try memoize(arena.memo.count)
        case UInt8(ascii: "h"): try recall(Int(bytes.byte(at: try take(1, bytes))))
        case UInt8(ascii: "j"): try recall(Int(bytes.uint32(at: try take(4, bytes))))
        case UInt8(ascii: "g"): try recall(try lineIndex(bytes))
        default: return false
        }
        return true
    }

    private mutating func pushNode(_ kind: PickleNode.Kind, _ children: [PickleValue]) throws(Failure) {
        try push(.node(try newNode(PickleNode(kind: kind), children)))
    }

    private func pairs(_ values: [PickleValue]) throws(Failure) -> [PickleValue] {
        guard values.count.isMultiple(of: 2) else { throw failure("\(values.count) values are not keys and values") }
        return values
    }

    private mutating func extend(_ values: [PickleValue], opcode: String, to kinds: [PickleNode.Kind]) throws(Failure) {
        guard case .node(let node) = try top(), kinds.contains(arena[node].kind) else {
            throw failure("\(opcode) on a value that takes no items")
        }
        if arena[node].kind == .object, opcode.hasPrefix("SETITEM") {
            guard arena[node].count == 0 else { throw failure("\(opcode) on an object that was given list items") }
            arena.setKind(.mapping, of: node)
        }
        try checkRoom(adding: values.count)
        guard arena.append(values, to: node) else { throw full() }
        try checkRoom()
    }

    /// A little-endian two's complement integer of any length.
    private func longValue(_ range: Range<Int>, _ bytes: RawSpan) -> PickleValue {
        guard range.count <= 8 else { return .wideInt }
        guard let last = range.last else { return .int(0) }
        var number: Int64 = bytes.byte(at: last) & 0x80 == 0 ? 0 : -1
        for index in range.reversed() { number = number << 8 | Int64(bytes.byte(at: index)) }
        return .int(Int(number))
    }

    /// INT, LONG and FLOAT: decimal numbers.
    private mutating func pushNumber(_ opcode: UInt8, _ bytes: RawSpan) throws(Failure) {
        let line = try takeLine(bytes)
        let text = line.count <= 64 ? bytes.text(line) : ""
        if opcode == UInt8(ascii: "F") {
            guard let number = Double(text) else { throw failure("'\(text)' is not a number") }
            return try push(.double(number))
        }
        if opcode == UInt8(ascii: "I"), text == "00" || text == "01" { return try push(.bool(text == "01")) }
        let digits = text.hasSuffix("L") ? String(text.dropLast()) : text
        if let number = Int(digits) { return try push(.int(number)) }
        let isNumber = line.allSatisfy { (0x30...0x39).contains(bytes.byte(at: $0)) || $0 == line.lowerBound }
        guard isNumber, line.count > 18 else { throw failure("'\(text)' is not an integer") }
        try push(.wideInt)
    }

    /// STRING and UNICODE: a line of text, the former quoted. Escapes are not decoded.
    private mutating func pushLine(_ opcode: UInt8, _ bytes: RawSpan) throws(Failure) {
        var line = try takeLine(bytes)
        if opcode == UInt8(ascii: "S") {
            guard line.count >= 2, bytes.byte(at: line.lowerBound) == bytes.byte(at: line.upperBound - 1) else {
                throw failure("STRING without quotes")
            }
            line = line.lowerBound + 1..<line.upperBound - 1
        }
        try push(try textValue(line))
    }

    private mutating func lineIndex(_ bytes: RawSpan) throws(Failure) -> Int {
        let line = try takeLine(bytes)
        guard line.count <= 10, let index = Int(bytes.text(line)) else { throw failure("memo index is not a number") }
        return index
    }
}
