extension DecodingError {
    /// The key and what is wrong with it, in one line: `lambda.request: expected Double`.
    var line: String {
        switch self {
        case .keyNotFound(let key, let context): "\(Self.path(context.codingPath + [key])): is missing"
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            "\(Self.path(context.codingPath)): expected \(Self.name(type))"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "expected JSON" : "\(Self.path(context.codingPath)): cannot be read"
        @unknown default: "expected JSON"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        guard !keys.isEmpty else { return "the whole" }
        return keys.reduce("") { path, key in
            if let index = key.intValue { return path + "[\(index)]" }
            return path + (path.isEmpty ? "" : ".") + key.stringValue
        }
    }

    private static func name(_ type: any Any.Type) -> String {
        switch type {
        case is Double.Type, is Int.Type: "a number"
        case is String.Type: "a text"
        case is [Any].Type: "an array"
        default: "an object"
        }
    }
}
