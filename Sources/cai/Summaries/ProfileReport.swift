import AstroMAE
import Inference
import Platform

/// Where the time of a run went, operation by operation: the `profile` of `infer --json`, and its table.
struct ProfileReport: Encodable {
    /// An operation's part; rates are those of one thread while it is in the operation.
    struct Line: Encodable {
        let operation: String
        let calls: Int
        /// Of all threads together.
        let seconds: Double
        /// Of the threads' time.
        let share: Double
        let flops: Int
        let bytes: Int
        let elements: Int
        /// Left out where an operation has no multiply-adds.
        let gflopsPerSecond: Double?
        let peakShare: Double?
        let gigabytesPerSecond: Double?

        enum CodingKeys: String, CodingKey {
            case operation, calls, seconds, share, flops, bytes, elements
            case gflopsPerSecond = "gflops_per_second"
            case peakShare = "peak_share"
            case gigabytesPerSecond = "gigabytes_per_second"
        }

        /// - Parameters:
        ///   - total: seconds of all threads.
        ///   - peak: floating-point operations a second of one thread.
        init(_ name: String, _ counts: OperationCounts, of total: Double, peak: Double?) {
            func rate(_ count: Int, _ seconds: Double) -> Double? {
                count > 0 && seconds > 0 ? Double(count) / seconds : nil
            }
            operation = name
            calls = counts.calls
            seconds = Double(counts.nanoseconds) / 1e9
            share = total > 0 ? seconds / total : 0
            (flops, bytes, elements) = (counts.flops, counts.bytes, counts.elements)
            let speed = rate(flops, seconds)
            gflopsPerSecond = speed.map { $0 / 1e9 }
            peakShare = speed.flatMap { speed in peak.flatMap { $0 > 0 ? speed / $0 : nil } }
            gigabytesPerSecond = rate(bytes, seconds).map { $0 / 1e9 }
        }
    }

    /// Wall time of the run, the threads that it had, and the one times the other.
    let seconds: Double
    let threads: Int
    let threadSeconds: Double
    /// Multiply-adds in registers on as many threads, per thread.
    let peakGflopsPerSecond: Double?
    let operations: [Line]
    /// Time outside the kernels: threads starting and waiting, reading and converting galaxies, copies.
    let other: Line
    /// All of it, over the threads' whole time.
    let total: Line

    enum CodingKeys: String, CodingKey {
        case seconds, threads, operations, other, total
        case threadSeconds = "thread_seconds"
        case peakGflopsPerSecond = "peak_gflops_per_second"
    }

    init(_ profile: Profile, seconds: Double, threads: Int, peak: FMAPeak) {
        let threadSeconds = seconds * Double(threads)
        let rate = peak.perThread
        (self.seconds, self.threads, self.threadSeconds) = (seconds, threads, threadSeconds)
        peakGflopsPerSecond = rate.map { $0 / 1e9 }
        operations = NetworkOperation.allCases.compactMap { operation in
            let counts = profile[operation]
            return counts.calls > 0 ? Line(operation.name, counts, of: threadSeconds, peak: rate) : nil
        }
        var whole = profile.total
        var rest = OperationCounts()
        let nanoseconds = Int((threadSeconds * 1e9).rounded())
        rest.nanoseconds = nanoseconds - whole.nanoseconds
        whole.nanoseconds = nanoseconds
        other = Line("other", rest, of: threadSeconds, peak: nil)
        total = Line("total", whole, of: threadSeconds, peak: rate)
    }

    /// A line an operation, in the order of the network.
    var text: String {
        var lines = [["operation", "calls", "ms", "GFLOP/s", "% of peak", "GB/s", "% of time"]]
        lines += (operations + [other, total]).map { line in
            [
                line.operation, line.calls > 0 ? Numbers.grouped(line.calls) : "-",
                Decimals.fixed(line.seconds * 1e3, 1),
                line.gflopsPerSecond.map { Decimals.fixed($0, 1) } ?? "-",
                line.peakShare.map { Decimals.fixed($0 * 100, 1) } ?? "-",
                line.gigabytesPerSecond.map { Decimals.fixed($0, 1) } ?? "-", Decimals.fixed(line.share * 100, 1),
            ]
        }
        let peak = peakGflopsPerSecond.map { "\(Decimals.fixed($0, 1)) GFLOP/s" } ?? "unknown"
        return Columns.text(lines)
            + "Wall times, added up over \(Numbers.counted(threads, "thread")); rates are of one. FLOPs: two for each "
            + "multiply-add of products, convolutions and attention. Peak: \(peak) a thread, multiply-adds in registers.\n"
    }
}
