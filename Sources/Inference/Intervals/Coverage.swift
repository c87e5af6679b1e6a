import Platform

/// How often intervals cover z_spec, by bin and level.
public struct Coverage: Sendable, Equatable, Encodable {
    /// One bin at one level.
    public struct Part: Sendable, Equatable, Encodable {
        /// What `lower` and `upper` are of.
        public let by: BinnedQuantity
        /// nil without an end.
        public let lower: Float?
        public let upper: Float?
        public let level: CoverageLevel
        /// nil of all bins together.
        public let halfWidth: Double?
        public let galaxies: Int
        public let covered: Int

        /// nil without galaxies.
        public var fraction: Double? { galaxies > 0 ? Double(covered) / Double(galaxies) : nil }
        /// The 95% interval (Wilson) of the probability that an interval covers z_spec; nil without galaxies.
        public var interval: ClosedRange<Double>? {
            galaxies > 0 ? Statistics.fractionInterval(covered, of: galaxies) : nil
        }

        private enum CodingKeys: String, CodingKey {
            case level, galaxies, covered, fraction, interval
            case halfWidth = "half_width"
        }

        public func encode(to encoder: any Encoder) throws {
            var ends = encoder.container(keyedBy: BinKey.self)
            try ends.encode(lower, forKey: .lower(by))
            try ends.encode(upper, forKey: .upper(by))
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(level, forKey: .level)
            try fields.encode(halfWidth, forKey: .halfWidth)
            try fields.encode(galaxies, forKey: .galaxies)
            try fields.encode(covered, forKey: .covered)
            try fields.encode(fraction, forKey: .fraction)
            try fields.encode(interval.map { [$0.lowerBound, $0.upperBound] }, forKey: .interval)
        }
    }

    /// Bin after bin, each at all levels; then all bins together, where there are several.
    public let parts: [Part]

    /// - Parameters:
    ///   - predicted: z_phot of galaxies that the calibration did not use.
    ///   - spectroscopic: z_spec of the same galaxies.
    ///   - magnitudes: of the same galaxies, in the band of `calibration.by`; not read for bins of z_phot.
    ///
    /// Galaxies that `Calibration.intervals` has no interval of, or whose z_spec is not finite, are left out.
    public init(of calibration: Calibration, predicted: [Double], spectroscopic: [Double], magnitudes: [Double] = []) {
        let by = calibration.by
        let values = by == .zPhot ? predicted : magnitudes
        precondition(values.count == predicted.count && spectroscopic.count == predicted.count)
        let (bins, levels) = (calibration.bins, calibration.levels)
        var galaxies = [Int](repeating: 0, count: bins.count)
        var covered = [[Int]](repeating: [Int](repeating: 0, count: levels.count), count: bins.count)
        for index in predicted.indices {
            let (value, error) = (Float(values[index]), abs(spectroscopic[index] - Double(Float(predicted[index]))))
            guard value.isFinite, error.isFinite, let bin = calibration.bin(of: value) else { continue }
            galaxies[bin] += 1
            for level in levels.indices where error <= bins[bin].halfWidths[level] { covered[bin][level] += 1 }
        }
        var parts: [Part] = []
        for (index, bin) in bins.enumerated() {
            for level in levels.indices {
                parts.append(
                    Part(
                        by: by, lower: bin.lower, upper: bin.upper, level: levels[level],
                        halfWidth: bin.halfWidths[level],
                        galaxies: galaxies[index], covered: covered[index][level]))
            }
        }
        if bins.count > 1 {
            for level in levels.indices {
                parts.append(
                    Part(
                        by: by, lower: nil, upper: nil, level: levels[level], halfWidth: nil,
                        galaxies: galaxies.reduce(0, +),
                        covered: covered.reduce(0) { $0 + $1[level] }))
            }
        }
        self.parts = parts
    }

    /// A line for each part.
    public var text: String {
        let rows = parts.map { part in
            [
                Self.range(part.lower, part.upper), part.level.text, part.halfWidth.map(Decimals.significant) ?? "",
                "\(part.galaxies)", part.fraction.map { Decimals.fixed(100 * $0, 1) + "%" } ?? "-",
                part.interval.map {
                    Decimals.fixed(100 * $0.lowerBound, 1) + " to " + Decimals.fixed(100 * $0.upperBound, 1) + "%"
                } ?? "-",
            ]
        }
        return Columns.text(
            [[parts.first?.by.column ?? "", "level", "half-width", "galaxies", "covered", "95% interval"]] + rows,
            margin: "  ")
    }

    /// `all`, `below 0.1`, `0.1 to 0.2`, `0.2 and above`
    package static func range(_ lower: Float?, _ upper: Float?) -> String {
        func text(_ value: Float) -> String { Decimals.shortest(Double(value), digits: 4) }
        return switch (lower, upper) {
        case (nil, nil): "all"
        case (nil, let upper?): "below \(text(upper))"
        case (let lower?, nil): "\(text(lower)) and above"
        case (let lower?, let upper?): "\(text(lower)) to \(text(upper))"
        }
    }
}

extension Calibration {
    /// Bins with their sizes and half-widths, one a line.
    public var text: String {
        let header = [by.column, "galaxies"] + levels.map { "half-width \($0.text)" }
        let rows = bins.map { bin in
            [Coverage.range(bin.lower, bin.upper), "\(bin.galaxies)"] + bin.halfWidths.map(Decimals.significant)
        }
        return Columns.text([header] + rows, margin: "  ")
    }
}
