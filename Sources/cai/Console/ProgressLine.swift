import Inference
import Platform

/// The progress of a run, on a terminal only.
final class ProgressLine {
    private let line: StatusLine
    private let start = ContinuousClock.now
    /// The progress at its last change, and the seconds until then. Galaxies are done in batches: a rate measured up to now
    /// would drop between two of them.
    private var reached = (done: 0, seconds: 0.0)

    init(isShown: Bool) { line = StatusLine(isShown: isShown) }

    func show(_ progress: Progress) {
        guard line.isShown else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        if progress.done != reached.done { reached = (progress.done, seconds) }
        let rate = reached.seconds > 0 ? Double(reached.done) / reached.seconds : 0
        line.write(Self.text(progress, rate: rate, since: seconds - reached.seconds, columns: Console.columns))
    }

    func wipe() { line.wipe() }

    /// `1,280 of 659,857 galaxies, 412/s, 26:37 left`, shorter where the terminal is too narrow for it.
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
        return StatusLine.fitting(forms, columns: columns)
    }
}
