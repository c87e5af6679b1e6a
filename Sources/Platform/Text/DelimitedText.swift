/// Comma-separated text (RFC 4180): quoted fields with doubled quotes, line breaks inside quotes, CRLF, LF or CR, a
/// byte-order mark at the start. Other separators and blanks around quotes are read where a `Dialect` says so. Reads one
/// record at a time, and fields as ranges of the text's bytes. The text is complete from the start, or appended in pieces:
/// then only one piece and one record are in memory.
public struct DelimitedText {
    /// The range of a field's content, without the quotes around it.
    package struct Field {
        package let range: Range<Int>
        /// Whether it contains doubled quotes.
        package let isDoubled: Bool
    }

    /// Name in error messages.
    package let name: String
    private let dialect: Dialect
    private var bytes: [UInt8]
    /// Whether no more bytes follow.
    package private(set) var isWhole: Bool
    /// Whether `position` is the start of the text, where a byte-order mark may be.
    private var isAtStart = true
    private var position = 0
    /// The line of `position`, from 1.
    private var line = 1
    /// The first line of the last record, from 1.
    public private(set) var recordLine = 1

    public init(name: String, bytes: [UInt8]) { self.init(name: name, bytes: bytes, dialect: .standard) }

    /// - Parameters:
    ///   - position: offset of the first byte to read.
    ///   - line: its line, from 1.
    package init(name: String, bytes: [UInt8], dialect: Dialect, from position: Int = 0, line: Int = 1) {
        (self.name, self.bytes, self.dialect, isWhole) = (name, bytes, dialect, true)
        (self.position, self.line, isAtStart) = (position, line, position == 0)
    }

    /// An empty text, to be appended in pieces.
    package init(name: String) { (self.name, bytes, dialect, isWhole) = (name, [], .standard, false) }

    /// The most bytes of a record of an appended text.
    package static let mostBytes = 16 << 20

    /// Appends the next bytes and releases those that were read.
    /// - Throws: `Failure` for a record of more than `mostBytes`.
    package mutating func append(_ piece: RawSpan) throws(Failure) {
        bytes.removeSubrange(..<position)
        position = 0
        guard bytes.count <= Self.mostBytes else {
            throw Failure(name, "line \(recordLine): expected at most \(Self.mostBytes) bytes in a record, found more")
        }
        bytes += piece.array(0..<piece.byteCount)
    }

    /// Marks the end of the text, which ends the last record.
    package mutating func finish() { isWhole = true }

    /// The fields of the next record, or nil at the end. Blank lines are skipped.
    /// - Throws: `Failure` for a quote that is never closed, a quote inside an unquoted field, text after a closing
    ///   quote, or bytes that are not UTF-8.
    public mutating func next() throws(Failure) -> [String]? {
        var fields: [Field] = []
        guard try next(into: &fields) else { return nil }
        return fields.map(text)
    }

    /// The same without creating strings: replaces `fields` by those of the next record, valid until bytes are appended.
    /// - Returns: false at the end, or where the next record is not complete yet.
    package mutating func next(into fields: inout [Field]) throws(Failure) -> Bool {
        let start = (position, line)
        let isFound: Bool
        do throws(Failure) {
            isFound = try record(into: &fields)
            guard isCut else {
                isAtStart = false
                return isFound
            }
        } catch {
            guard isCut else { throw error }
        }
        (position, line) = start
        return false
    }

    /// Whether the last record may continue in bytes that are not appended yet: a line feed after a carriage return, a
    /// second quote, the rest of a field.
    private var isCut: Bool { !isWhole && position + 1 >= bytes.count }

    private mutating func record(into fields: inout [Field]) throws(Failure) -> Bool {
        fields.removeAll(keepingCapacity: true)
        if isAtStart, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        repeat { skipBlankLines() } while try skipComment()
        guard position < bytes.count else { return false }
        recordLine = line
        while true {
            let number = fields.count + 1
            if dialect.ignoresBlanks { skipBlanks(before: .quote) }
            if position < bytes.count, bytes[position] == .quote {
                fields.append(try quotedField(number: number))
                if dialect.ignoresBlanks { skipBlanks(before: dialect.separator) }
            } else {
                fields.append(try plainField(number: number))
            }
            guard position < bytes.count, isSeparator(position) else { return true }
            position += 1
            guard dialect.separatesByBlanks else { continue }
            while position < bytes.count, isBlank(position) { position += 1 }
            if position == bytes.count || isLineEnd(bytes[position]) { return true }
        }
    }

