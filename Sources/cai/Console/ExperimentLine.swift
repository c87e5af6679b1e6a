import Experiment
import Inference
import Platform
import Report

/// The progress of an experiment, on a terminal; and a line for each finished run.
final class ExperimentLine {
    private let isShown: Bool
    private let line: StatusLine

    init(isShown: Bool) {
        self.isShown = isShown
        line = StatusLine(isShown: isShown)
    }

    /// `cutting partitions: 3 of 41`
    func show(cut progress: Progress) {
        line.write(
            StatusLine.fitting(["cutting partitions: \(progress.done) of \(progress.total)"], columns: Console.columns))
    }

    func show(_ status: Experiment.Status) {
        guard line.isShown else { return }
        line.write(StatusLine.fitting(Self.forms(status), columns: Console.columns))
    }

    /// `run 5 of 27: 25 MB, 4GB, batch 512, run 2: 12,345 of 209,592 galaxies, 950/s, 12:34 left`, and shorter.
    static func forms(_ status: Experiment.Status) -> [String] {
        let (run, progress) = (status.run, status.progress)
        let place = "run \(status.done + 1) of \(status.total)"
        let left = status.secondsLeft.map { ", " + Numbers.clock($0) + " left" } ?? ""
        let rate = status.seconds > 0 ? Double(progress.done) / status.seconds : 0
        let speed = progress.unit == .galaxies && rate > 0 ? ", \(Decimals.fixed(rate, 0))/s" : ""
        let amount = "\(Numbers.grouped(progress.done)) of \(Numbers.grouped(progress.total)) \(progress.unit.rawValue)"
        return [
            "\(place), \(run.path): \(amount)\(speed)\(left)", "\(place): \(amount)\(speed)\(left)",
            "\(place)\(speed)\(left)", "\(place)\(left)", place,
        ]
    }

    func finished(_ run: ExperimentRecord.Run, _ planned: PlannedRun, done: Int, of total: Int) {
        guard isShown else { return }
        line.wipe()
        Console.write(Self.text(run, planned, done: done, of: total))
    }

    /// `[5 of 27] result-partition-25MB/4GB/2: 209,592 galaxies in 220.63 s, 950.0 galaxies/s`
    static func text(_ run: ExperimentRecord.Run, _ planned: PlannedRun, done: Int, of total: Int) -> String {
        "[\(done) of \(total)] \(run.path): \(Numbers.counted(run.galaxies, "galaxy", "galaxies")) in "
            + "\(Decimals.fixed(run.wallSeconds, 2)) s, \(Decimals.fixed(run.galaxiesPerSecond, 1)) galaxies/s\n"
    }

    func wipe() { line.wipe() }
}
