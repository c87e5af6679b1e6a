import Inference
import Platform

/// Reads the fields of a result. A missing or mistyped one is a `Failure` that names the result's index and the key.
struct RankFields {
    private let container: KeyedDecodingContainer<RankResult.CodingKeys>
    private let place: String

    init(_ decoder: any Decoder) throws {
        place = decoder.codingPath.last?.intValue.map { "result \($0): " } ?? ""
        guard let container = try? decoder.container(keyedBy: RankResult.CodingKeys.self) else {
            throw Failure(place + "expected an object, found \(JSONKind(decoder).text)")
        }
        self.container = container
    }

    /// A number that is not negative.
    func amount(_ key: RankResult.CodingKeys) throws(Failure) -> Double {
        guard let value = try optionalAmount(key) else { throw missing(key) }
        return value
    }

    func optionalAmount(_ key: RankResult.CodingKeys) throws(Failure) -> Double? {
        guard isThere(key) else { return nil }
        guard let value = try? container.decode(Double.self, forKey: key) else {
            throw mistyped(key, expected: "a number")
        }
        // No time, size or rate of a run is negative or near this.
        guard value >= 0, value < 1e18 else {
            throw Failure("\(place)\(key.rawValue): expected 0 or more, found \(value)")
        }
        return value
    }

    func count(_ key: RankResult.CodingKeys) throws(Failure) -> Int {
        guard let value = try optionalCount(key) else { throw missing(key) }
        return value
    }

    func optionalCount(_ key: RankResult.CodingKeys, most: Double = 1e9) throws(Failure) -> Int? {
        guard let value = try optionalAmount(key) else { return nil }
        guard value == value.rounded() else {
            throw Failure("\(place)\(key.rawValue): expected a whole number, found \(value)")
        }
        return try count(value, key, most: most)
    }

    /// Numbers of bytes are below 2^50, so that thousands of them can be added.
    func optionalBytes(_ key: RankResult.CodingKeys) throws(Failure) -> Int? {
        try optionalCount(key, most: Double(Payload.mostCount))
    }

    /// Sums over ranks, and bytes of as many galaxies, stay within an `Int`.
    func count(_ value: Double, _ key: RankResult.CodingKeys, most: Double = 1e9) throws(Failure) -> Int {
        guard value <= most else {
            throw Failure(
                "\(place)\(key.rawValue): expected a count of at most \(Decimals.grouped(Int(most))), found \(value)")
        }
        return Int(value)
    }

    func optionalText(_ key: RankResult.CodingKeys) throws(Failure) -> String? {
        guard isThere(key) else { return nil }
        guard let value = try? container.decode(String.self, forKey: key) else {
            throw mistyped(key, expected: "a text")
        }
        return value
    }

    /// A string, an array of strings, or null.
    func texts(_ key: RankResult.CodingKeys) throws(Failure) -> [String] {
        guard isThere(key) else { return [] }
        if let value = try? container.decode(String.self, forKey: key) { return [value] }
        guard let values = try? container.decode([String].self, forKey: key) else {
            throw mistyped(key, expected: "a text or an array of texts")
        }
        return values
    }

    /// A list of rows `[start, end]`, each of which may be null; empty if the key is missing or null.
    func rows(_ key: RankResult.CodingKeys) throws(Failure) -> [Range<Int>?] {
        guard isThere(key) else { return [] }
        guard let values = try? container.decode(JSONValue.self, forKey: key),
            let payload = try? Payload(.object([key.rawValue: values]), name: ""),
            let rows = try? payload.listOfRows(key.rawValue)
        else { throw mistyped(key, expected: "a list of rows [start, end]") }
        return rows
    }

    /// An object of strings; empty if the key is missing or null.
    func dictionary(_ key: RankResult.CodingKeys) throws(Failure) -> [String: String] {
        guard isThere(key) else { return [:] }
        guard let values = try? container.decode([String: String].self, forKey: key) else {
            throw mistyped(key, expected: "an object of texts")
        }
        return values
    }

    /// nil where a file does not state it.
    func value<Value: Decodable>(_ key: RankResult.CodingKeys) -> Value? {
        (try? container.decodeIfPresent(Value.self, forKey: key)) ?? nil
    }

    private func isThere(_ key: RankResult.CodingKeys) -> Bool {
        container.contains(key) && (try? container.decodeNil(forKey: key)) != true
    }

    private func missing(_ key: RankResult.CodingKeys) -> Failure {
        let found = container.contains(key) ? "null" : "no such key"
        return Failure("\(place)\(key.rawValue): expected a number, found \(found)")
    }

    private func mistyped(_ key: RankResult.CodingKeys, expected: String) -> Failure {
        let found = (try? container.superDecoder(forKey: key)).map { JSONKind($0).text } ?? "something else"
        return Failure("\(place)\(key.rawValue): expected \(expected), found \(found)")
    }
}
