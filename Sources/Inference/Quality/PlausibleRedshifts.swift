import Platform

/// Redshifts that a galaxy of a cutout can have. A result outside is not changed: it is a sign that the inputs are not what
/// the network takes.
public struct PlausibleRedshifts: Sendable, Equatable {
    public let range: ClosedRange<Double>

    /// -0.1 to 10: below zero for peculiar velocities and noise, above for what cutouts show.
    public static let usual = PlausibleRedshifts(range: -0.1...10)

    /// The least number of known redshifts for which a large error is a sign of wrong inputs, and the median |dz| beyond
    /// which it is large.
    public static let leastKnown = 30
    public static let largeError = 0.3

    private init(range: ClosedRange<Double>) { self.range = range }

    /// - Parameter text: `MIN,MAX`.
    /// - Throws: `Failure` where it is not two finite numbers, the smaller one first.
    public init(_ text: String) throws(Failure) {
        let bounds = text.split(separator: ",", omittingEmptySubsequences: false).compactMap { Double($0) }
        guard bounds.count == 2, bounds.count == text.count(where: { $0 == "," }) + 1, bounds[0].isFinite,
            bounds[1].isFinite, bounds[0] < bounds[1]
        else { throw Failure("z-range", "expected MIN,MAX, the smaller one first, or none, found \(text.quoted)") }
        range = bounds[0]...bounds[1]
    }

    /// Redshifts outside of the range: their number, and the one farthest from it.
    public struct Outside: Sendable, Equatable, Codable {
        public let count: Int
        /// Finite: the greatest number in place of an infinite one.
        public let farthest: Float

        public init(count: Int, farthest: Float) {
            self.count = count
            self.farthest = max(-.greatestFiniteMagnitude, min(.greatestFiniteMagnitude, farthest))
        }

        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let count = try fields.decode(Int.self, forKey: .count)
            guard 1...1_000_000_000 ~= count else {
                throw DecodingError.dataCorruptedError(
                    forKey: .count, in: fields, debugDescription: "expected 1 to 1,000,000,000, found \(count)")
            }
            self.init(count: count, farthest: try fields.decode(Float.self, forKey: .farthest))
        }
    }

    /// The redshifts outside of the range; nil if all are inside. NaN is not counted.
    public func outside(_ redshifts: [Float]) -> Outside? {
        redshifts.reduce(nil) { found, redshift in
            redshift.isNaN || range.contains(Double(redshift))
                ? found : joined(found, Outside(count: 1, farthest: redshift))
        }
    }

    /// Those of two sets of galaxies.
    public func joined(_ one: Outside?, _ other: Outside?) -> Outside? {
        guard let one, let other else { return one ?? other }
        return Outside(
            count: one.count.cappedSum(other.count),
            farthest: distance(other.farthest) > distance(one.farthest) ? other.farthest : one.farthest)
    }

    /// Median |dz| of the galaxies whose redshifts are both finite; nil where there are fewer than `leastKnown` of them.
    public static func medianError(predicted: [Double], spectroscopic: [Double]) -> Double? {
        let errors = zip(predicted, spectroscopic).map { abs(($0 - $1) / (1 + $1)) }.filter(\.isFinite).sorted()
        return errors.count < leastKnown ? nil : Statistics.median(sorted: errors)
    }

    private func distance(_ redshift: Float) -> Double {
        max(range.lowerBound - Double(redshift), Double(redshift) - range.upperBound)
    }
}
