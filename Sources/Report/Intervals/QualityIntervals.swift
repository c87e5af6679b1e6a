import Inference
import Platform
import Synchronization

/// Calls a closure with each of 0..<count, in any order and on any threads, and returns after all calls: the caller
/// passes an executor.
public typealias ForEach = (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void

/// 95% confidence intervals of the measures of quality: of fractions by Wilson's formula, of all others by the bootstrap
/// (B. Efron, "Bootstrap methods: another look at the jackknife", 1979).
///
/// Each resample draws as many galaxies as there are, with replacement, and computes all measures; an interval holds
/// the middle 95% of the results. It shows the statistical error of the choice of galaxies, and no systematic error
/// common to all of them.
public struct QualityIntervals: Sendable, Equatable {
    /// In the order of `reference.lines` and then `field.lines` of `Quality`; nil where a measure is undefined.
    public let intervals: [ClosedRange<Double>?]
    /// The number of resamples.
    public let resamples: Int

    public static let confidence = 0.95
    public static let usualSeed: UInt64 = 1979

    /// Makes 200 to 1,000 resamples, so that about 10^8 galaxies are drawn altogether. Above a million galaxies, a
    /// million of them (each n-th by dz) represent all, and intervals are narrowed by the square root of the ratio.
    /// - Parameters:
    ///   - resamples: the number of resamples; nil for the number above.
    ///   - seed: selects the galaxies drawn. The same seed gives the same intervals, whatever the executor.
    init(
        _ compared: ComparedRedshifts, resamples: Int? = nil, seed: UInt64 = usualSeed,
        forEach: ForEach = { (0..<$0).forEach($1) }
    ) {
        let all = SortedRedshifts(compared)
        let sample = all.thinned(toAtMost: Self.mostGalaxies)
        let shrink = (Double(sample.scaled.count) / Double(all.scaled.count)).squareRoot()
        let original = ResampledQuality(scaled: sample.scaled, truths: sample.truths)
        let count = max(1, resamples ?? min(1000, max(200, 100_000_000 / sample.scaled.count)))
        // Each part has its own sample, and makes its share of the resamples one after the other.
        let parts = min(count, 16)
        let drawn = Mutex([[Double]](repeating: [], count: count))
        forEach(parts) { part in
            var quality = original
            for index in stride(from: part, to: count, by: parts) {
                var random = RandomNumbers(seed: seed, stream: index)
                quality.draw(&random)
                let measures = quality.measures()
                drawn.withLock { $0[index] = measures }
            }
        }
        let measures = drawn.withLock { $0 }
        let estimates = original.measures()
        self.resamples = count
        let field = FieldQuality(sortedScaled: all.scaled)
        let fractions = [
            Measure.outliersAbove005: field.outliersAbove005, Measure.outliersAbove015: field.outliersAbove015,
            Measure.outliersAboveThreeSigma: field.outliersAboveThreeSigma,
        ]
        intervals = estimates.indices.map { measure in
            if let fraction = fractions[measure] {
                let total = all.scaled.count
                return Statistics.fractionInterval(Int((fraction * Double(total)).rounded()), of: total)
            }
            // A resample may have equal redshifts only: that resample has no R2.
            let values = measures.map { $0[measure] }.filter { !$0.isNaN }.sorted()
            let estimate = estimates[measure]
            guard !values.isEmpty, estimate.isFinite else { return nil }
            func end(_ fraction: Double) -> Double {
                estimate + (Statistics.percentile(sorted: values, fraction: fraction) - estimate) * shrink
            }
            let tail = (1 - Self.confidence) / 2
            let (low, high) = (end(tail), end(1 - tail))
            return low <= high && low.isFinite && high.isFinite ? low...high : nil
        }
    }

    /// The interval of a measure by its index.
    subscript(_ measure: Int) -> ClosedRange<Double>? {
        intervals.indices.contains(measure) ? intervals[measure] : nil
    }

    private static let mostGalaxies = 1_000_000
}

/// The redshifts of galaxies in ascending order of dz.
struct SortedRedshifts: Sendable {
    /// (zp - zs) / (1 + zs), ascending.
    let scaled: [Double]
    /// zs of the same galaxies.
    let truths: [Double]

    init(_ compared: ComparedRedshifts) {
        var galaxies = zip(compared.scaled, compared.spectroscopic).map { (dz: $0, zs: $1) }
        // The second key makes the order, and so every resample, independent of the order of the file.
        galaxies.sort { $0.dz != $1.dz ? $0.dz < $1.dz : $0.zs < $1.zs }
        self.init(scaled: galaxies.map(\.dz), truths: galaxies.map(\.zs))
    }

    private init(scaled: [Double], truths: [Double]) { (self.scaled, self.truths) = (scaled, truths) }

    /// Evenly spaced galaxies.
    func thinned(toAtMost count: Int) -> SortedRedshifts {
        guard scaled.count > count, count > 0 else { return self }
        let chosen = (0..<count).map { index -> Int in
            Int((Double(index) + 0.5) / Double(count) * Double(scaled.count))
        }
        return SortedRedshifts(scaled: chosen.map { scaled[$0] }, truths: chosen.map { truths[$0] })
    }
}
