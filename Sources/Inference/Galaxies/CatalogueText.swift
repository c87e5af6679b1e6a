import Platform
import TensorFiles

/// A table as text: a header with the names of columns, then a line for each galaxy.
///
/// Fields are separated by commas, semicolons, tabs or blanks, whichever the header has most of. Comments (`#`) before the
/// header are passed over, as in ECSV and CasJobs' output, and then also those after it; where numbers follow them at
/// once, the comment with as many different names is the header.
struct CatalogueText {
    /// Names without the blanks around them.
    let header: [String]
    private var text: DelimitedText
    private let separator: UInt8
    /// The first record, where the header is a comment.
    private var first: [String]?

    /// The first line of the last record, from 1.
    var line: Int { text.recordLine }

    /// - Throws: `Failure` for a text without a header, and for UTF-16.
    init(name: String, bytes: [UInt8]) throws(Failure) {
        guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
            throw Failure(name, "is UTF-16 text: save it as UTF-8")
        }
        var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var line = 1
        var comments: [(line: Int, range: Range<Int>)] = []
        // Comments and blank lines.
        while position < bytes.count {
            let end = bytes[position...].firstIndex { $0 == Self.lineFeed || $0 == Self.carriageReturn } ?? bytes.count
            let start = bytes[position..<end].firstIndex { $0 != Self.blank && $0 != Self.tab } ?? end
            if start < end {
                guard bytes[start] == UInt8(ascii: "#") else { break }
                comments.append((line, start + 1..<end))
            }
            let isPair = end + 1 < bytes.count && bytes[end] == Self.carriageReturn && bytes[end + 1] == Self.lineFeed
            position = min(bytes.count, end + (isPair ? 2 : 1))
            line += 1
        }
        separator = Self.separator(bytes, from: position)
        let dialect = DelimitedText.Dialect(
            separator: separator, ignoresBlanks: true, comments: comments.isEmpty ? .refused : .skipped)
        text = DelimitedText(name: name, bytes: bytes, dialect: dialect, from: position, line: line)
        guard let record = try text.next()?.map(\.trimmed) else {
            throw Failure("\(name): expected a header, found an empty file")
        }
        if record.contains(where: { Double($0) != nil }),
            let names = try Self.header(comments.map { ($0.line, Array(bytes[$0.range])) }, record.count, of: name)
        {
            (header, first) = (names, record)
        } else {
            header = record
        }
    }

    /// The names of `count` columns, from a comment line with as many words; nil if no comment has that many. If several
    /// have (a line of units, a sentence), the header is the one whose words are all different.
    private static func header(
        _ comments: [(line: Int, bytes: [UInt8])], _ count: Int, of file: String
    ) throws(Failure) -> [String]? {
        var found: [(line: Int, names: [String])] = []
        for comment in comments {
            guard let names = try? names(comment.bytes), names.count == count,
                !names.contains(where: { Double($0) != nil })
            else { continue }
            found.append((comment.line, names))
        }
        let different = found.filter { Set($0.names).count == count }
        let headers = different.isEmpty ? found : different
        guard headers.count < 2 else {
            let lines = headers.map { String($0.line) }.joined(separator: ", ")
            throw Failure(
                file,
                "expected one header of \(count) names among the comments, found lines \(lines): write the header without #"
            )
        }
        return headers.first?.names
    }

    /// The fields of the next line; nil at the end.
    mutating func next() throws(Failure) -> [String]? {
        if let record = first {
            first = nil
            return record
        }
        return try text.next()
    }

    /// The number in a field, NaN where it is missing.
    /// - Throws: `Failure` for anything else.
    func number(_ field: String, of column: String) throws(Failure) -> Double {
        let field = field.trimmed
        if let value = Double(field) { return value }
        if Self.missing.contains(field.lowercased()) { return .nan }
        let hasComma = separator != UInt8(ascii: ",") && Double(field.replacing(",", with: ".")) != nil
        throw Failure(
            "\(text.name): line \(line): \(column.shortened()): expected a number, found '\(field.shortened())'"
                + (hasComma ? ": write decimal points, not commas" : ""))
    }

    /// Checks that the first row after the header does not have words alone in these columns.
    /// - Throws: `Failure` for a row of units or types.
    func checkNumbers(_ record: [String], of columns: [Int]) throws(Failure) {
        let words = columns.map { record[$0].trimmed }.filter { !Self.missing.contains($0.lowercased()) }
        guard !words.isEmpty, words.allSatisfy({ Double($0) == nil }) else { return }
        throw Failure(
            text.name,
            "line \(line): expected a row with numbers after the header, found words alone "
                + "('\(words.joined(separator: ", ").shortened())'): units or types have to be left out, or in a comment (#)"
        )
    }

    /// Fields that stand for a number that is not known, in lower case.
    private static let missing: Set<String> = [
        "", "nan", "null", "none", "n/a", "na", "-", "--", "masked", "<na>", "\\n",
    ]

    /// The fields of a comment.
    private static func names(_ comment: [UInt8]) throws(Failure) -> [String] {
        let separator = separator(comment, from: 0)
        var text = DelimitedText(
            name: "", bytes: comment,
            dialect: DelimitedText.Dialect(separator: separator, ignoresBlanks: true))
        return try text.next()?.map(\.trimmed) ?? []
    }

    /// The separator that a line has most of, outside quotes; a comma where it has none.
    private static func separator(_ bytes: [UInt8], from start: Int) -> UInt8 {
        var counts: [UInt8: Int] = [:]
        var isQuoted = false
        for byte in bytes[start...] {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if isQuoted { continue }
            if byte == lineFeed || byte == carriageReturn { break }
            counts[byte, default: 0] += 1
        }
        let usual = [UInt8(ascii: ","), tab, UInt8(ascii: ";")].filter { counts[$0] != nil }
        // Names may contain blanks: they separate only where nothing else does.
        guard let most = usual.map({ counts[$0] ?? 0 }).max() else {
            return hasInnerBlank(bytes, start) ? blank : UInt8(ascii: ",")
        }
        return usual.first { counts[$0] == most } ?? UInt8(ascii: ",")
    }

    /// Whether a line has blanks between two words, outside quotes.
    private static func hasInnerBlank(_ bytes: [UInt8], _ start: Int) -> Bool {
        var (isQuoted, hasWord, hasBlank) = (false, false, false)
        for byte in bytes[start...] {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == lineFeed || byte == carriageReturn { break }
            if byte == blank, !isQuoted {
                hasBlank = hasWord
            } else {
                if hasBlank { return true }
                hasWord = true
            }
        }
        return false
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let blank = UInt8(ascii: " ")
    private static let tab = UInt8(ascii: "\t")
}

