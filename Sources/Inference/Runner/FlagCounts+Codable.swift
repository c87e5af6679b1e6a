import Platform

extension FlagCounts {
    /// The counts of two sets of galaxies together. Counts may be those of an untrusted file.
    public mutating func add(_ other: FlagCounts) {
        flagged = flagged.cappedSum(other.flagged)
        counts.merge(other.counts) { $0.cappedSum($1) }
        missing.merge(other.missing) { $0.cappedSum($1) }
    }
}

extension FlagCounts: Codable {
    private enum CodingKeys: String, CodingKey { case flagged = "galaxies", flags = "by_flag", missing = "by_value" }

    /// Unknown flags and values that are no numbers do not count.
    public init(from decoder: any Decoder) throws {
        self.init([])
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        flagged = max(0, try fields.decode(Int.self, forKey: .flagged))
        for (key, count) in try fields.decode([String: Int].self, forKey: .flags) {
            guard let flag = UInt8(key).map(PredictionFlags.init), count > 0 else { continue }
            counts[flag] = count
        }
        for (key, count) in try fields.decodeIfPresent([String: Int].self, forKey: .missing) ?? [:] {
            guard let value = Double(key), value.isFinite, count > 0 else { continue }
            missing[value] = count
        }
    }

    /// `{"galaxies": 3, "by_flag": {"1": 1, "4": 2}, "by_value": {"-9999": 2}}`
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        func named<Key: Hashable>(_ counts: [Key: Int], _ name: (Key) -> String) -> [String: Int] {
            Dictionary(counts.map { (name($0.key), $0.value) }) { first, _ in first }
        }
        try fields.encode(flagged, forKey: .flagged)
        try fields.encode(named(counts) { "\($0.rawValue)" }, forKey: .flags)
        try fields.encode(named(missing, MissingValues.text), forKey: .missing)
    }
}
