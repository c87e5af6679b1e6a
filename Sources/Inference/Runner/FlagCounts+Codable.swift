import Platform

extension FlagCounts {
    /// The counts of two sets of galaxies together. Counts may be those of an untrusted file.
    public mutating func add(_ other: FlagCounts) {
        flagged = flagged.cappedSum(other.flagged)
        counts.merge(other.counts) { $0.cappedSum($1) }
        missing.merge(other.missing) { $0.cappedSum($1) }
        withBlankBand = withBlankBand.cappedSum(other.withBlankBand)
        blankBands.merge(other.blankBands) { $0.cappedSum($1) }
    }
}

extension FlagCounts: Codable {
    private enum CodingKeys: String, CodingKey {
        case flagged = "galaxies", flags = "by_flag", missing = "by_value", withBlankBand = "with_blank_band"
        case blankBands = "by_blank_band"
    }

    /// Unknown flags, values that are not numbers, and bands below 1 do not count.
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
        withBlankBand = max(0, try fields.decodeIfPresent(Int.self, forKey: .withBlankBand) ?? 0)
        for (key, count) in try fields.decodeIfPresent([String: Int].self, forKey: .blankBands) ?? [:] {
            guard let band = Int(key), (1...1000).contains(band), count > 0 else { continue }
            blankBands[band - 1] = count
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
        guard withBlankBand > 0 else { return }
        try fields.encode(withBlankBand, forKey: .withBlankBand)
        try fields.encode(named(blankBands) { "\($0 + 1)" }, forKey: .blankBands)
    }
}
