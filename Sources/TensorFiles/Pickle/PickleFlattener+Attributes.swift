import Platform

/// Plain values of objects and dictionaries.
extension PickleFlattener {
    /// Limit on the items of a list and the bytes of a string in an attribute: a training history is not an attribute.
    private static let longestAttribute = 4096

    /// A plain value, or a list of plain values; nil for everything else.
    mutating func attribute(
        _ value: PickleValue, _ name: String, _ bytes: RawSpan, depth: Int
    ) throws(Failure) -> Attribute? {
        try charge(16, name)
        switch value {
        case .none: return Attribute.none
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .text(_, let count):
            guard Int(count) <= 16 * Self.longestAttribute else { return nil }
            try charge(Int(count), name)
            return arena.text(value, bytes, limit: .max).map { .string($0) }
        case .unset, .wideInt, .bytes: return nil
        case .node(let index):
            guard arena[index].kind == .tuple || arena[index].kind == .list, depth < 8,
                Int(arena[index].count) <= Self.longestAttribute
            else { return nil }
            try charge(32 * Int(arena[index].count), name)
            var items: [Attribute] = []
            for item in arena.children(of: index) {
                guard let attribute = try attribute(item, name, bytes, depth: depth + 1) else { return nil }
                items.append(attribute)
            }
            return .list(items)
        }
    }

    /// The strings of a set; empty for anything else.
    mutating func texts(
        _ value: PickleValue?, _ name: String, _ bytes: RawSpan
    ) throws(Failure) -> Set<String> {
        guard case .node(let set)? = value, arena[set].kind == .set else { return [] }
        try charge(64 * Int(arena[set].count), name)
        return Set(arena.children(of: set).compactMap { arena.text($0, bytes) })
    }
}
