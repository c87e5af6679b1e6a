import Runs

/// The quantity on the vertical axis of a sweep.
enum SweepQuantity: CaseIterable {
    /// Mean computing time of a rank without outliers.
    case rankSeconds
    /// The sum of the ranks' rates: the published formula, not the rate of the run.
    case sumOfRanks
    /// Wall time of the run.
    case wallSeconds
    /// Galaxies by wall time.
    case wallRate
    /// Bits by wall time, to compare with `sumOfRanks`.
    case wallBits
    /// Galaxies by the ranks' computing time: the rate of one worker.
    case workerRate

    /// With the unit.
    var axis: String {
        switch self {
        case .rankSeconds: "mean time of a rank (s)"
        case .sumOfRanks: "sum of ranks' rates (Mbit/s)"
        case .wallSeconds: "wall time of the run (s)"
        case .wallRate: "galaxies/s by the wall's clock"
        case .wallBits: "throughput (Mbit/s)"
        case .workerRate: "galaxies/s of one worker"
        }
    }

    /// Of the figures.
    var title: String {
        switch self {
        case .rankSeconds: "Time of a rank"
        case .sumOfRanks: "Sum of the ranks' rates"
        case .wallSeconds: "Wall time"
        case .wallRate: "Galaxies per second of wall time"
        case .wallBits: "Throughput by the wall's clock, and the sum of the ranks' rates"
        case .workerRate: "Galaxies per second of one worker"
        }
    }

    var id: String {
        switch self {
        case .rankSeconds: "time"
        case .sumOfRanks: "sum-of-ranks"
        case .wallSeconds: "wall-time"
        case .wallRate: "rate"
        case .wallBits: "throughput"
        case .workerRate: "worker"
        }
    }

    /// The value of a run; nil where unknown.
    func value(of run: Run, _ duration: RunDuration?) -> Double? {
        let statistics = run.statistics
        let value: Double? =
            switch self {
            case .rankSeconds: statistics.seconds
            case .sumOfRanks: statistics.throughput / 1e6
            case .wallSeconds: duration?.seconds
            case .wallRate: duration.map { Double(statistics.galaxies) / $0.seconds }
            case .wallBits: duration.map { statistics.bits / $0.seconds / 1e6 }
            case .workerRate: statistics.total > 0 ? Double(statistics.galaxies) / statistics.total : nil
            }
        return value.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    }

    /// The value and range of a reference measurement; nil where this quantity does not follow from it.
    func value(of other: ReferenceMeasurement) -> (value: Double, range: ClosedRange<Double>?)? {
        func bits(_ galaxies: Double) -> Double { galaxies * RankResult.bitsPerGalaxy / 1e6 }
        switch (self, other.quantity) {
        case (.rankSeconds, .rankSeconds), (.wallSeconds, .wallSeconds), (.workerRate, .workerRate):
            return (other.value, other.range)
        case (.sumOfRanks, .sumOfRanks):
            return (other.value / 1e6, other.range.map { $0.lowerBound / 1e6...$0.upperBound / 1e6 })
        case (.wallRate, .wallSeconds), (.wallBits, .wallSeconds):
            guard let galaxies = other.galaxies, other.value > 0 else { return nil }
            let amount = self == .wallRate ? Double(galaxies) : bits(Double(galaxies))
            let range = other.range.flatMap {
                $0.lowerBound > 0 ? amount / $0.upperBound...amount / $0.lowerBound : nil
            }
            return (amount / other.value, range)
        default: return nil
        }
    }
}

/// The variable on the horizontal axis of a sweep.
enum SweepVariable {
    case dataSize, batchSize, threads

    var axis: String {
        switch self {
        case .dataSize: "data size (GB)"
        case .batchSize: "batch size (galaxies)"
        case .threads: "threads"
        }
    }

    /// In titles: `by data size`.
    var name: String {
        switch self {
        case .dataSize: "data size"
        case .batchSize: "batch size"
        case .threads: "threads"
        }
    }

    var id: String {
        switch self {
        case .dataSize: "size"
        case .batchSize: "batch"
        case .threads: "threads"
        }
    }

    /// The position of a group of runs; nil for a group outside of the sweep.
    func value(of key: RunGroupKey) -> Double? {
        switch (self, key.variation) {
        case (.dataSize, .none): key.size?.gigabytes
        case (.batchSize, .batch(let size)): Double(size)
        case (.threads, .threads(let count)): Double(count)
        default: nil
        }
    }

    func value(of other: ReferenceMeasurement) -> Double? {
        switch self {
        case .dataSize: other.batchSize == nil ? other.gigabytes : nil
        case .batchSize: other.batchSize.map { Double($0) }
        case .threads: nil
        }
    }

    /// Whether only measured values have ticks.
    var hasOwnTicks: Bool { self != .dataSize }
}
