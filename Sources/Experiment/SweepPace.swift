/// Estimates the time of later runs from finished ones.
struct SweepPace {
    private struct Total {
        var runs = 0
        var galaxies = 0
        var seconds = 0.0
    }

    private struct Setting: Hashable {
        let threads: Int?
        let batchSize: Int
    }

    private var totals: [Setting: Total] = [:]

    mutating func add(_ point: ExperimentPoint, galaxies: Int, seconds: Double) {
        var total = totals[Setting(threads: point.threads, batchSize: point.batchSize)] ?? Total()
        total.runs += 1
        total.galaxies += galaxies
        total.seconds += seconds
        totals[Setting(threads: point.threads, batchSize: point.batchSize)] = total
    }

    /// nil without a measurement. On AWS all runs take about the same time, since more galaxies have more
    /// workers; here the time is proportional to the galaxies.
    /// - Parameter galaxies: of the run; nil where unknown.
    func seconds(for point: ExperimentPoint, galaxies: Int?) -> Double? {
        guard let threads = point.threads, let galaxies else {
            let all = Self.sum(totals.values)
            return all.runs > 0 ? all.seconds / Double(all.runs) : nil
        }
        let exact = totals[Setting(threads: threads, batchSize: point.batchSize)]
        let alike = Self.sum(totals.filter { $0.key.threads == threads }.values)
        if let known = exact ?? (alike.runs > 0 ? alike : nil) {
            return known.galaxies > 0 ? Double(galaxies) * known.seconds / Double(known.galaxies) : nil
        }
        // The rate is proportional to the threads.
        let work = totals.reduce(0.0) { $0 + $1.value.seconds * Double($1.key.threads ?? threads) }
        let done = totals.values.reduce(0) { $0 + $1.galaxies }
        return done > 0 ? Double(galaxies) * work / Double(done) / Double(threads) : nil
    }

    private static func sum(_ totals: some Sequence<Total>) -> Total {
        totals.reduce(into: Total()) { sum, total in
            sum.runs += total.runs
            sum.galaxies += total.galaxies
            sum.seconds += total.seconds
        }
    }
}
