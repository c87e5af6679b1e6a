/// How long the runs that are to come will take, by those that are done.
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

    /// nil before there is anything to go by. On AWS runs take about as long whatever they compute, since the more
    /// galaxies there are the more workers compute them; here they take as long as there are galaxies.
    /// - Parameter galaxies: of the run; nil where they are not known.
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
        // Each thread does its share.
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
