import Platform

/// Why a document is refused.
struct XMLError: Error, Equatable {
    let what: String
    /// In the document, in bytes.
    let offset: Int
}

/// Reads the XML of responses: elements, text, CDATA, the five named entities and numeric ones.
///
/// Attributes are checked and ignored, as are comments and instructions. Document types are refused, and with them every
/// way in which a small document can expand to a large one.
struct XMLReader {
    enum Event: Equatable {
        /// Without a prefix.
        case start(String)
        case text(String)
        case end(String)
    }

    private let bytes: [UInt8]
    private var position = 0
    private var open: [String] = []
    private var hasRoot = false
    /// The end of an element without content (`<a/>`), to be reported next.
    private var pendingEnd: String?
    private static let mostOpen = 64

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// nil at the end of a whole document.
    mutating func next() throws(XMLError) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                let text = try text()
                if !open.isEmpty { return .text(text) }
                guard text.trimmingSpaces.isEmpty else { throw failure("text outside the document's element") }
            } else if skip("<!--") {
                _ = try upTo("-->")
            } else if skip("<![CDATA[") {
                let raw = try upTo("]]>")
                guard !open.isEmpty else { throw failure("text outside the document's element") }
                return .text(try string(raw))
            } else if skip("<?") {
                _ = try upTo("?>")
            } else if skip("<!") {
                throw failure("a document type, which is refused")
            } else if skip("</") {
                return try endTag()
            } else {
                position += 1
                return try startTag()
            }
        }
        guard open.isEmpty, hasRoot else { throw failure("the document ends too early") }
        return nil
    }

    private mutating func startTag() throws(XMLError) -> Event {
        guard !(hasRoot && open.isEmpty) else { throw failure("a second document element") }
        guard open.count < Self.mostOpen else { throw failure("more than \(Self.mostOpen) elements in one another") }
        let fullName = try name()
        while true {
            let hadSpace = skipSpaces()
            if skip("/>") {
                pendingEnd = Self.local(fullName)
                break
            }
            if skip(">") {
                open.append(fullName)
                break
            }
            guard hadSpace else { throw failure("an attribute or the tag's end expected") }
            _ = try name()
            skipSpaces()
            guard skip("=") else { throw failure("an attribute without a value") }
            skipSpaces()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
            else { throw failure("an attribute's value without quotation marks") }
            let mark = bytes[position]
            guard let end = bytes[(position + 1)...].firstIndex(of: mark) else {
                throw failure("an attribute has no end")
            }
            position = end + 1
        }
        hasRoot = true
        return .start(Self.local(fullName))
    }

    private mutating func endTag() throws(XMLError) -> Event {
        let fullName = try name()
        skipSpaces()
        guard skip(">"), open.popLast() == fullName else { throw failure("an element ends that did not begin") }
        return .end(Self.local(fullName))
    }

    private mutating func name() throws(XMLError) -> String {
        let start = position
        func isFirst(_ byte: UInt8) -> Bool { byte.isLetter || byte >= 0x80 || ":_".utf8.contains(byte) }
        while position < bytes.count,
            isFirst(bytes[position])
                || position > start && (bytes[position].isDigit || "-.".utf8.contains(bytes[position]))
        {
            position += 1
        }
        guard position > start else { throw failure("a name expected") }
        return try string(bytes[start..<position])
    }

    private mutating func text() throws(XMLError) -> String {
        var decoded: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            guard bytes[position] == UInt8(ascii: "&") else {
                decoded.append(bytes[position])
                position += 1
                continue
            }
            position += 1
            let name = try string(try upTo(";", within: 12))
            guard let character = Self.entity(name) else { throw failure("an entity that is not known") }
            decoded += Array(String(character).utf8)
        }
        return try string(decoded[...])
    }

    private static func entity(_ name: String) -> Unicode.Scalar? {
        guard name.hasPrefix("#") else { return entities[name] }
        let digits = name.dropFirst()
        let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
    }

    private static let entities: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]

    private static func local(_ name: String) -> String { name.split(separator: ":").last.map(String.init) ?? name }

    @discardableResult
    private mutating func skipSpaces() -> Bool {
        let start = position
        while position < bytes.count, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
        return position > start
    }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    /// The bytes before `mark`; skips `mark`.
    private mutating func upTo(_ mark: String, within most: Int = .max) throws(XMLError) -> ArraySlice<UInt8> {
        let needle = Array(mark.utf8)
        let start = position
        while position < bytes.count, position - start <= most {
            if bytes[position...].starts(with: needle) {
                defer { position += needle.count }
                return bytes[start..<position]
            }
            position += 1
        }
        throw failure("\(mark) expected")
    }

    private func string(_ bytes: ArraySlice<UInt8>) throws(XMLError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("no UTF-8") }
        return text
    }

    private func failure(_ what: String) -> XMLError { XMLError(what: what, offset: position) }
}
