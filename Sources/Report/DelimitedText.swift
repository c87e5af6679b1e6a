/// Comma-separated text as RFC 4180 has it: quoted fields with doubled quotes, line breaks inside quotes, CRLF or LF, a
/// byte-order mark at the start. Gives one record at a time, so that a long file costs no more than its own bytes.
public struct DelimitedText {
    /// What error messages call the text.
    let name: String
    private let bytes: [UInt8]
    private var position = 0
    /// The line at which `position` stands, from 1.
    private var line = 1
    /// The line at which the last record began, from 1.
    public private(set) var recordLine = 1

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The fields of the next record, or nil at the end. Blank lines are passed over.
    /// - Throws: `ReportError` for a quote that is never closed, a quote inside an unquoted field, text after a closing
    ///   quote, or bytes that are not UTF-8.
    public mutating func next() throws(ReportError) -> [String]? {
        while position < bytes.count, bytes[position] == .lineFeed || bytes[position] == .carriageReturn {
            if bytes[position] == .lineFeed { line += 1 }
            position += 1
        }
        guard position < bytes.count else { return nil }
        recordLine = line
        var fields: [String] = []
        while true {
            fields.append(try field(number: fields.count + 1))
            guard position < bytes.count, bytes[position] == .comma else { break }
            position += 1
        }
        return fields
    }

    private mutating func field(number: Int) throws(ReportError) -> String {
        if position < bytes.count, bytes[position] == .quote { return try quotedField(number: number) }
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case .comma, .lineFeed: return try text(bytes[start..<position], number: number)
            case .carriageReturn where position + 1 == bytes.count || bytes[position + 1] == .lineFeed:
                return try text(bytes[start..<position], number: number)
            case .quote:
                throw error("field \(number): expected a quote to open the field, found one inside it")
            default: position += 1
            }
        }
        return try text(bytes[start..<position], number: number)
    }

    private mutating func quotedField(number: Int) throws(ReportError) -> String {
        var content: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == .quote {
                guard position < bytes.count, bytes[position] == .quote else {
                    if position < bytes.count, ![.comma, .lineFeed, .carriageReturn].contains(bytes[position]) {
                        throw error("field \(number): expected a comma or the line's end after the closing quote")
                    }
                    return try text(content[...], number: number)
                }
                position += 1
            } else if byte == .lineFeed {
                line += 1
            }
            content.append(byte)
        }
        throw error("field \(number): the quote is never closed")
    }

    private func text(_ content: ArraySlice<UInt8>, number: Int) throws(ReportError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw error("field \(number): expected UTF-8 text")
        }
        return text
    }

    private func error(_ message: String) -> ReportError { ReportError("\(name): line \(recordLine): \(message)") }
}

extension UInt8 {
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
}
