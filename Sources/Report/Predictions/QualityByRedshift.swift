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
    init(
        _ all: ComparedRedshifts, width: Double? = nil, seed: UInt64 = QualityIntervals.usualSeed,
        forEach: ForEach = { (0..<$0).forEach($1) }
    ) throws(Failure) {
        let width = width.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } ?? Self.width(all.spectroscopic)
        var members: [Int: (predicted: [Double], spectroscopic: [Double])] = [:]
        for (predicted, spectroscopic) in zip(all.predicted, all.spectroscopic) {
            // Outliers may have any value: limit the indices of bins.
            let number = Int(min(max((spectroscopic / width).rounded(.down), -1e9), 1e9))
            members[number, default: ([], [])].predicted.append(predicted)
            members[number, default: ([], [])].spectroscopic.append(spectroscopic)
        }
        var bins: [Bin] = []
        for (number, galaxies) in members.sorted(by: { $0.key < $1.key }) {
            let compared = try ComparedRedshifts(predicted: galaxies.predicted, spectroscopic: galaxies.spectroscopic)
            let quality = Quality(compared)
            let intervals =
                quality.galaxies < RunningMedian.fewest
                ? nil : QualityIntervals(compared, resamples: Self.resamples, seed: seed, forEach: forEach)
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
