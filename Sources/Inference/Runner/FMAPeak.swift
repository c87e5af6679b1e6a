import AstroMAE
import Platform
import Synchronization

/// The multiply-adds that this machine can do at most: what the speed of everything else is held against.
public struct FMAPeak: Sendable {
    /// Of each thread, while all of them run: floating-point operations a second, two a multiply-add.
    public let threads: [Double]

    /// The mean over the threads; nil where there are none.
    public var perThread: Double? { threads.isEmpty ? nil : threads.reduce(0, +) / Double(threads.count) }

    /// Runs independent multiply-adds in registers on `threads` threads at once, in windows of about a millisecond, and
    /// takes each thread's fastest window: noise only ever slows them down.
    /// - Parameter seconds: how long.
    public static func measure(_ instructionSet: InstructionSet, threads: Int, seconds: Double = 0.1) -> FMAPeak {
        let rates = Mutex<[Double]>([])
        _ = WorkerThreads.run(count: max(1, threads)) {
        } body: {
            let clock = ContinuousClock()
            let end = clock.now + .seconds(seconds)
            var best = 0.0
            var iterations = 1024
            repeat {
                let start = clock.now
                let flops = instructionSet.multiplyAdds(iterations: iterations)
                let elapsed = (clock.now - start) / .seconds(1)
                if elapsed > 0 { best = max(best, Double(flops) / elapsed) }
                if elapsed < 0.001 { iterations *= 2 }
            } while clock.now < end
            rates.withLock { $0.append(best) }
        }
        return FMAPeak(threads: rates.withLock { $0 })
    }
}
