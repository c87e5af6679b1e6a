import Platform

/// Reads the XML that services answer with: elements, text, CDATA, the five named entities and numbered ones.
///
/// Attributes are checked and passed over, comments and instructions too. Document types are refused, and with them
/// every way in which a small document can become a large one.
struct XMLReader {
    enum Event: Equatable {
        /// Without a prefix.
        case start(String)
        case text(String)
        case end(String)
    }

    struct Failure: Error, Equatable {
        let what: String
        /// In the document.
        let offset: Int
    }

    private let bytes: [UInt8]
    private var place = 0
    private var open: [String] = []
    private var hasRoot = false
    /// The end of an element that began and ended in one tag.
    private var pendingEnd: String?
    private static let mostOpen = 64

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// nil at the end of a whole document.
    mutating func next() throws(Failure) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        while place < bytes.count {
            if bytes[place] != UInt8(ascii: "<") {
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
                place += 1
                return try startTag()
            }
        }
        guard open.isEmpty, hasRoot else { throw failure("the document ends too early") }
        return nil
    }

    private mutating func startTag() throws(Failure) -> Event {
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
            guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'") else {
                throw failure("an attribute's value without quotation marks")
            }
            let mark = bytes[place]
            guard let end = bytes[(place + 1)...].firstIndex(of: mark) else { throw failure("an attribute has no end") }
            place = end + 1
        }
        hasRoot = true
        return .start(Self.local(fullName))
    }

    private mutating func endTag() throws(Failure) -> Event {
        let fullName = try name()
        skipSpaces()
        guard skip(">"), open.popLast() == fullName else { throw failure("an element ends that did not begin") }
        return .end(Self.local(fullName))
    }

    private mutating func name() throws(Failure) -> String {
        let start = place
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: ":"),
                UInt8(ascii: "_"), 0x80...0xFF:
                place += 1
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                guard place > start else { break }
                place += 1
                continue
            default: break
            }
            break
        }
        guard place > start else { throw failure("a name expected") }
        return try string(bytes[start..<place])
    }

    private mutating func text() throws(Failure) -> String {
        var decoded: [UInt8] = []
        while place < bytes.count, bytes[place] != UInt8(ascii: "<") {
            guard bytes[place] == UInt8(ascii: "&") else {
                decoded.append(bytes[place])
                place += 1
                continue
            }
            place += 1
            let name = try string(try upTo(";", within: 12))
            guard let character = Self.entity(name) else { throw failure("an entity that is not known") }
            decoded += Array(String(character).utf8)
        }
        return try string(decoded[...])
    }

    private static func entity(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
        }
    }

    private static func local(_ name: String) -> String { name.split(separator: ":").last.map(String.init) ?? name }

    @discardableResult
    private mutating func skipSpaces() -> Bool {
        let start = place
        while place < bytes.count, [9, 10, 13, 32].contains(bytes[place]) { place += 1 }
        return place > start
    }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[place...].starts(with: text.utf8) else { return false }
        place += text.utf8.count
        return true
    }

    /// What comes before `mark`, which is passed over.
    private mutating func upTo(_ mark: String, within most: Int = .max) throws(Failure) -> ArraySlice<UInt8> {
        let needle = Array(mark.utf8)
        let start = place
        while place < bytes.count, place - start <= most {
            if bytes[place...].starts(with: needle) {
                defer { place += needle.count }
                return bytes[start..<place]
            }
            place += 1
        }
        throw failure("\(mark) expected")
    }

    private func string(_ bytes: ArraySlice<UInt8>) throws(Failure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("no UTF-8") }
        return text
    }

    private func failure(_ what: String) -> Failure { Failure(what: what, offset: place) }
}
