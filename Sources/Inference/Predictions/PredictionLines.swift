import Platform

/// Predictions as lines of JSON objects: `{"object_id":"1","z_phot":0.1,"z_spec":null}`, as `cai infer -o z.jsonl`
/// writes them. Objects are flat; other keys are passed over, as are blank lines. A `z_phot` that is null is NaN, which
/// JSON has no number for; a `z_spec` that is null or not there is an unknown one.
struct PredictionLines: PredictionText {
    private let name: String
    private let columns: Set<PredictionColumn>
    private let number: String?
    private var bytes: [UInt8] = []
    private var position = 0
    /// The end of the lines that are there as a whole.
    private var end = 0
    /// From 1.
    private var line = 1

    init(name: String, columns: Set<PredictionColumn>, number: String? = nil) {
        (self.name, self.columns, self.number) = (name, columns.union([.zPhot]), number)
    }

    mutating func append(_ piece: RawSpan) throws(Failure) {
        bytes.removeSubrange(..<position)
        position = 0
        guard bytes.count <= DelimitedText.mostBytes else {
            throw error("expected at most \(DelimitedText.mostBytes) bytes in a line, found more")
        }
        let start = bytes.count
        bytes += piece.array(0..<piece.byteCount)
        end = (bytes[start...].lastIndex(of: .lineFeed) ?? -1) + 1
    }

    mutating func finish() { end = bytes.count }

    mutating func next() throws(Failure) -> PredictionRow? {
        skipSpace(overLines: true)
        guard position < end else { return nil }
        try expect(UInt8(ascii: "{"), "an object")
        var row = PredictionRow(zPhot: .nan)
        var hasRedshift = false
        skipSpace()
        if peek() == UInt8(ascii: "}") {
            position += 1
        } else {
            repeat {
                let key = try string()
                skipSpace()
                try expect(UInt8(ascii: ":"), "a colon after the key")
                let column = PredictionColumn(rawValue: key).flatMap { columns.contains($0) ? $0 : nil }
                switch column {
                case .zPhot: (row.zPhot, hasRedshift) = (try value(of: key, isNumber: true) ?? .nan, true)
                case .zSpec: row.zSpec = try value(of: key, isNumber: true)
                case .objectID: row.objectID = try text(of: key)
                case .source: row.source = try text(of: key)
                case .row: row.row = try integer(of: key)
                case .flags: row.flags = try integer(of: key).map { PredictionFlags(rawValue: $0) }
                case nil where key == number: row.number = try value(of: key, isNumber: true) ?? .nan
                case nil: _ = try value(of: key, isNumber: false)
                }
                skipSpace()
            } while try isMore()
        }
        skipSpace()
        if position < end, bytes[position] != .lineFeed { throw error("expected one object a line") }
        guard hasRedshift else { throw error("expected the key z_phot, found none") }
        if let number, row.number == nil { throw error("expected the key \(number), found none") }
        return row
    }

    /// Whether a comma follows, which is passed over; else the object's end has to.
    private mutating func isMore() throws(Failure) -> Bool {
        guard peek() == UInt8(ascii: ",") else {
            try expect(UInt8(ascii: "}"), "a comma or the object's end")
            return false
        }
        position += 1
        return true
    }

    /// A number; nil for null, and for anything else where no number is asked for.
    private mutating func value(of key: String, isNumber: Bool) throws(Failure) -> Double? {
        skipSpace()
        if peek() == .quote, !isNumber {
            _ = try string()
            return nil
        }
        let start = position
        while position < end, !Self.ends.contains(bytes[position]) { position += 1 }
        let range = start..<position
        let text = String(decoding: bytes[range], as: UTF8.self)
        if text == "null" { return nil }
        if let number = DecimalText.number(bytes, range) ?? Double(text), number.isFinite { return number }
        guard !isNumber, text == "true" || text == "false" else {
            throw error("\(key.prefix(60)): expected a number or null, found '\(text.prefix(40))'")
        }
        return nil
    }

    private mutating func integer<Number: FixedWidthInteger>(of key: String) throws(Failure) -> Number? {
        guard let value = try value(of: key, isNumber: true) else { return nil }
        guard let integer = Number(exactly: value) else {
            throw error("\(key): expected a whole number or null, found \(value)")
        }
        return integer
    }

    /// A string without its escapes; nil for any other value.
    private mutating func text(of key: String) throws(Failure) -> String? {
        skipSpace()
        guard peek() == .quote else {
            _ = try value(of: key, isNumber: false)
            return nil
        }
        let start = position
        _ = try string()
        var scanner = JSONScanner(file: name, part: "line \(line): \(key)")
        return try scanner.string(bytes.span.rawSpan.extracting(start..<position))
    }

    /// A string's content. What is escaped stays so: no key that is asked for has such characters.
    private mutating func string() throws(Failure) -> String {
        skipSpace()
        try expect(.quote, "a text in quotes")
        let start = position
        while position < end, bytes[position] != .lineFeed {
            position += 1
            if bytes[position - 1] == .quote { return String(decoding: bytes[start..<position - 1], as: UTF8.self) }
            if bytes[position - 1] == UInt8(ascii: "\\"), position < end, bytes[position] != .lineFeed { position += 1 }
        }
        throw error("the text is never closed")
    }

    private func peek() -> UInt8? { position < end ? bytes[position] : nil }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(Failure) {
        guard peek() == byte else {
            let found = peek().map { "'\(String(decoding: [$0], as: UTF8.self))'" } ?? "the end"
            throw error("expected \(what), found \(peek() == .lineFeed ? "the line's end" : found)")
        }
        position += 1
    }

    private mutating func skipSpace(overLines: Bool = false) {
        while let byte = peek(),
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
                || (overLines && byte == .lineFeed)
        {
            if byte == .lineFeed { line += 1 }
            position += 1
        }
    }

    /// What a number or a word ends at.
    private static let ends: Set<UInt8> = Set(",}] \t\r\n\"{[:".utf8)

    private func error(_ message: String) -> Failure { Failure(name, "line \(line): \(message)") }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let quote = UInt8(ascii: "\"")
}
