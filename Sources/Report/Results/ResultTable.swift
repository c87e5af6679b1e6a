import Platform

/// A table of runs, each group followed by its mean.
public struct ResultTable: Sendable {
    /// Names of columns; the first `keyCount` identify the run of a row.
    public let columns: [String]
    public let keyCount: Int
    public let rows: [[ResultCell]]

    /// CSV as in the published tables: a line for each row, numbers as Python writes them, empty cells without a value.
    public var csv: String {
        ([columns] + rows.map { $0.map(\.text) }).map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { ",\"\r\n".contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

/// The value of a table's cell.
public enum ResultCell: Sendable, Equatable {
    case text(String)
    case count(Int)
    case number(Double)
    case none

    /// Rounded to two decimals as numpy rounds: scaled, to the nearest whole number, ties to even.
    static func rounded(_ value: Double?) -> ResultCell {
        guard let value, value.isFinite else { return .none }
        return .number((value * 100).rounded(.toNearestOrEven) / 100)
    }

    public var text: String {
        switch self {
        case .text(let text): text
        case .count(let number): "\(number)"
        // Python writes exponents from 1e16 on, Swift from 2^54 on.
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

/// An array of rows, each an object with the column names as keys.
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
