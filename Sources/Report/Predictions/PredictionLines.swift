import Platform

/// Predictions as lines of JSON objects: `{"object_id":"1","z_phot":0.1,"z_spec":null}`, as `cai infer -o z.jsonl` writes
/// them. Objects are flat; keys that are not asked for are passed over.
struct PredictionLines {
    private let name: String
    private let bytes: [UInt8]
    private var position = 0
    /// From 1.
    private(set) var line = 1

    /// A line's redshifts; NaN stands for a prediction that is not finite, which JSON has no number for.
    struct Row {
        var predicted: Double?
        var spectroscopic: Double?
    }

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// The next line's redshifts, or nil at the end. Blank lines are passed over.
    /// - Throws: `Failure` naming the line.
    mutating func next() throws(Failure) -> Row? {
        skipSpace(overLines: true)
        guard position < bytes.count else { return nil }
        try expect(UInt8(ascii: "{"), "an object")
        var row = Row()
        skipSpace()
        if peek() == UInt8(ascii: "}") {
            position += 1
        } else {
            repeat {
                let key = try string()
                skipSpace()
                try expect(UInt8(ascii: ":"), "a colon after the key")
                let value = try value(of: key)
                if key == "z_phot" { row.predicted = value ?? .nan }
                if key == "z_spec" { row.spectroscopic = value }
                skipSpace()
            } while try isMore()
        }
        skipSpace()
        if position < bytes.count, bytes[position] != UInt8(ascii: "\n") { throw error("expected one object a line") }
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

    /// A number; nil for null, and for anything else where the key is none of the redshifts'.
    private mutating func value(of key: String) throws(Failure) -> Double? {
        skipSpace()
        let isAsked = key == "z_phot" || key == "z_spec"
        if peek() == UInt8(ascii: "\""), !isAsked {
            _ = try string()
            return nil
        }
        let start = position
        while position < bytes.count, !Self.ends.contains(bytes[position]) { position += 1 }
        let range = start..<position
        let text = String(decoding: bytes[range], as: UTF8.self)
        if text == "null" { return nil }
        if let number = DecimalText.number(bytes, range) ?? Double(text), number.isFinite { return number }
        guard !isAsked, text == "true" || text == "false" else {
            throw error("\(key.prefix(60)): expected a number or null, found '\(text.prefix(40))'")
        }
        return nil
    }

    /// A string's content. What is escaped stays so: no key that is asked for has such characters.
    private mutating func string() throws(Failure) -> String {
        skipSpace()
        try expect(UInt8(ascii: "\""), "a text in quotes")
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
            if bytes[position] == UInt8(ascii: "\"") {
                position += 1
                return String(decoding: bytes[start..<position - 1], as: UTF8.self)
            }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        throw error("the text is never closed")
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(Failure) {
        guard peek() == byte else {
            let found = peek().map { "'\(String(decoding: [$0], as: UTF8.self))'" } ?? "the end"
            throw error("expected \(what), found \(peek() == UInt8(ascii: "\n") ? "the line's end" : found)")
        }
        position += 1
    }

    private mutating func skipSpace(overLines: Bool = false) {
        while let byte = peek(),
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
                || (overLines && byte == UInt8(ascii: "\n"))
        {
            if byte == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    /// What a number or a word ends at.
    private static let ends: Set<UInt8> = Set(",}] \t\r\n\"{[:".utf8)

    private func error(_ message: String) -> Failure { Failure("\(name): line \(line): \(message)") }
}

extension PredictionTable {
    /// The same of lines of JSON objects; a `z_spec` that is null or not there is an unknown one.
    /// - Throws: `Failure` naming the file and the line.
    public init(jsonLines bytes: [UInt8], name: String) throws(Failure) {
        var lines = PredictionLines(name: name, bytes: bytes)
        self.init()
        while let row = try lines.next() {
            guard let predicted = row.predicted else {
                throw Failure("\(name): line \(lines.line): expected the key z_phot, found none")
            }
            add(predicted: predicted, spectroscopic: row.spectroscopic)
        }
    }

    /// Reads a file: lines of JSON where its name ends in .jsonl, else CSV, in which a column `z_spec` may be missing.
    /// - Throws: `Failure` naming the file and the line.
    public init(file path: String) throws(Failure) {
        try self.init(try FileBytes.read(path), name: path)
    }

    /// The same of bytes that are there.
    public init(_ bytes: [UInt8], name: String) throws(Failure) {
        if name.lowercased().hasSuffix(".jsonl") {
            try self.init(jsonLines: bytes, name: name)
        } else {
            try self.init(csv: bytes, name: name, needsSpectroscopic: false)
        }
    }
}
