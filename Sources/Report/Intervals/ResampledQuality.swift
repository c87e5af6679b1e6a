import Inference

/// The measures of a sample with integer weights of galaxies, without sorting it again.
///
/// Galaxies are in ascending order of dz. Sums of weights before each block locate the block of an order statistic; the
/// few galaxies of a block are counted one by one.
struct ResampledQuality {
    /// (zp - zs) / (1 + zs), ascending.
    let scaled: [Double]
    /// zs of the same galaxies.
    let truths: [Double]
    /// The weight of each galaxy.
    private(set) var weights: [UInt8]
    /// The sum of weights before each block; the last is the sum of all weights.
    private var before: [Int]
    private var total = 0
    private static let blockSize = 256

    /// - Parameter weights: of each galaxy; 1 if nil. The redshifts are finite and not empty.
    init(scaled: [Double], truths: [Double], weights: [UInt8]? = nil) {
        self.scaled = scaled
        self.truths = truths
        self.weights = weights ?? [UInt8](repeating: 1, count: scaled.count)
        let blocks = (scaled.count + Self.blockSize - 1) / Self.blockSize
        before = [Int](repeating: 0, count: blocks + 1)
        sumWeights()
    }

    /// Draws as many galaxies as there are, with replacement.
    mutating func draw(_ random: inout RandomNumbers) {
        let count = scaled.count
        for index in weights.indices { weights[index] = 0 }
        // No galaxy is drawn more than 255 times: impossible with up to 255 galaxies, and of a probability below
        // 1 / 256! = 10^-507 with more.
        for _ in 0..<count { weights[random.index(below: count)] &+= 1 }
        sumWeights()
    }

    private mutating func sumWeights() {
        total = 0
        for block in 0..<before.count - 1 {
            before[block] = total
            let end = min((block + 1) * Self.blockSize, weights.count)
            for index in block * Self.blockSize..<end { total += Int(weights[index]) }
        }
        before[before.count - 1] = total
    }

    /// Both families' measures in the order of their lines (`ReferenceQuality.lines`, `FieldQuality.lines`); NaN where
    /// R2 is undefined.
    func measures() -> [Double] {
        var (absolute, squares, bias, truth, truthSquares) = (0.0, 0.0, 0.0, 0.0, 0.0)
        // Relative to a central value, so that the variance of zs is not a small difference of large sums.
        let middle = truths[truths.count / 2]
        // Galaxies of weight 0 are not skipped: the branch would not be predictable.
        for index in weights.indices {
            let weight = Double(weights[index])
            let dz = scaled[index]
            let error = dz * (1 + truths[index])
            let distance = truths[index] - middle
            absolute += weight * abs(error)
            squares += weight * error * error
            bias += weight * dz
            truth += weight * distance
            truthSquares += weight * distance * distance
        }
        let count = Double(total)
        let spread = truthSquares - truth * truth / count
        let median = median { value(at: $0) }
        let deviation = deviations(from: median)
        let sigmaIQR = (percentile(0.75) - percentile(0.25)) / 1.349
        return [
            absolute / count, squares / count, bias / count, 1.48 * deviation,
            spread > truthSquares * 1e-12 ? 1 - squares / spread : .nan,
            1.4826 * deviation, median, sigmaIQR, fraction(above: 0.05), fraction(above: 0.15),
            fraction(above: FieldQuality.outlierLimit(sigmaIQR: sigmaIQR)),
        ]
    }

    /// The middle of 0..<total values, or the mean of the middle two.
    private func median(_ value: (Int) -> Double) -> Double {
        let upper = value(total / 2)
        return total.isMultiple(of: 2) ? (value(total / 2 - 1) + upper) / 2 : upper
    }

    /// numpy's default: linear between neighbours.
    private func percentile(_ fraction: Double) -> Double {
        let position = fraction * Double(total - 1)
        let below = value(at: Int(position))
        return below + (value(at: min(Int(position) + 1, total - 1)) - below) * (position - position.rounded(.down))
    }

    /// The value of a rank (from 0) in the weighted sample.
    private func value(at rank: Int) -> Double {
        let block = max(0, firstIndex(before.count) { before[$0] > rank } - 1)
        var passed = before[block]
        var index = block * Self.blockSize
        while index < weights.count - 1 {
            passed += Int(weights[index])
            if passed > rank { break }
            index += 1
        }
        return scaled[index]
    }

    /// The sum of weights below the galaxy at an index.
    private func count(before index: Int) -> Int {
        let block = index / Self.blockSize
        return (block * Self.blockSize..<index).reduce(before[block]) { $0 + Int(weights[$1]) }
    }

    private func fraction(above limit: Double) -> Double {
        let low = firstIndex(scaled.count) { scaled[$0] >= -limit }
        let high = firstIndex(scaled.count) { scaled[$0] > limit }
        return Double(count(before: low) + total - count(before: high)) / Double(total)
    }

    /// median |dz - median dz|.
    private func deviations(from centre: Double) -> Double {
        let middle = firstIndex(scaled.count) { scaled[$0] >= centre }
        return median { rank in deviation(rank, centre, middle: middle) }
    }

    /// The deviation from the centre of a rank: deviations ascend to the left and to the right of the centre. Bisects
    /// the galaxies on the left, then those on the right.
    private func deviation(_ rank: Int, _ centre: Double, middle: Int) -> Double {
        /// The weight of values no farther from the centre than this.
        func within(_ distance: Double) -> Int {
            let low = firstIndex(middle) { centre - scaled[$0] <= distance }
            let high = middle + firstIndex(scaled.count - middle) { scaled[middle + $0] - centre > distance }
            return count(before: high) - count(before: low)
        }
        // The nearest galaxy on each side with enough weight within its distance; the nearer one is the result.
        let left = firstIndex(middle) { within(centre - scaled[middle - 1 - $0]) > rank }
        let right = firstIndex(scaled.count - middle) { within(scaled[middle + $0] - centre) > rank }
        return min(
            left < middle ? centre - scaled[middle - 1 - left] : .infinity,
            middle + right < scaled.count ? scaled[middle + right] - centre : .infinity)
    }

    /// The first of 0..<count for which a monotone condition holds; `count` if it holds for none.
    private func firstIndex(_ count: Int, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
