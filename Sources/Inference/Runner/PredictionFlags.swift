import Platform

/// Why a galaxy has no redshift: what is wrong with its cutout or its magnitudes. Files of predictions hold the sum of the
/// numbers that apply, 0 for a galaxy that is as it should be.
///
/// A redshift is NaN exactly where flags are set: a network gives some number for all-zero pixels, too, and its digits
/// would not tell that nobody saw that galaxy.
public struct PredictionFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// 1: a pixel is NaN or infinite.
    public static let pixelNotFinite = PredictionFlags(rawValue: 1)
    /// 2: all pixels of all bands are zero.
    public static let imageZero = PredictionFlags(rawValue: 2)
    /// 4: a magnitude is NaN or infinite.
    public static let magnitudeNotFinite = PredictionFlags(rawValue: 4)
    /// 8: all magnitudes are zero.
    public static let magnitudesZero = PredictionFlags(rawValue: 8)
    /// 16: none of these, and yet the network's result is NaN or infinite: pixels or magnitudes are far out of range.
    public static let redshiftNotFinite = PredictionFlags(rawValue: 16)
    /// 16: the same of what other networks give, which see no magnitudes.
    static let resultNotFinite = redshiftNotFinite

    /// Each flag in a few words, as a summary has them.
    public static let meanings: [(flag: PredictionFlags, text: String)] = [
        (.pixelNotFinite, "pixels not finite"), (.imageZero, "image all zero"),
        (.magnitudeNotFinite, "magnitudes not finite"), (.magnitudesZero, "magnitudes all zero"),
        (.redshiftNotFinite, "\(redshift) not finite"),
    ]

    /// `pixels not finite, magnitudes all zero`; empty for none.
    public var text: String { text(of: Self.redshift) }

    /// The same of another network.
    /// - Parameter result: what it gives, where that is not a redshift.
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
    init(image: Span<Float>, magnitudes: Span<Float>) {
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

    /// Whether all of a network's numbers are finite.
    static func areFinite(_ values: Span<Float>) -> Bool {
        if case .notFinite = Extent(values) { false } else { true }
    }

    /// Why redshifts of a run are NaN, by the galaxies' pixels and magnitudes.
    static func flags(
        of redshifts: [Float], in sections: [GalaxyRun.Section]
    ) throws(Failure) -> [PredictionFlags] {
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

        /// By the largest magnitude, whose bits are in the order of numbers: one pass without branches.
        init(_ values: Span<Float>) {
            var largest: UInt32 = 0
            for index in values.indices { largest = max(largest, values[index].bitPattern & 0x7FFF_FFFF) }
            self = largest == 0 ? .zero : largest < Float.infinity.bitPattern ? .usual : .notFinite
        }
    }
}

/// How many galaxies have which flags.
public struct FlagCounts: Sendable, Equatable {
    /// Galaxies with any flag.
    public private(set) var flagged = 0
    private var counts: [PredictionFlags: Int] = [:]

    public init(_ flags: [PredictionFlags]) {
        for galaxy in flags { insert(galaxy) }
    }

    /// One more galaxy.
    mutating func insert(_ galaxy: PredictionFlags) {
        guard !galaxy.isEmpty else { return }
        flagged += 1
        for (flag, _) in PredictionFlags.meanings where galaxy.contains(flag) { counts[flag, default: 0] += 1 }
    }

    public subscript(_ flag: PredictionFlags) -> Int { counts[flag] ?? 0 }

    /// `2 with pixels not finite, 1 with magnitudes all zero`; a galaxy with two flags is counted under both.
    public var text: String { text(of: PredictionFlags.redshift) }

    /// The same of another network, which gives no redshifts but `result`.
    public func text(of result: String) -> String {
        PredictionFlags.meanings.filter { self[$0.flag] > 0 }
            .map { "\(self[$0.flag]) with \(PredictionFlags.text($0, of: result))" }.joined(separator: ", ")
    }
}
