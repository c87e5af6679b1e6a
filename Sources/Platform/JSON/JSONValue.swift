import FoundationEssentials

/// Any JSON value: for events and other input with keys that this program does not know and passes on unchanged. Where a
/// type declares the structure, `JSONFile` decodes it.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// - Parameter name: for error messages.
    /// - Throws: `Failure` where the bytes are not JSON.
    public static func parse(_ bytes: [UInt8], name: String) throws(Failure) -> JSONValue {
        do {
            return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            let shown = String(decoding: bytes.prefix(40), as: UTF8.self)
            throw Failure("\(name): expected JSON, found \(bytes.isEmpty ? "nothing" : "'\(shown)'")")
        }
    }

    /// As JSON, keys in alphabetical order. Infinite numbers and NaN are null.
    public func encoded(pretty: Bool = false) throws(Failure) -> [UInt8] { try JSONFile.encoded(self, pretty: pretty) }

    /// The member of an object with that key; nil where there is none, or this is not an object.
    public subscript(_ key: String) -> JSONValue? {
        if case .object(let fields) = self { fields[key] } else { nil }
    }

    /// The string that this is; nil for any other value.
    package var string: String? { if case .string(let value) = self { value } else { nil } }

    /// For error messages: shortened.
    package var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "'\(value.shortened())'"
        case .array(let values): "an array of \(values.count)"
        case .object: "an object"
        }
    }

    package static func optional(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    package static func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
    package static func optional(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value) where value.isFinite: try container.encode(value)
        case .number: try container.encodeNil()
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let fields): try container.encode(fields)
        }
    }
}
