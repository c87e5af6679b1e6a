import Platform

/// Median and scatter of dz along redshift.
public struct RunningMedian: Sendable {
    public struct Step: Sendable, Equatable {
        /// The middle of the step's redshifts.
        public let redshift: Double
        public let median: Double
        /// 16th and 84th percentile: one standard deviation either way, were dz normal.
        public let low: Double
        public let high: Double
        public let galaxies: Int
    }

    /// In ascending order; steps of fewer galaxies than `fewest` are left out.
    public let steps: [Step]

    /// The fewest galaxies of a meaningful median.
    public static let fewest = 10

    /// - Parameters:
    ///   - redshifts, scaled: [galaxies], finite.
    ///   - range: cut into `count` steps of one width.
    public init(redshifts: [Double], scaled: [Double], range: ClosedRange<Double>, count: Int) {
        let width = (range.upperBound - range.lowerBound) / Double(max(1, count))
        guard width > 0, width.isFinite else {
            steps = []
            return
        }
        var members = [[Double]](repeating: [], count: max(1, count))
        for (redshift, dz) in zip(redshifts, scaled) where range.contains(redshift) {
            members[min(Int((redshift - range.lowerBound) / width), members.count - 1)].append(dz)
        }
        steps = members.enumerated().compactMap { index, values in
            guard values.count >= Self.fewest else { return nil }
            let sorted = values.sorted()
            return Step(
                redshift: range.lowerBound + (Double(index) + 0.5) * width, median: Statistics.median(sorted: sorted),
                low: Statistics.percentile(sorted: sorted, fraction: 0.16),
                high: Statistics.percentile(sorted: sorted, fraction: 0.84), galaxies: sorted.count)
        }
    }
}
