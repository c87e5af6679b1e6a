/// An object that `--json` prints. A member that is nil is left out; `orNull` keeps it.
struct JSONObject: Encodable, ExpressibleByDictionaryLiteral {
    private var members: [String: any Encodable] = [:]

    private struct Member: Encodable {
        let value: any Encodable
        func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
    }

    init(dictionaryLiteral elements: (String, (any Encodable)?)...) {
        for (key, value) in elements { members[key] = value }
    }

    /// The members of both.
    static func + (left: JSONObject, right: JSONObject) -> JSONObject {
        var sum = left
        sum.members.merge(right.members) { $1 }
        return sum
    }

    func encode(to encoder: any Encoder) throws { try members.mapValues(Member.init).encode(to: encoder) }
}

/// For members of an object that are always there: a missing key and null are not the same to a reader.
func orNull<Value: Encodable>(_ value: Value?) -> any Encodable { value }
