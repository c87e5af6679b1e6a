import Inference

extension RankResult {
    /// Adds the work of the rank's earlier attempts, whose galaxies this one did not compute again: seconds and requests are
    /// then those of all attempts, peaks the highest of them.
    mutating func add(_ earlier: RankResult) {
        for field in Self.addedSeconds.map(\.1) { self[keyPath: field] += earlier[keyPath: field] }
        seconds += earlier.seconds
        memory = max(memory, earlier.memory)
        inferenceSeconds = Self.sum(inferenceSeconds, earlier.inferenceSeconds)
        totalSeconds = Self.sum(totalSeconds, earlier.totalSeconds)
        processorSeconds = Self.sum(processorSeconds, earlier.processorSeconds)
        started = [started, earlier.started].compactMap(\.self).min()
        peakFetched = [peakFetched, earlier.peakFetched].compactMap(\.self).max()
        store = [store, earlier.store].compactMap(\.self).reduce(nil) { $0.map($1.adding) ?? $1 }
        attempts = (attempts ?? 1).cappedSum(earlier.attempts ?? 1)
        warnings += earlier.warnings.filter { !warnings.contains($0) }
    }

    /// `throughput_bps` from `galaxies` and `seconds`.
    mutating func setThroughput() {
        throughput = seconds > 0 ? Double(galaxies) * Self.bitsPerGalaxy / seconds : 0
    }

    private static func sum(_ a: Double?, _ b: Double?) -> Double? { a.map { $0 + (b ?? 0) } ?? b }
}

extension RankResult.StoreTimes {
    /// The calls of two attempts together.
    fileprivate func adding(_ other: RankResult.StoreTimes) -> RankResult.StoreTimes {
        func most<Value: Comparable>(_ field: KeyPath<RankResult.StoreTimes, Value?>) -> Value? {
            [self[keyPath: field], other[keyPath: field]].compactMap(\.self).max()
        }
        func least(_ field: KeyPath<RankResult.StoreTimes, Double?>) -> Double? {
            [self[keyPath: field], other[keyPath: field]].compactMap(\.self).min()
        }
        func sum(_ field: KeyPath<RankResult.StoreTimes, Int?>) -> Int {
            (self[keyPath: field] ?? 0).cappedSum(other[keyPath: field] ?? 0)
        }
        let (total, requests) = (total + other.total, sum(\.requests))
        return RankResult.StoreTimes(
            total: total, average: total / Double(max(1, requests)), shortest: least(\.shortest),
            longest: most(\.longest), requests: requests, firstRequest: least(\.firstRequest),
            lastResponse: most(\.lastResponse), bytesRead: sum(\.bytesRead), bytesWritten: sum(\.bytesWritten))
    }
}
