/// How long work takes that is handed out in order, each piece to the first worker that is free. New environments of a
/// function come `LambdaLimits.ramp` at once, and as many again each `LambdaLimits.rampSeconds`.
enum Schedule {
    /// Seconds from the first start to the last end.
    /// - Parameter concurrency: workers at once, at least 1.
    static func span(of seconds: [Double], at concurrency: Int) -> Double {
        // Each worker's next free moment, as a binary heap: children of i at 2 i + 1 and 2 i + 2. Those that have not
        // begun are free when the ramp lets them begin, which rises with their number: a heap as it stands.
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

    /// The same of pieces that are all alike, without going through them.
    static func span(of count: Int, each seconds: Double, at concurrency: Int) -> Double {
        guard count > 0, seconds > 0 else { return 0 }
        let workers = min(concurrency, count)
        let groups = (workers + LambdaLimits.ramp - 1) / LambdaLimits.ramp
        // The work ends when some group ends a piece: the earliest such moment by which enough pieces are done.
        func done(by time: (group: Int, pieces: Int)) -> Int {
            (0..<groups).reduce(0) { done, group in
                let size = min(LambdaLimits.ramp, workers - group * LambdaLimits.ramp)
                let left = Double(time.group - group) * LambdaLimits.rampSeconds
                // A piece that ends just then is done, whatever rounding makes of the quotient.
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

    /// When a worker can begin at the earliest.
    private static func start(_ worker: Int) -> Double {
        Double(worker / LambdaLimits.ramp) * LambdaLimits.rampSeconds
    }
}