    private mutating func skipBlankLines() {
        while position < bytes.count, isLineEnd(bytes[position]) || dialect.separatesByBlanks && isBlank(position) {
            let isPair =
                bytes[position] == .carriageReturn && position + 1 < bytes.count && bytes[position + 1] == .lineFeed
            if isLineEnd(bytes[position]), !isPair { line += 1 }
            position += 1
        }
    }

    /// Skips a comment, without the end of its line.
    /// - Returns: false where none begins.
    private mutating func skipComment() throws(Failure) -> Bool {
        var start = position
        while start < bytes.count, bytes[start] == .blank { start += 1 }
        guard dialect.comments != .data, start < bytes.count, bytes[start] == UInt8(ascii: "#") else { return false }
        guard dialect.comments == .skipped else {
            recordLine = line
            throw error(
                "begins with #: comments are read where one is above the header; a value that begins with # has to be in "
                    + "quotes")
        }
        while position < bytes.count, !isLineEnd(bytes[position]) { position += 1 }
        return true
    }

    private func isLineEnd(_ byte: UInt8) -> Bool { byte == .lineFeed || byte == .carriageReturn }
    private func isBlank(_ place: Int) -> Bool { bytes[place] == .blank || bytes[place] == .tab }

    private func isSeparator(_ place: Int) -> Bool {
        bytes[place] == dialect.separator || dialect.separatesByBlanks && bytes[place] == .tab
    }

    /// Skips blanks where `byte` or the end of the line follows.
    private mutating func skipBlanks(before byte: UInt8) {
        var end = position
        while end < bytes.count, bytes[end] == .blank, dialect.separator != .blank { end += 1 }
        if end < bytes.count, bytes[end] == byte || byte != .quote && isLineEnd(bytes[end]) { position = end }
    }

    /// A field's content.
    package func text(_ field: Field) -> String {
        guard field.isDoubled else { return String(decoding: bytes[field.range], as: UTF8.self) }
        var content: [UInt8] = []
        var isSecond = false
        for byte in bytes[field.range] {
            isSecond = byte == .quote && !isSecond
            if byte != .quote || isSecond { content.append(byte) }
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// A field's content as a decimal number, `nan` and `inf` included; nil where it is none of these.
    package func number(_ field: Field) -> Double? { DecimalText.number(bytes, field.range) ?? Double(text(field)) }

    private mutating func plainField(number: Int) throws(Failure) -> Field {
        let start = position
        var isASCII = true
        scan: while position < bytes.count {
            switch bytes[position] {
            case dialect.separator, .lineFeed, .carriageReturn: break scan
            case .tab where dialect.separatesByBlanks: break scan
            case .quote:
                throw error("field \(number): expected a quote to open the field, found one inside it")
            case 0x80...: isASCII = false
            default: break
            }
            position += 1
        }
        var range = start..<position
        if dialect.ignoresBlanks {
            while let last = range.last, isBlank(last) { range = range.lowerBound..<last }
            while let first = range.first, isBlank(first) { range = first + 1..<range.upperBound }
        }
        return try field(range, number: number, isASCII: isASCII)
    }

    private mutating func quotedField(number: Int) throws(Failure) -> Field {
        position += 1
        let start = position
        var (isASCII, isDoubled) = (true, false)
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == .quote {
                guard position < bytes.count, bytes[position] == .quote else {
                    let isEnd =
                        position == bytes.count || isSeparator(position) || isLineEnd(bytes[position])
                        || dialect.ignoresBlanks && bytes[position] == .blank
                    guard isEnd else {
                        throw error("field \(number): expected a comma or the line's end after the closing quote")
                    }
                    return try field(start..<position - 1, number: number, isASCII: isASCII, isDoubled: isDoubled)
                }
                isDoubled = true
                position += 1
            } else if byte == .lineFeed {
                line += 1
            } else if byte >= 0x80 {
                isASCII = false
            }
        }
        throw error("field \(number): the quote is never closed")
    }

    private func field(
        _ range: Range<Int>, number: Int, isASCII: Bool, isDoubled: Bool = false
    ) throws(Failure) -> Field {
        guard isASCII || String(validating: bytes[range], as: UTF8.self) != nil else {
            throw error("field \(number): expected UTF-8 text")
        }
        return Field(range: range, isDoubled: isDoubled)
    }

    private func error(_ message: String) -> Failure { Failure("\(name): line \(recordLine): \(message)") }
}

extension UInt8 {
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let blank = UInt8(ascii: " ")
    fileprivate static let tab = UInt8(ascii: "\t")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
}
