import Cloud
import Platform

/// A JSON object from outside, read leniently: numbers may be written as strings and strings as numbers, null counts as
/// absent, and unknown keys are ignored.
struct Payload {
    /// The name in error messages.
    let name: String
    var fields: [String: JSONValue]

    init(_ value: JSONValue, name: String) throws(Failure) {
        guard case .object(let fields) = value else {
            throw Failure("\(name): expected an object, found \(value.shown)")
        }
        self.name = name
        self.fields = fields
    }

    func error(_ key: String, expected: String) -> Failure {
        Failure("\(name): \(key): expected \(expected), found \(fields[key]?.shown ?? "nothing")")
    }

    func has(_ key: String) -> Bool { fields[key].map { $0 != .null } ?? false }

    func text(_ key: String) throws(Failure) -> String? {
        switch fields[key] {
        case nil, .null: nil
        case .string(let value): value
        case .integer(let value): String(value)
        case .number(let value): String(value)
        default: throw error(key, expected: "a text")
        }
    }

    /// A required string that is not empty.
    func name(_ key: String) throws(Failure) -> String {
        guard let value = try text(key), !value.isEmpty else { throw error(key, expected: "a name") }
        return value
    }

    /// Whole numbers of any payload are below 2^50, so that thousands of them can be added.
    static let mostCount = 1 << 50

    func count(_ key: String, in range: ClosedRange<Int> = 0...mostCount) throws(Failure) -> Int? {
        let value: Int?
        switch fields[key] {
        case nil, .null: return nil
        case .integer(let number): value = number
        case .number(let number): value = Int(exactly: number)
        case .string(let text): value = Int(text)
        default: value = nil
        }
        guard let value, range.contains(value) else {
            let most =
                range.upperBound == Self.mostCount
                ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw error(key, expected: "a whole number \(most)")
        }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>? = nil) throws(Failure) -> Double? {
        let value: Double?
        switch fields[key] {
        case nil, .null: return nil
        case .integer(let number): value = Double(number)
        case .number(let number): value = number
        case .string(let text): value = Double(text)
        default: value = nil
        }
        guard let value, value.isFinite, range?.contains(value) ?? true else {
            throw error(key, expected: "a number" + (range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""))
        }
        return value
    }

    func flag(_ key: String, otherwise: Bool = false) throws(Failure) -> Bool {
        switch fields[key] {
        case nil, .null: otherwise
        case .bool(let value): value
        case .string("true"), .integer(1): true
        case .string("false"), .integer(0): false
        default: throw error(key, expected: "true or false")
        }
    }

    /// A key, a list of keys, or null.
    func texts(_ key: String) throws(Failure) -> [String] {
        switch fields[key] {
        case nil, .null: return []
        case .string(let value): return [value]
        case .array(let values):
            var texts: [String] = []
            for value in values {
                guard case .string(let text) = value else { throw error(key, expected: "texts alone") }
                texts.append(text)
            }
            return texts
        default: throw error(key, expected: "a text, a list of texts, or null")
        }
    }

    /// Rows `[start, end]`; nil for null.
    func rows(_ key: String) throws(Failure) -> Range<Int>? { try rows(fields[key], key) }

    /// A list of rows, each of which may be null.
    func listOfRows(_ key: String) throws(Failure) -> [Range<Int>?] {
        switch fields[key] {
        case nil, .null: return []
        case .array(let values):
            var rows: [Range<Int>?] = []
            for value in values { rows.append(try self.rows(value, key)) }
            return rows
        default: throw error(key, expected: "a list of rows [start, end], or null")
        }
    }

    private func rows(_ value: JSONValue?, _ key: String) throws(Failure) -> Range<Int>? {
        switch value {
        case nil, .null: return nil
        case .array(let ends):
            guard ends.count == 2, case .integer(let start) = ends[0], case .integer(let end) = ends[1], 0 <= start,
                start < end, end <= Self.mostCount
            else { throw error(key, expected: "rows [start, end]") }
            return start..<end
        default: throw error(key, expected: "rows [start, end], or null")
        }
    }

    /// One line for each unknown key that resembles a known one.
    func nearMisses(of known: [String]) -> [String] {
        func plain(_ key: String) -> [UInt8] {
            key.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
        }
        return fields.keys.filter { !known.contains($0) }.sorted().compactMap { key in
            guard key.utf8.count <= 64 else { return nil }
            let meant = known.first { Self.distance(plain(key), plain($0)) <= ($0.utf8.count > 5 ? 2 : 1) }
            return meant.map { "\(name): \(key): unknown key, ignored; did you mean '\($0)'?" }
        }
    }

    /// The edit distance of two strings in bytes (Levenshtein 1966).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let replaced = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}

extension Range<Int> {
    /// Rows, as `Payload.rows` reads them.
    var json: JSONValue { .array([.integer(lowerBound), .integer(upperBound)]) }
}

extension [Range<Int>?] {
    /// As `Payload.listOfRows` reads them.
    var json: JSONValue { .array(map { $0?.json ?? .null }) }

    /// `0-511, all`
    var text: String { map { $0.map { "\($0.lowerBound)-\($0.upperBound - 1)" } ?? "all" }.joined(separator: ", ") }
}

/// The location of an object, as payloads and results write it.
extension S3Location {
    /// - Parameter name: the value's name in errors.
    init(_ json: JSONValue, name: String) throws(Failure) {
        let payload = try Payload(json, name: name)
        self.init(bucket: try payload.name("bucket"), key: try payload.name("key"))
    }

    var json: JSONValue { .object(["bucket": .string(bucket), "key": .string(key)]) }
}
