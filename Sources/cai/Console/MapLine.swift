import Cloud
import Platform

/// The progress of the Map state, on a terminal only: `312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:48 left`.
final class MapLine {
    private let line: StatusLine
    private let clock = ContinuousClock()
    /// When the Map state was first seen, and the ranks done by then.
    private var first: (time: ContinuousClock.Instant, done: Int)?

    init(isShown: Bool) { line = StatusLine(isShown: isShown) }

    var isShown: Bool { line.isShown }

    func show(_ counts: MapRun.ItemCounts) {
        guard isShown else { return }
        let now = clock.now
        let first = first ?? (now, counts.done)
        self.first = first
        let seconds = (now - first.time) / .seconds(1)
        let rate = seconds > 0 ? Double(counts.done - first.done) / seconds : 0
        line.write(Self.text(counts, rate: rate, columns: Console.columns))
    }

    func wipe() { line.wipe() }

    /// As much of the line as fits.
    /// - Parameter rate: ranks a second; 0 where it is unknown.
    static func text(_ counts: MapRun.ItemCounts, rate: Double, columns: Int) -> String {
        var parts = ["\(Numbers.grouped(counts.done)) of \(Numbers.grouped(counts.total)) ranks"]
        if counts.running > 0 { parts.append("\(Numbers.grouped(counts.running)) running") }
        if counts.pending > 0 { parts.append("\(Numbers.grouped(counts.pending)) pending") }
        if counts.lost > 0 { parts.append("\(Numbers.grouped(counts.lost)) failed") }
        if rate > 0 {
            parts.append("\(Decimals.fixed(rate, 1))/s")
            parts.append(Numbers.clock(Double(counts.total - counts.done) / rate) + " left")
        }
        let forms = (1...parts.count).reversed().map { parts.prefix($0).joined(separator: ", ") }
        return StatusLine.fitting(forms, columns: columns)
    }
}
