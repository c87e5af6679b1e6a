/// Order statistics and sums over float64 values, as numpy defines them.
package enum Statistics {
    /// The mean; the caller sees to it that there are values.
    package static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// The middle value, or the mean of the two middle ones. `sorted` is ascending and not empty.
    package static func median(sorted: [Double]) -> Double {
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The value below which `fraction` (0...1) of the values lie, interpolated linearly between neighbours: numpy's
    /// default (`method="linear"`). `sorted` is ascending and not empty.
    package static func percentile(sorted: [Double], fraction: Double) -> Double {
        let position = fraction * Double(sorted.count - 1)
        let below = Int(position)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
    }

    /// median |v - median v|: the median absolute deviation, without a factor.
    package static func medianAbsoluteDeviation(sorted: [Double]) -> Double {
        let centre = median(sorted: sorted)
        return median(sorted: sorted.map { abs($0 - centre) }.sorted())
    }

    /// Values within 1.5 interquartile ranges of the quartiles, in their order. `values` is not empty.
    package static func withoutOutliers(_ values: [Double]) -> [Double] {
        let sorted = values.sorted()
        let first = percentile(sorted: sorted, fraction: 0.25)
        let third = percentile(sorted: sorted, fraction: 0.75)
        let range = 1.5 * (third - first)
        return values.filter { (first - range...third + range).contains($0) }
    }

    /// The 95% interval of a fraction (E. B. Wilson, "Probable inference, the law of succession, and statistical
    /// inference", 1927): its width is not 0 for none or all of a sample.
    /// - Parameters:
    ///   - part: the galaxies with a property, 0...total.
    ///   - total: at least 1.
    package static func fractionInterval(_ part: Int, of total: Int) -> ClosedRange<Double> {
        let z = 1.959_963_984_540_054
        let (n, p) = (Double(total), Double(part) / Double(total))
        let centre = p + z * z / (2 * n)
        let reach = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        // The ends of none and of all are exact.
        let low = part == 0 ? 0 : (centre - reach) / (1 + z * z / n)
        let high = part == total ? 1 : (centre + reach) / (1 + z * z / n)
        return low...max(low, high)
    }
}
