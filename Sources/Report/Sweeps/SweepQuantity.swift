import Runs

/// The quantity on the vertical axis of a sweep.
enum SweepQuantity {
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

    /// Its words in figures; the axis with the unit.
    var words: (id: String, axis: String, title: String) {
        switch self {
        case .rankSeconds: ("time", "mean time of a rank (s)", "Time of a rank")
        case .sumOfRanks: ("sum-of-ranks", "sum of ranks' rates (Mbit/s)", "Sum of the ranks' rates")
        case .wallSeconds: ("wall-time", "wall time of the run (s)", "Wall time")
        case .wallRate: ("rate", "galaxies/s by the wall's clock", "Galaxies per second of wall time")
        case .wallBits:
            ("throughput", "throughput (Mbit/s)", "Throughput by the wall's clock, and the sum of the ranks' rates")
        case .workerRate: ("worker", "galaxies/s of one worker", "Galaxies per second of one worker")
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

    /// Its words in figures; the title after `by`.
    var words: (id: String, axis: String, title: String) {
        switch self {
        case .dataSize: ("size", "data size (GB)", "data size")
        case .batchSize: ("batch", "batch size (galaxies)", "batch size")
        case .threads: ("threads", "threads", "threads")
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
}
