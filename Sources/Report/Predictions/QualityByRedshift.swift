import Inference
import Platform

/// Quality in bins of spectroscopic redshift, which an average over all galaxies hides.
public struct QualityByRedshift: Sendable, Equatable {
    public struct Bin: Sendable, Equatable {
        /// Bounds of the galaxies' zs: the lower one belongs to the bin, the upper one to the next bin.
        public let redshifts: Range<Double>
        public let quality: Quality
        /// nil for fewer galaxies than `RunningMedian.fewest`.
        public let intervals: QualityIntervals?
    }

    /// In ascending order; bins without galaxies are left out.
    public let bins: [Bin]

    /// - Parameters:
    ///   - width: of a bin; bins begin at multiples of it. If nil, a round width with about eight bins for all but the
    ///     outermost hundredth of galaxies.
    ///   - seed, forEach: as those of `QualityIntervals`.
    /// - Throws: `Failure` as `Quality` does.
    public init(
        predicted: [Double], spectroscopic: [Double], width: Double? = nil, seed: UInt64 = QualityIntervals.usualSeed,
        forEach: ForEach = { (0..<$0).forEach($1) }
    ) throws(Failure) {
        // Throws the errors of both.
        guard predicted.count == spectroscopic.count else {
            throw Failure(
                "\(predicted.count) predicted redshifts against \(spectroscopic.count) spectroscopic ones: "
                    + "expected as many of the one as of the other")
        }
        let usable = predicted.indices.filter { index in
            let (zp, zs) = (predicted[index], spectroscopic[index])
            return zp.isFinite && zs.isFinite && ((zp - zs) / (1 + zs)).isFinite
        }
        guard !usable.isEmpty else {
            throw Failure("no galaxy of \(predicted.count) has a finite z_phot and z_spec: nothing to measure")
        }
        let width = width.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } ?? Self.width(usable.map { spectroscopic[$0] })
        var members: [Int: (predicted: [Double], spectroscopic: [Double])] = [:]
        for index in usable {
            // Outliers may have any value: limit the indices of bins.
            let number = Int(min(max((spectroscopic[index] / width).rounded(.down), -1e9), 1e9))
            members[number, default: ([], [])].predicted.append(predicted[index])
            members[number, default: ([], [])].spectroscopic.append(spectroscopic[index])
        }
        var bins: [Bin] = []
        for (number, galaxies) in members.sorted(by: { $0.key < $1.key }) {
            let quality = try Quality(predicted: galaxies.predicted, spectroscopic: galaxies.spectroscopic)
            let intervals =
                quality.galaxies < RunningMedian.fewest
                ? nil
                : QualityIntervals(
                    try SortedRedshifts(predicted: galaxies.predicted, spectroscopic: galaxies.spectroscopic),
                    resamples: Self.resamples, seed: seed, forEach: forEach)
            let redshifts = Double(number) * width..<Double(number + 1) * width
            bins.append(Bin(redshifts: redshifts, quality: quality, intervals: intervals))
        }
        self.bins = bins
    }

    /// Fewer resamples than for all galaxies together: there are several bins.
    private static let resamples = 200

    /// A round width with five to ten bins for the middle 99% of redshifts.
    private static func width(_ redshifts: [Double]) -> Double {
        let middle = RobustRange(redshifts, leavingOut: 0.01)
        let ticks = Scale.linear(middle.low, middle.high).ticks(most: 11).map(\.value)
        return ticks.count > 1 ? ticks[1] - ticks[0] : 1
    }
}

/// The range of most values, estimated from some thousands of them: for bounds of axes, not for measures.
struct RobustRange {
    let low: Double
    let high: Double

    /// - Parameters:
    ///   - values: values that are not finite do not count; 0...1 without finite values.
    ///   - leavingOut: the fraction outside the range, half of it at either end.
    init(_ values: [Double], leavingOut part: Double) {
        let step = max(1, values.count / 50_000)
        let sample = stride(from: 0, to: values.count, by: step).map { values[$0] }.filter(\.isFinite).sorted()
        guard !sample.isEmpty else {
            (low, high) = (0, 1)
            return
        }
        low = Statistics.percentile(sorted: sample, fraction: part / 2)
        high = Statistics.percentile(sorted: sample, fraction: 1 - part / 2)
    }
}
