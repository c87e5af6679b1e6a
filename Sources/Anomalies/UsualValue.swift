import Platform

/// The usual value of y at each x: median and scatter in groups of equal size, linear between the groups' centres,
/// constant beyond them. Both are robust against outliers.
struct UsualValue {
    private var centres: [Double] = []
    private var medians: [Double] = []
    private var scatters: [Double] = []

    /// The least scatter: with equal values, the distance of any other would be infinite.
    private static let leastScatter = 0.02

    /// - Parameters:
    ///   - points: x and y, finite, not empty.
    ///   - groups: their number: 1 to the number of points.
    init(_ points: [(x: Double, y: Double)], groups: Int) {
        let sorted = points.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
        for group in 0..<groups {
            let part = sorted[sorted.count * group / groups..<sorted.count * (group + 1) / groups]
            let values = part.map(\.y).sorted()
            centres.append(Statistics.median(sorted: part.map(\.x)))
            medians.append(Statistics.median(sorted: values))
            let deviation = 1.4826 * Statistics.medianAbsoluteDeviation(sorted: values)
            scatters.append(max(deviation, Self.leastScatter))
        }
    }

    /// Median and scatter at `x`.
    func expected(at x: Double) -> (median: Double, scatter: Double) {
        guard let above = centres.firstIndex(where: { $0 >= x }) else {
            return (medians[medians.count - 1], scatters[scatters.count - 1])
        }
        guard above > 0, centres[above] > centres[above - 1] else { return (medians[above], scatters[above]) }
        let part = (x - centres[above - 1]) / (centres[above] - centres[above - 1])
        func between(_ values: [Double]) -> Double { values[above - 1] + (values[above] - values[above - 1]) * part }
        return (between(medians), between(scatters))
    }
}
