import Platform
import Runs

/// A run in numbers, as the published system's tables have them.
///
/// Times are averaged after values outside 1.5 interquartile ranges beyond the quartiles are dropped, quartiles as numpy
/// interpolates them. `throughput` sums rates of ranks that need not have run at once: it is not the rate of the run.
public struct RunStatistics: Sendable, Equatable {
    /// Mean `total_cpu_time (seconds)` of the ranks without outliers.
    public let seconds: Double
    /// Of the slowest rank, outlier or not.
    public let longest: Double
    /// Sum of `total_cpu_time (seconds)`.
    public let total: Double
    /// Sum of `total_cpu_memory (MB)`.
    public let memory: Double
    /// Sum of `throughput_bps`.
    public let throughput: Double
    /// Sum of `throughput_bps` x time.
    public let bits: Double
    /// Sum of `s3_total_time`, 0 where no rank has it.
    public let storeTotal: Double
    /// Means over the ranks that have the value; nil where none does.
    public let storeAverage: Double?
    public let storeShortest: Double?
    public let storeLongest: Double?
    public let ranks: Int
    public let galaxies: Int

    /// - Parameter ranks: at least one.
    init(_ ranks: [RankResult]) {
        func mean(_ value: (RankResult.StoreTimes) -> Double?) -> Double? {
            let values = ranks.compactMap { $0.store.flatMap(value) }
            return values.isEmpty ? nil : Statistics.mean(values)
        }
        let times = ranks.map(\.seconds)
        seconds = Statistics.mean(Statistics.withoutOutliers(times))
        longest = times.max() ?? 0
        total = times.reduce(0, +)
        memory = ranks.reduce(0) { $0 + $1.memory }
        throughput = ranks.reduce(0) { $0 + $1.throughput }
        bits = ranks.reduce(0) { $0 + $1.bits }
        storeTotal = ranks.reduce(0) { $0 + ($1.store?.total ?? 0) }
        storeAverage = mean(\.average)
        storeShortest = mean(\.shortest)
        storeLongest = mean(\.longest)
        self.ranks = ranks.count
        galaxies = ranks.reduce(0) { $0 + $1.galaxies }
    }
}
