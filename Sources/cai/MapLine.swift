import Cloud
import Report

/// How far the Map is, on a terminal only: `312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:48 left`.
final class MapLine {
    let isShown: Bool
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant?

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func show(_ counts: MapRun.ItemCounts) {
        guard isShown else { return }
        let begun = start ?? clock.now
        start = begun
        let seconds = (clock.now - begun) / .seconds(1)
        Console.write("\r" + Self.text(counts, seconds: seconds, columns: Console.columns) + "\u{1B}[K")
    }

    func wipe() {
        if isShown { Console.write("\r\u{1B}[K") }
    }

    /// As much of it as fits: a line that wraps cannot be written over.
    /// - Parameter seconds: since the Map was first seen.
    static func text(_ counts: MapRun.ItemCounts, seconds: Double, columns: Int) -> String {
        var parts = ["\(Numbers.grouped(counts.done)) of \(Numbers.grouped(counts.total)) ranks"]
        if counts.running > 0 { parts.append("\(Numbers.grouped(counts.running)) running") }
        if counts.pending > 0 { parts.append("\(Numbers.grouped(counts.pending)) pending") }
        if counts.lost > 0 { parts.append("\(Numbers.grouped(counts.lost)) failed") }
        if counts.done > 0, seconds > 0 {
            let rate = Double(counts.done) / seconds
            parts.append("\(Decimals.fixed(rate, 1))/s")
            parts.append(Numbers.clock(Double(counts.total - counts.done) / rate) + " left")
        }
        let forms = (1...parts.count).reversed().map { parts.prefix($0).joined(separator: ", ") }
        // The last column stays free: some terminals wrap as soon as it is written.
        return forms.first { $0.count < columns } ?? ""
    }
}
