import AstroMAE
import Platform
import Synchronization

/// The machine's peak rate of multiply-adds, the upper limit for the speed of all kernels.
public struct FMAPeak: Sendable {
    /// Floating-point operations a second of each thread while all threads run; a multiply-add counts as two.
    public let threads: [Double]

    /// The mean over the threads; nil without threads.
    public var perThread: Double? { threads.isEmpty ? nil : threads.reduce(0, +) / Double(threads.count) }

    /// Runs independent multiply-adds in registers on `threads` threads at once, in windows of about a millisecond, and
    /// takes each thread's fastest window: interference only slows a window down.
    /// - Parameter seconds: duration of the measurement.
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