extension CatalogueText {
    /// Inflated bytes for each compressed one: more is an attempt to exhaust memory.
    private static let mostInflated = 100
    private static let head = 512

    /// The text of a file, inflated where it is compressed by gzip; nil for a file that `TensorFile` reads. Its bytes
    /// determine the format, except that a name that ends in .csv is that of a text.
    static func bytes(of source: MappedFile) throws(Failure) -> [UInt8]? {
        let isGzip = try source.withBytes(in: 0..<min(2, source.byteCount)) { (bytes: RawSpan) in
            bytes.starts(with: Gzip.magic)
        }
        guard isGzip else {
            if !source.name.lowercased().hasSuffix(".csv") {
                guard try !TensorFile.isKnown(source), try hasText(source) else { return nil }
            }
            return try source.bytes()
        }
        let limit = 1 << 20 + source.byteCount * mostInflated
        var bytes: [UInt8] = []
        try Gzip.inflate(source) { (piece: RawSpan) throws(Failure) in
            bytes += piece.array(0..<piece.byteCount)
            guard bytes.count <= limit else {
                throw Failure(
                    source.name, "gzip: inflates to more than \(mostInflated) times its size: inflate it first")
            }
            return isText(bytes.prefix(head))
        }
        return isText(bytes.prefix(head)) ? bytes : nil
    }

    private static func hasText(_ source: MappedFile) throws(Failure) -> Bool {
        try source.withBytes(in: 0..<min(head, source.byteCount)) { (bytes: RawSpan) in
            isText(bytes.array(0..<bytes.byteCount)[...])
        }
    }

    /// No control characters, and no card of a FITS header.
    private static func isText(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.starts(with: Array("SIMPLE  =".utf8))
            && bytes.allSatisfy { $0 >= blank || [tab, lineFeed, carriageReturn].contains($0) }
    }
}

extension String {
    /// The string without the blanks around it.
    var trimmed: String {
        // Most fields have none.
        guard let first = utf8.first, let last = utf8.last, first <= 0x20 || last <= 0x20 else { return self }
        return String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
