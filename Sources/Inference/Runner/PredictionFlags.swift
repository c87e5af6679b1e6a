import Platform

/// Why a galaxy has no redshift: defects of its cutout or its magnitudes. Files of predictions hold the sum of the
/// numbers that apply, 0 for a galaxy without defects.
///
/// A redshift is NaN exactly where flags are set: a network returns a plausible number for all-zero pixels, too, and
/// the number alone would not show that there was no image.
public struct PredictionFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// 1: a pixel is NaN, infinite or missing: see `MissingValues`.
    public static let pixelNotFinite = PredictionFlags(rawValue: 1)
    /// 2: all pixels of all bands are zero.
    public static let imageZero = PredictionFlags(rawValue: 2)
    /// 4: a magnitude is NaN, infinite or missing: see `MissingValues`.
    public static let magnitudeNotFinite = PredictionFlags(rawValue: 4)
    /// 8: all magnitudes are zero.
    public static let magnitudesZero = PredictionFlags(rawValue: 8)
    /// 16: none of the above, but the network's result is NaN or infinite: pixels or magnitudes are far out of range.
    public static let redshiftNotFinite = PredictionFlags(rawValue: 16)
    /// 16: the same for results of networks that take no magnitudes.
    static let resultNotFinite = redshiftNotFinite

    /// A short description of each flag, for summaries.
    public static let meanings: [(flag: PredictionFlags, text: String)] = [
        (.pixelNotFinite, "pixels missing or not finite"), (.imageZero, "image all zero"),
        (.magnitudeNotFinite, "magnitudes missing or not finite"),
        (.magnitudesZero, "magnitudes all zero"), (.redshiftNotFinite, "\(redshift) not finite"),
    ]

    /// `pixels not finite, magnitudes all zero`; empty for none.
    public var text: String { text(of: Self.redshift) }

    /// The same for another network.
    /// - Parameter result: the name of its result, such as `features`.
    public func text(of result: String) -> String {
        Self.meanings.filter { contains($0.flag) }.map { Self.text($0, of: result) }.joined(separator: ", ")
    }

    fileprivate static let redshift = "redshift"

    fileprivate static func text(_ meaning: (flag: PredictionFlags, text: String), of result: String) -> String {
        meaning.flag == .resultNotFinite ? "\(result) not finite" : meaning.text
    }

    /// - Parameters:
    ///   - image: [bands * size * size]
    ///   - magnitudes: [bands]; empty where the network takes none.
    public init(image: Span<Float>, magnitudes: Span<Float>) {
        self = []
        switch Extent(image) {
        case .notFinite: insert(.pixelNotFinite)
        case .zero: insert(.imageZero)
        case .usual: break
        }
        guard !magnitudes.isEmpty else { return }
        switch Extent(magnitudes) {
        case .notFinite: insert(.magnitudeNotFinite)
        case .zero: insert(.magnitudesZero)
        case .usual: break
        }
    }

    /// Whether all values are finite.
    static func areFinite(_ values: Span<Float>) -> Bool { if case .notFinite = Extent(values) { false } else { true } }

    /// The flags of the galaxies whose redshift is NaN, from their pixels and magnitudes.
    static func flags(of redshifts: [Float], in sections: [GalaxyRun.Section]) throws(Failure) -> [PredictionFlags] {
        var flags = [PredictionFlags](repeating: [], count: redshifts.count)
        var images: [Float] = []
        var magnitudes: [Float] = []
        for section in sections {
            defer { section.partition.release() }
            for (place, row) in zip(section.places, section.rows) where redshifts[place].isNaN {
                try section.partition.readMagnitudes(row..<row + 1, into: &magnitudes)
                let galaxy = magnitudes
                flags[place] = try section.partition.withImages(row..<row + 1, buffer: &images) { image in
                    PredictionFlags(image: image, magnitudes: galaxy.span)
                }
                if flags[place].isEmpty { flags[place] = .redshiftNotFinite }
            }
        }
        return flags
    }

    private enum Extent {
        case zero, usual, notFinite

        init(_ values: Span<Float>) {
            let largest = values.largestBits
            self = largest == 0 ? .zero : largest < Float.infinity.bitPattern ? .usual : .notFinite
        }
    }
}

/// The number of galaxies with each flag.
public struct FlagCounts: Sendable, Equatable {
    /// Galaxies with any flag.
    public internal(set) var flagged = 0
    var counts: [PredictionFlags: Int] = [:]
    /// Galaxies by the value that stands for a missing pixel or magnitude of theirs.
    public internal(set) var missing: [Double: Int] = [:]
    /// Galaxies with a blank band: all its pixels are zero, those of another band are not. They keep their results.
    public internal(set) var withBlankBand = 0
    /// The number of galaxies by the index of the blank band.
    var blankBands: [Int: Int] = [:]

    public init(_ flags: [PredictionFlags]) {
        for galaxy in flags { insert(galaxy) }
    }

    /// Counts one galaxy.
    /// - Parameter missing: the values that stand for missing pixels or magnitudes of it.
    mutating func insert(_ galaxy: PredictionFlags, missing values: Set<Double> = []) {
        guard !galaxy.isEmpty else { return }
        flagged += 1
        for value in values { missing[value, default: 0] += 1 }
        for (flag, _) in PredictionFlags.meanings where galaxy.contains(flag) { counts[flag, default: 0] += 1 }
    }

    /// Counts one galaxy with blank bands.
    mutating func insert(blankBands bands: [Int]) {
        withBlankBand += 1
        for band in bands { blankBands[band, default: 0] += 1 }
    }

    public subscript(_ flag: PredictionFlags) -> Int { counts[flag] ?? 0 }

    /// `3 in band 2, 1 in band 5`, counted from 1 in the network's order; empty for none.
    public var blankText: String {
        blankBands.sorted { $0.key < $1.key }.map { "\($0.value) in band \($0.key + 1)" }.joined(separator: ", ")
    }

    /// `2 with pixels not finite, 1 with magnitudes all zero`; a galaxy with two flags is counted under both.
    public var text: String { text(of: PredictionFlags.redshift) }

    /// The same for a network whose result is `result` in place of a redshift. Missing values are counted by value:
    /// `2 with magnitudes missing or not finite; missing values: -9999 in 1, 99 in 1`.
    public func text(of result: String) -> String {
        let values = missing.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(MissingValues.text($0.key)) in \($0.value)" }.joined(separator: ", ")
        return PredictionFlags.meanings.filter { self[$0.flag] > 0 }
            .map { "\(self[$0.flag]) with \(PredictionFlags.text($0, of: result))" }.joined(separator: ", ")
            + (values.isEmpty ? "" : "; missing values: \(values)")
    }
}
