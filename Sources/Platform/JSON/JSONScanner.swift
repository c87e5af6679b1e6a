/// Reads JSON strictly, one token at a time: for headers of untrusted files, such as safetensors. Nothing is allocated that
/// the caller does not ask for, nothing recurses, duplicate keys can be refused, and errors state the offset. For anything
/// else `JSONFile` (into a `Codable` type) or `JSONValue` (unknown structure) is simpler.
package struct JSONScanner {
    package let file: String
    /// The part of the file that is read, for error messages.
    package let part: String
    package private(set) var offset = 0

    package init(file: String, part: String) {
        self.file = file
        self.part = part
    }

    package func failure(_ what: String) -> Failure { Failure(file, "\(part): \(what) (offset \(offset))") }

    /// Skips white space.
    package mutating func skipSpace(_ bytes: RawSpan) {
        while offset < bytes.byteCount, [0x20, 0x09, 0x0A, 0x0D].contains(bytes.byte(at: offset)) { offset += 1 }
    }

    /// Consumes `character`, after white space, if it comes next.
    package mutating func take(_ character: Unicode.Scalar, _ bytes: RawSpan) -> Bool {
        skipSpace(bytes)
        guard offset < bytes.byteCount, UInt32(bytes.byte(at: offset)) == character.value else { return false }
        offset += 1
        return true
    }

    package mutating func expect(_ character: Unicode.Scalar, _ bytes: RawSpan) throws(Failure) {
        guard take(character, bytes) else { throw failure("'\(character)' expected") }
    }

    /// Whether another item follows in an object or array that ends with `end`. Consumes the comma or `end`.
    package mutating func another(before end: Unicode.Scalar, _ bytes: RawSpan) throws(Failure) -> Bool {
        if take(",", bytes) { return true }
        guard take(end, bytes) else { throw failure("',' or '\(end)' expected") }
        return false
    }

    /// A string.
    package mutating func string(_ bytes: RawSpan) throws(Failure) -> String {
        try expect("\"", bytes)
        var units: [UInt8] = []
        while true {
            guard offset < bytes.byteCount else { throw failure("a string does not end") }
            let byte = bytes.byte(at: offset)
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else {
                    throw failure("a string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): units.append(contentsOf: try escape(bytes))
            case 0..<0x20: throw failure("a control character in a string")
            default: units.append(byte)
            }
        }
    }

    /// A non-negative integer.
    package mutating func count(_ bytes: RawSpan) throws(Failure) -> Int {
        skipSpace(bytes)
        let start = offset
        var number = 0
        while offset < bytes.byteCount, case let digit = Int(bytes.byte(at: offset)) - 0x30, (0...9).contains(digit) {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = product.addingReportingOverflow(digit)
            guard !overflow, !sumOverflow else { throw failure("a number is beyond 64 bits") }
            number = sum
            offset += 1
        }
        guard offset > start, offset == start + 1 || bytes.byte(at: start) != UInt8(ascii: "0") else {
            throw failure("a whole number expected")
        }
        return number
    }

    /// An array of at most `limit` non-negative integers.
    package mutating func counts(limit: Int, _ bytes: RawSpan) throws(Failure) -> [Int] {
        try expect("[", bytes)
        if take("]", bytes) { return [] }
        var numbers: [Int] = []
        repeat {
            guard numbers.count < limit else { throw failure("an array of more than \(limit) numbers") }
            numbers.append(try count(bytes))
        } while try another(before: "]", bytes)
        return numbers
    }

    private mutating func escape(_ bytes: RawSpan) throws(Failure) -> [UInt8] {
        guard offset < bytes.byteCount else { throw failure("a string does not end") }
        let byte = bytes.byte(at: offset)
        offset += 1
        if let (_, plain) = Self.escapes.first(where: { $0.0 == Unicode.Scalar(byte) }) { return [plain] }
        guard byte == UInt8(ascii: "u") else { throw failure("an unknown escape in a string") }
        let high = try hexadecimalUnit(bytes)
        var code = high
        if (0xD800..<0xDC00).contains(high), bytes.starts(with: Array("\\u".utf8), at: offset) {
            offset += 2
            let low = try hexadecimalUnit(bytes)
            guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
            code = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair") }
        return Array(String(Character(scalar)).utf8)
    }

    /// The characters that one character after a backslash stands for.
    private static let escapes: [(Unicode.Scalar, UInt8)] = [
        ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 0x08), ("f", 0x0C), ("n", 0x0A), ("r", 0x0D), ("t", 0x09),
    ]

    private mutating func hexadecimalUnit(_ bytes: RawSpan) throws(Failure) -> UInt32 {
        guard bytes.byteCount - offset >= 4 else { throw failure("a string does not end") }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes.byte(at: offset))).hexDigitValue else {
                throw failure("four hexadecimal digits expected")
            }
            unit = unit << 4 | UInt32(digit)
            offset += 1
        }
        return unit
    }
}
