import AstroMAE
import Inference
import Platform

/// Where the time of a run went, operation by operation: the `profile` of `infer --json`, and its table.
struct ProfileReport {
    /// An operation's part; rates are those of one thread while it is in the operation.
    private struct Line {
        let operation: String
        let counts: OperationCounts
        /// Of all threads together.
        let seconds: Double
        /// Of the threads' time.
        let share: Double
        /// nil where an operation has no multiply-adds.
        let gflopsPerSecond: Double?
        let peakShare: Double?
        let gigabytesPerSecond: Double?

        /// - Parameters:
        ///   - total: seconds of all threads.
        ///   - peak: floating-point operations a second of one thread.
        init(_ name: String, _ counts: OperationCounts, of total: Double, peak: Double?) {
            let seconds = Double(counts.nanoseconds) / 1e9
            func rate(_ count: Int) -> Double? { count > 0 && seconds > 0 ? Double(count) / seconds : nil }
            (operation, self.counts, self.seconds) = (name, counts, seconds)
            share = total > 0 ? seconds / total : 0
            let speed = rate(counts.flops)
            gflopsPerSecond = speed.map { $0 / 1e9 }
            peakShare = speed.flatMap { speed in peak.flatMap { $0 > 0 ? speed / $0 : nil } }
            gigabytesPerSecond = rate(counts.bytes).map { $0 / 1e9 }
        }

        var json: JSONObject {
            [
                "operation": operation, "calls": counts.calls, "seconds": seconds, "share": share,
                "flops": counts.flops, "bytes": counts.bytes, "elements": counts.elements,
                "gflops_per_second": gflopsPerSecond, "peak_share": peakShare,
                "gigabytes_per_second": gigabytesPerSecond,
            ]
        }
    }

    /// Wall time of the run, and the threads that it had.
    private let seconds: Double
    private let threads: Int
    /// Multiply-adds in registers on as many threads, per thread.
    private let peakGflopsPerSecond: Double?
    private let operations: [Line]
    /// Time outside the kernels: threads starting and waiting, reading and converting galaxies, copies.
    private let other: Line
    /// All of it, over the threads' whole time.
    private let total: Line

    init(_ profile: Profile, seconds: Double, threads: Int, peak: FMAPeak) {
        let threadSeconds = seconds * Double(threads)
        let rate = peak.perThread
        (self.seconds, self.threads) = (seconds, threads)
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

    var json: JSONObject {
        [
            "seconds": seconds, "threads": threads, "thread_seconds": seconds * Double(threads),
            "peak_gflops_per_second": peakGflopsPerSecond, "operations": operations.map(\.json), "other": other.json,
            "total": total.json,
        ]
    }

    /// A line an operation, in the order of the network.
    var text: String {
        var lines = [["operation", "calls", "ms", "GFLOP/s", "% of peak", "GB/s", "% of time"]]
        lines += (operations + [other, total]).map { line in
            [
                line.operation, line.counts.calls > 0 ? Numbers.grouped(line.counts.calls) : "-",
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
