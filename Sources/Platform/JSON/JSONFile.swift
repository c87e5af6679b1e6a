import FoundationEssentials

/// Decodes and encodes `Codable` types: for files and messages whose structure a type declares.
package enum JSONFile {
    /// - Throws: `Failure` that names the file and, where it is known, the key and the expected type.
    package static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) throws(Failure) -> Value {
        try decode(type, try FileBytes.read(path), name: path)
    }

    /// The same for bytes in memory; `name` is for error messages.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8], name: String
    ) throws(Failure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as Failure {
            throw Failure("\(name): \(error.message)")
        } catch let error as DecodingError {
            throw Failure("\(name): \(description(of: error))")
        } catch {
            throw Failure("\(name): expected JSON")
        }
    }

    /// JSON with sorted keys.
    package static func encoded(_ value: some Encodable, pretty: Bool = false) throws(Failure) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        do { return [UInt8](try encoder.encode(value)) } catch { throw Failure("JSON: cannot be written") }
    }

    private static func description(of error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        func line(_ path: String, _ text: String) -> String { path.isEmpty ? text : "\(path): \(text)" }
        switch error {
        case .keyNotFound(let key, let context):
            return line(path(context), "expected the key \(key.stringValue), found none")
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            return line(path(context), "expected \(name(of: type)), found something else")
        case .dataCorrupted(let context): return line(path(context), "expected JSON, found other text")
        @unknown default: return "expected JSON"
        }
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Double.Type, is Int.Type: "a number"
        case is Bool.Type: "true or false"
        case is [String: Any].Type: "an object"
        case is any Collection.Type: "an array"
        default: "another value"
        }
    }
}

/// A JSON value as error messages show it: short values themselves, the type of others.
package struct JSONKind {
    package let text: String

    package init(_ decoder: any Decoder) {
        guard let container = try? decoder.singleValueContainer() else {
            text = "something else"
            return
        }
        if container.decodeNil() {
            text = "null"
        } else if let value = try? container.decode(Bool.self) {
            text = "\(value)"
        } else if let value = try? container.decode(Double.self) {
            text = "\(value)"
        } else if let value = try? container.decode(String.self) {
            text = "\"\(value.count > 40 ? value.prefix(40) + "..." : value)\""
        } else if (try? decoder.unkeyedContainer()) != nil {
            text = "an array"
        } else {
            text = "an object"
        }
    }
}
