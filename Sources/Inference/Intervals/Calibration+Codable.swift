import Platform

extension CoverageLevel: Codable {
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(probability)
    }

    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let probability = try value.decode(Double.self)
        guard let level = CoverageLevel(probability) else {
            throw Failure(
                "levels: expected more than 0 and less than 1, with at most 5 decimals, found \(probability)")
        }
        self = level
    }
}

/// The file that `cai calibrate` writes.
extension Calibration: Codable {
    private static let kind = "cai calibration"
    private static let method = "split conformal: |z_spec - z_phot|, in bins of "

    /// 1 of bins of z_phot; 2 of a magnitude's, which programs that know version 1 alone have to refuse.
    private static func version(_ by: BinnedQuantity) -> Int { by == .zPhot ? 1 : 2 }

    private enum CodingKeys: String, CodingKey {
        case kind, version, method, levels, by, bins, fraction, origin = "made_of"
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(Self.kind, forKey: .kind)
        try fields.encode(Self.version(by), forKey: .version)
        try fields.encode(Self.method + by.column, forKey: .method)
        try fields.encode(levels, forKey: .levels)
        if by != .zPhot { try fields.encode(by.column, forKey: .by) }
        var bins = fields.nestedUnkeyedContainer(forKey: .bins)
        for bin in self.bins {
            var values = bins.nestedContainer(keyedBy: BinKey.self)
            try values.encodeIfPresent(bin.lower, forKey: .lower(by))
            try values.encodeIfPresent(bin.upper, forKey: .upper(by))
            try values.encode(bin.galaxies, forKey: .galaxies)
            try values.encode(bin.halfWidths, forKey: .halfWidths)
        }
        try fields.encode(split.fraction, forKey: .fraction)
        try fields.encode(origin, forKey: .origin)
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let (kind, version) = (
            try fields.decode(String.self, forKey: .kind), try fields.decode(Int.self, forKey: .version)
        )
        guard kind == Self.kind else { throw Failure("expected a file of 'cai calibrate', found \(kind.quoted)") }
        guard 1...2 ~= version else { throw Failure("expected version 1 or 2 of the file, found \(version)") }
        let column = version == 1 ? BinnedQuantity.zPhot.column : try fields.decode(String.self, forKey: .by)
        guard let by = BinnedQuantity(column: column), Self.version(by) == version else {
            throw Failure("by: expected mag_ and the letter of a band, found \(column.quoted)")
        }
        self.by = by
        levels = try fields.decode([CoverageLevel].self, forKey: .levels)
        var bins = try fields.nestedUnkeyedContainer(forKey: .bins)
        var read: [Bin] = []
        while !bins.isAtEnd {
            let values = try bins.nestedContainer(keyedBy: BinKey.self)
            read.append(
                Bin(
                    lower: try values.decodeIfPresent(Float.self, forKey: .lower(by)),
                    upper: try values.decodeIfPresent(Float.self, forKey: .upper(by)),
                    galaxies: try values.decode(Int.self, forKey: .galaxies),
                    halfWidths: try values.decode([Double].self, forKey: .halfWidths)))
        }
        self.bins = read
        origin = try fields.decode(Origin.self, forKey: .origin)
        let fraction = try fields.decode(Double.self, forKey: .fraction)
        guard let split = CalibrationSplit(fraction) else {
            throw Failure("fraction: expected more than 0, at most 1, found \(fraction)")
        }
        self.split = split
        guard Self.isAscending(levels), !levels.isEmpty else {
            throw Failure("levels: expected one or more, in ascending order")
        }
        try check(read)
    }

    /// Bins cover all values once, and their half-widths belong to the levels.
    private func check(_ bins: [Bin]) throws(Failure) {
        let (lower, upper) = (bins.compactMap(\.lower), bins.compactMap(\.upper))
        guard !bins.isEmpty, bins.first?.lower == nil, bins.last?.upper == nil, lower == upper,
            lower.count == bins.count - 1, Self.isAscending(lower)
        else { throw Failure("bins: expected them in ascending order of \(by.column), without gaps") }
        for (index, bin) in bins.enumerated() {
            let widths = bin.halfWidths
            guard widths.count == levels.count, widths.allSatisfy({ $0 >= 0 && $0.isFinite }),
                widths == widths.sorted(),
                bin.galaxies > 0
            else {
                throw Failure(
                    "bins.\(index): expected galaxies, and \(levels.count) half-widths in ascending order, one for each level"
                )
            }
        }
    }

    private static func isAscending(_ values: [some Comparable]) -> Bool {
        zip(values, values.dropFirst()).allSatisfy(<)
    }

    /// Reads a file of `cai calibrate`.
    /// - Throws: `Failure` naming the file, the key, and what was expected.
    public init(path: String) throws(Failure) { self = try JSONFile.decode(Calibration.self, path) }

    /// The file's bytes.
    public var json: [UInt8] {
        get throws(Failure) { try JSONFile.encoded(self, pretty: true) + [UInt8(ascii: "\n")] }
    }
}

/// The keys of a bin; those of its ends depend on what it is of: `z_phot_from`, `mag_r_below`.
struct BinKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    static let galaxies = BinKey(stringValue: "galaxies")
    static let halfWidths = BinKey(stringValue: "half_widths")
    static func lower(_ by: BinnedQuantity) -> BinKey { BinKey(stringValue: by.column + "_from") }
    static func upper(_ by: BinnedQuantity) -> BinKey { BinKey(stringValue: by.column + "_below") }
}
