import Cloud
import Experiment
import Inference
import Platform

/// One line on a terminal that is overwritten, and wiped at the end. Nothing is written where the output is not a terminal.
class StatusLine {
    let isShown: Bool

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func write(_ text: String) { if isShown { Console.write("\r" + text + "\u{1B}[K") } }

    func wipe() { write("") }

    /// The first form that fits into `columns`: a line that wraps cannot be overwritten.
    static func fitting(_ forms: [String], columns: Int = Console.columns) -> String {
        // The last column is left free: some terminals wrap once it is written.
        forms.first { $0.count < columns } ?? ""
    }
}

/// The progress of a run.
final class ProgressLine: StatusLine {
    private let start = ContinuousClock.now
    /// The progress at its last change, and the seconds until then. Galaxies are done in batches: a rate measured up to now
    /// would drop between two of them.
    private var reached = (done: 0, seconds: 0.0)

    func show(_ progress: Progress) {
        guard isShown else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let done = progress.done - progress.before
        if done != reached.done { reached = (done, seconds) }
        let rate = reached.seconds > 0 ? Double(reached.done) / reached.seconds : 0
        write(Self.text(progress, rate: rate, since: seconds - reached.seconds, columns: Console.columns))
    }

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
        return fitting(forms, columns: columns)
    }
}

/// `2 of 12 ranks, rank 2: 1,280 of 5,113 galaxies, 890/s, 0:48 left`
final class RankLine: StatusLine {
    private let start = ContinuousClock.now
    /// Galaxies of the ranks that this run has finished.
    var galaxies = 0
    /// Ranks that an earlier run had finished.
    private let before: Int

    init(isShown: Bool, before: Int = 0) {
        self.before = before
        super.init(isShown: isShown)
    }

    /// - Parameters:
    ///   - rank: which is being computed, from 0.
    ///   - done: the number of ranks that this run has finished.
    ///   - total: the number of ranks that this run has to do.
    func show(_ rank: Int, done: Int, of total: Int, _ progress: Progress) {
        guard isShown else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        write(
            Self.fitting(
                Self.forms(
                    rank, done: done, of: total, before: before, progress, galaxies: galaxies, seconds: seconds)))
    }

    /// The line, from the longest to the shortest form.
    /// - Parameters:
    ///   - before: ranks of an earlier run: counted, but no part of the rate.
    ///   - galaxies: of the ranks that this run has finished.
    static func forms(
        _ rank: Int, done: Int, of total: Int, before: Int, _ progress: Progress, galaxies: Int, seconds: Double
    ) -> [String] {
        let ranks = "\(Numbers.grouped(before + done)) of \(Numbers.grouped(before + total)) ranks"
        let amount = "\(Numbers.grouped(progress.done)) of \(Numbers.grouped(progress.total)) galaxies"
        let forms = ["\(ranks), rank \(rank): \(amount)", ranks]
        // Ranks have about the same number of galaxies; that of later ones is not known.
        let computed = progress.done - progress.before
        func share(_ count: Int) -> Double { progress.total > 0 ? Double(count) / Double(progress.total) : 0 }
        let computedRanks = Double(done) + share(computed)
        let remaining = share(progress.total - progress.done) + Double(max(0, total - done - 1))
        guard computedRanks > 0, seconds > 0 else { return forms }
        let speed = Decimals.fixed(Double(galaxies + computed) / seconds, 0) + "/s"
        let left = Numbers.clock(seconds * remaining / computedRanks) + " left"
        return forms.map { "\($0), \(speed), \(left)" } + forms
    }
}

/// The progress of the Map state: `312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:48 left`.
final class MapLine: StatusLine {
    /// When the Map state was first seen, and the ranks done by then.
    private var first: (time: ContinuousClock.Instant, done: Int)?

    func show(_ counts: MapRun.ItemCounts) {
        guard isShown else { return }
        let now = ContinuousClock.now
        let first = first ?? (now, counts.done)
        self.first = first
        let seconds = (now - first.time) / .seconds(1)
        let rate = seconds > 0 ? Double(counts.done - first.done) / seconds : 0
        write(Self.text(counts, rate: rate, columns: Console.columns))
    }

    /// As much of the line as fits.
    /// - Parameter rate: ranks a second; 0 where it is unknown.
    static func text(_ counts: MapRun.ItemCounts, rate: Double, columns: Int) -> String {
        var parts = ["\(Numbers.grouped(counts.done)) of \(Numbers.grouped(counts.total)) ranks"]
        for (count, state) in [(counts.running, "running"), (counts.pending, "pending"), (counts.lost, "failed")]
        where count > 0 {
            parts.append("\(Numbers.grouped(count)) \(state)")
        }
        if rate > 0 {
            parts.append("\(Decimals.fixed(rate, 1))/s")
            parts.append(Numbers.clock(Double(counts.total - counts.done) / rate) + " left")
        }
        let forms = (1...parts.count).reversed().map { parts.prefix($0).joined(separator: ", ") }
        return fitting(forms, columns: columns)
    }
}

/// The progress of an experiment, and a line for each finished run, which is not only for terminals.
final class ExperimentLine: StatusLine {
    /// `cutting partitions: 3 of 41`
    func show(cut progress: Progress) {
        write(Self.fitting(["cutting partitions: \(progress.done) of \(progress.total)"]))
    }

    /// `run 5 of 27: 25 MB, 4GB, batch 512, run 2: 12,345 of 209,592 galaxies, 950/s, 12:34 left`, and shorter.
    func show(_ status: Experiment.Status) {
        guard isShown else { return }
        let (run, progress) = (status.run, status.progress)
        let place = "run \(status.done + 1) of \(status.total)"
        let left = status.secondsLeft.map { ", " + Numbers.clock($0) + " left" } ?? ""
        let rate = status.seconds > 0 ? Double(progress.done) / status.seconds : 0
        let speed = progress.unit == .galaxies && rate > 0 ? ", \(Decimals.fixed(rate, 0))/s" : ""
        let amount = "\(Numbers.grouped(progress.done)) of \(Numbers.grouped(progress.total)) \(progress.unit.rawValue)"
        write(
            Self.fitting([
                "\(place), \(run.path): \(amount)\(speed)\(left)", "\(place): \(amount)\(speed)\(left)",
                "\(place)\(speed)\(left)", "\(place)\(left)", place,
            ]))
    }

    /// `[5 of 27] result-partition-25MB/4GB/2: 209,592 galaxies in 220.63 s, 950.0 galaxies/s`
    func finished(_ run: ExperimentRecord.Run, done: Int, of total: Int) {
        wipe()
        Console.write(
            "[\(done) of \(total)] \(run.path): \(Numbers.counted(run.galaxies, "galaxy", "galaxies")) in "
                + "\(Decimals.fixed(run.wallSeconds, 2)) s, \(Decimals.fixed(run.galaxiesPerSecond, 1)) galaxies/s\n")
    }
}
