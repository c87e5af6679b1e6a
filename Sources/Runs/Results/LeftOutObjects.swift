import Inference
import Platform

/// Objects of a listing that are not partitions, counted by their ending.
public struct LeftOutObjects: Sendable, Equatable {
    /// By ending, such as `.csv`; `hidden` for names that begin with a dot, `no ending` for those without one.
    public private(set) var counts: [String: Int] = [:]

    init(_ counts: [String: Int] = [:]) { self.counts = counts }

    /// Whether an object is a partition: one of the files that `cai infer` takes from a folder.
    static func isPartition(_ key: String) -> Bool {
        !key.hasSuffix("/") && InputList.isPartition(InputList.lastComponent(key))
    }

    /// Counts an object; markers of folders do not count.
    mutating func insert(_ key: String) {
        guard !key.hasSuffix("/") else { return }
        counts[Self.kind(InputList.lastComponent(key)), default: 0] += 1
    }

    private static func kind(_ name: String) -> String {
        guard !name.hasPrefix(".") else { return "hidden" }
        guard let dot = name.lastIndex(of: "."), name.index(after: dot) != name.endIndex else { return "no ending" }
        return name[dot...].lowercased().shortened()
    }

    /// `3 objects are left out: 2 .csv, 1 hidden`, the most frequent first; nil for none.
    var line: String? {
        guard !counts.isEmpty else { return nil }
        let count = counts.values.reduce(0) { $0.cappedSum($1) }
        return (count == 1 ? "1 object is" : "\(count) objects are") + " left out: "
            + counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.most)
            .map { "\($0.value) \($0.key)" }.joined(separator: ", ") + (counts.count > Self.most ? ", ..." : "")
    }

    private static let most = 12

    var json: JSONValue { .object(counts.mapValues { .integer($0) }) }

    /// Anything but counts is left out.
    init(json: JSONValue?) {
        guard case .object(let fields)? = json else { return }
        counts = fields.compactMapValues { if case .integer(let count) = $0, count >= 0 { count } else { nil } }
    }
}
