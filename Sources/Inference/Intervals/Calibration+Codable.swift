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
    private static let version = 1
    private static let method = "split conformal: |z_spec - z_phot|, in bins of z_phot"

    private enum CodingKeys: String, CodingKey {
        case kind, version, method, levels, bins, fraction, origin = "made_of"
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(Self.kind, forKey: .kind)
        try fields.encode(Self.version, forKey: .version)
        try fields.encode(Self.method, forKey: .method)
        try fields.encode(levels, forKey: .levels)
        try fields.encode(bins, forKey: .bins)
        try fields.encode(split.fraction, forKey: .fraction)
        try fields.encode(origin, forKey: .origin)
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let (kind, version) = (
            try fields.decode(String.self, forKey: .kind), try fields.decode(Int.self, forKey: .version)
        )
        guard kind == Self.kind else { throw Failure("expected a file of 'cai calibrate', found \(kind.quoted)") }
        guard version == Self.version else {
            throw Failure("expected version \(Self.version) of the file, found \(version)")
        }
        levels = try fields.decode([CoverageLevel].self, forKey: .levels)
        bins = try fields.decode([Bin].self, forKey: .bins)
        origin = try fields.decode(Origin.self, forKey: .origin)
        let fraction = try fields.decode(Double.self, forKey: .fraction)
        guard let split = CalibrationSplit(fraction) else {
            throw Failure("fraction: expected more than 0, at most 1, found \(fraction)")
        }
        self.split = split
        guard Self.isAscending(levels), !levels.isEmpty else {
            throw Failure("levels: expected one or more, in ascending order")
        }
        try check(bins)
    }

    /// Bins cover all z_phot once, and their half-widths belong to the levels.
    private func check(_ bins: [Bin]) throws(Failure) {
        let (lower, upper) = (bins.compactMap(\.lower), bins.compactMap(\.upper))
        guard !bins.isEmpty, bins.first?.lower == nil, bins.last?.upper == nil, lower == upper,
            lower.count == bins.count - 1, Self.isAscending(lower)
        else { throw Failure("bins: expected them in ascending order of z_phot, without gaps") }
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
