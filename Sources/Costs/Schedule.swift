/// The time of work that is assigned in order, each piece to the first free worker. New environments of a
/// function start `LambdaLimits.ramp` at once, and as many again each `LambdaLimits.rampSeconds`.
enum Schedule {
    /// Seconds from the first start to the last end.
    /// - Parameter concurrency: workers at once, at least 1.
    static func span(of seconds: [Double], at concurrency: Int) -> Double {
        // The time at which each worker is free, as a binary heap: children of i at 2 i + 1 and 2 i + 2. Workers that
        // have not
        // started are free when the ramp starts them, which rises with their number, so the initial array is a heap.
        var free = (0..<min(concurrency, seconds.count)).map(start)
        var last = 0.0
        for piece in seconds {
            let end = free[0] + piece
            last = max(last, end)
            var place = 0
            while true {
                var child = 2 * place + 1
                guard child < free.count else { break }
                if child + 1 < free.count, free[child + 1] < free[child] { child += 1 }
                guard free[child] < end else { break }
                free[place] = free[child]
                place = child
            }
            free[place] = end
        }
        return last
    }

    /// The same for equal pieces, without a loop over them.
    static func span(of count: Int, each seconds: Double, at concurrency: Int) -> Double {
        guard count > 0, seconds > 0 else { return 0 }
        let workers = min(concurrency, count)
        let groups = (workers + LambdaLimits.ramp - 1) / LambdaLimits.ramp
        // The work ends when a group ends a piece: at the earliest such time by which enough pieces are done.
        func done(by time: (group: Int, pieces: Int)) -> Int {
            (0..<groups).reduce(0) { done, group in
                let size = min(LambdaLimits.ramp, workers - group * LambdaLimits.ramp)
                let left = Double(time.group - group) * LambdaLimits.rampSeconds
                // A piece that ends at exactly this time is done, whatever the rounding of the quotient.
                let more = min(max(-Double(count), (left / seconds + 1e-9).rounded(.down)), Double(count))
                return done + size * max(0, time.pieces + Int(more))
            }
        }
        return (0..<groups).map { group in
            var (low, high) = (1, count)
            while low < high {
                let middle = (low + high) / 2
                if done(by: (group, middle)) >= count { high = middle } else { low = middle + 1 }
            }
            return start(group * LambdaLimits.ramp) + Double(low) * seconds
        }.min() ?? 0
    }

    /// The earliest start of a worker.
    private static func start(_ worker: Int) -> Double { Double(worker / LambdaLimits.ramp) * LambdaLimits.rampSeconds }
}
