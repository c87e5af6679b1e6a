import Inference
import Report

/// One line on a terminal that is written over and over, and wiped in the end; silent where nobody watches.
final class ProgressLine {
    private let isShown: Bool
    private let start = ContinuousClock.now
    /// How far the run was when it last got further, and the seconds that took. Galaxies come in batches: measured up to
    /// now, the rate would sag between two of them.
    private var reached = (done: 0, seconds: 0.0)

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func show(_ progress: Progress) {
        guard isShown else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        if progress.done != reached.done { reached = (progress.done, seconds) }
        let rate = reached.seconds > 0 ? Double(reached.done) / reached.seconds : 0
        let text = Self.text(progress, rate: rate, since: seconds - reached.seconds, columns: Console.columns)
        Console.write("\r" + text + "\u{1B}[K")
    }

    func wipe() {
        if isShown { Console.write("\r\u{1B}[K") }
    }

    /// `1,280 of 659,857 galaxies, 412/s, 26:37 left`, shorter where the terminal is too narrow for it: a line that
    /// wraps cannot be written over.
    /// - Parameters:
    ///   - rate: galaxies a second; 0 before the first are done.
    ///   - since: seconds since `progress.done` were done.
    static func text(_ progress: Progress, rate: Double, since: Double, columns: Int) -> String {
        let (done, total) = (Numbers.grouped(progress.done), Numbers.grouped(progress.total))
        var forms = ["\(done) of \(total) galaxies", "\(done)/\(total)"]
        if rate > 0 {
            let left = Numbers.clock(Double(progress.total - progress.done) / rate - since) + " left"
            let speed = Decimals.fixed(rate, 0) + "/s"
            forms = forms.map { "\($0), \(speed), \(left)" } + ["\(speed), \(left)", left]
        }
        // The last column stays free: some terminals wrap as soon as it is written.
        return forms.first { $0.count < columns } ?? ""
    }
}
