/// Counts of values in bins of equal width.
struct Histogram {
    let edges: [Double]
    let counts: [Int]
    let width: Double

    /// - Parameter range: values outside of it are not counted; the upper bound is in the last bin.
    init(_ values: [Double], range: ClosedRange<Double>, count: Int) {
        let count = max(1, count)
        let low = range.lowerBound
        let width = (range.upperBound - low) / Double(count)
        var counts = [Int](repeating: 0, count: count)
        for value in values where range.contains(value) && width > 0 && width.isFinite {
            counts[min(Int((value - low) / width), count - 1)] += 1
        }
        self.counts = counts
        self.width = width
        edges = (0...count).map { low + width * Double($0) }
    }

    /// Points of its outline.
    var outline: [(x: Double, y: Double)] {
        counts.enumerated().flatMap { index, count in
            [(edges[index], Double(count)), (edges[index + 1], Double(count))]
        }
    }
}
