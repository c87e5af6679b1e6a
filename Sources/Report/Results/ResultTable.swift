import Platform

/// A table of runs, each group of them followed by its mean.
public struct ResultTable: Sendable {
    /// Names of columns; the first `keyCount` say which run a row is of.
    public let columns: [String]
    public let keyCount: Int
    public let rows: [[ResultCell]]

    /// As the published tables are written: a line a row, numbers as Python writes them, cells without a value empty.
    public var csv: String {
        ([columns] + rows.map { $0.map(\.text) }).map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { ",\"\r\n".contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

/// What a cell of a table holds.
public enum ResultCell: Sendable, Equatable {
    case text(String)
    case count(Int)
    case number(Double)
    case none

    /// Rounded to two decimals as numpy rounds: scaled, to the nearest whole number, of two as near the even one.
    static func rounded(_ value: Double?) -> ResultCell {
        guard let value, value.isFinite else { return .none }
        return .number((value * 100).rounded(.toNearestOrEven) / 100)
    }

    public var text: String {
        switch self {
        case .text(let text): text
        case .count(let number): "\(number)"
        // Python goes over to exponents at 1e16, Swift at 2^54.
        case .number(let value) where abs(value) >= 1e16: Self.exponential(value)
        case .number(let value): "\(value)"
        case .none: ""
        }
    }

    private static func exponential(_ value: Double) -> String {
        let text = "\(value)"
        guard !text.contains("e") else { return text }
        let digits = text.prefix { $0 != "." }.drop { $0 == "-" }
        var fraction = digits.dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        return (value < 0 ? "-" : "") + digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
            + "e+\(digits.count - 1)"
    }
}

/// An array of rows, each an object by the names of the columns.
extension ResultTable: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rows.map { Dictionary(zip(columns, $0), uniquingKeysWith: { first, _ in first }) })
    }
}

extension ResultCell: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .count(let number): try container.encode(number)
        case .number(let value): try container.encode(value)
        case .none: try container.encodeNil()
        }
    }
}
