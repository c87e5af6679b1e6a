import ArgumentParser
import Runs
import FoundationEssentials
import Inference
import Platform
import Report

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a whole fan-out on this machine.",
        discussion: """
            Does what the state machine does on AWS: initialize, a worker for each rank, summarize. Ranks are run one \
            after another, each on all threads; one that fails does not stop the others. Exits with 1 where more \
            failed than the run tolerates.

            EXAMPLES
              cai run payload.json --store file:///data       buckets are folders in /data
              cai run payload.json --threads 8 --json         partitions and results in S3
              cai run payload.json --store file:///data --repeat 1000   the same partitions again and again
            """)

    @Argument(help: ArgumentHelp("The run's input as JSON; - for the standard input.", valueName: "payload.json"))
    var payload: String

    @OptionGroup var options: FanOutOptions

    @Option(
        help: ArgumentHelp(
            "Threads; bits do not depend on it. Default: the processors this process may use.", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Run N partitions, the first ones again where those that there are end: the input's 'repeat'.",
            valueName: "n"))
    var `repeat`: Int?

    @Flag(help: "Print the summary as a JSON object on the standard output.")
    var json = false

    @Flag(help: "No progress, no notices, no summary; warnings stay.")
    var quiet = false

    func validate() throws {
        try requireName(payload, of: "payload.json")
        try requireThreads(threads)
        if let `repeat`, !(1...InitializeInput.mostRanks).contains(`repeat`) {
            throw ValidationError("--repeat: expected 1 to \(InitializeInput.mostRanks), found \(`repeat`)")
        }
    }

    func run() throws {
        let input = try InitializeInput(try EventFile.read(payload), repeated: `repeat`)
        let handlers = try options.handlers(threads: threads)
        let begun = try handlers.initialize.run(input)
        FanOutNotices.show(begun.warnings)
        work(begun, handlers.worker)
        let report = try handlers.summarize.run(SummarizeEvent(manifest: begun.manifest.place))
        if json { try FanOutNotices.write(RunAnswer(report: report)) }
        if !quiet {
            if !report.failed.isEmpty, report.isTolerable { Console.report("warning: \(report.failureText)") }
            Console.write(report.text)
        }
        guard report.isTolerable else { throw Failure(report.failureText) }
    }

    /// Runs the items, rank after rank.
    private func work(_ begun: InitializeResult, _ worker: Worker) {
        let line = RankLine(isShown: !quiet, total: begun.items.count)
        var notices: Set<String> = []
        for (done, item) in begun.items.enumerated() {
            do throws(Failure) {
                let result = try worker.run(item) { line.show(ranks: done, $0) }
                line.finish(galaxies: result.galaxies)
                for notice in result.notices where !quiet && notices.insert(notice).inserted {
                    line.wipe()
                    Console.report("notice: \(notice)")
                }
            } catch {
                line.wipe()
                Console.report("warning: \(error)")
            }
        }
        line.wipe()
    }
}

/// `rank 3 of 12: 1,280 of 5,113 galaxies, 890/s, 0:48 left`, on a terminal only.
private final class RankLine {
    private let line: StatusLine
    private let total: Int
    private let start = ContinuousClock.now
    /// Galaxies of the ranks that are done.
    private var galaxies = 0

    init(isShown: Bool, total: Int) {
        line = StatusLine(isShown: isShown)
        self.total = total
    }

    /// - Parameter ranks: that are done.
    func show(ranks: Int, _ progress: Progress) {
        guard line.isShown else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rank = "rank \(Numbers.grouped(ranks + 1)) of \(Numbers.grouped(total))"
        var forms = ["\(rank): \(Numbers.grouped(progress.done)) of \(Numbers.grouped(progress.total)) galaxies", rank]
        // Ranks are of about as many galaxies each; how many those to come have is not known.
        let part = progress.total > 0 ? Double(progress.done) / Double(progress.total) : 0
        let share = (Double(ranks) + part) / Double(max(1, total))
        if share > 0, seconds > 0 {
            let speed = Decimals.fixed(Double(galaxies + progress.done) / seconds, 0) + "/s"
            let left = Numbers.clock(seconds * (1 - share) / share) + " left"
            forms = forms.map { "\($0), \(speed), \(left)" } + forms
        }
        line.write(StatusLine.fitting(forms, columns: Console.columns))
    }

    func finish(galaxies count: Int) { galaxies += count }

    func wipe() { line.wipe() }
}

extension RunReport {
    /// A few lines for people.
    fileprivate var text: String {
        var text =
            Numbers.counted(galaxies, "galaxy", "galaxies") + " by " + Numbers.counted(ranks, "rank")
            + (failedCount == 0 ? "" : " (\(Numbers.grouped(failedCount)) failed)")
            + " in \(Decimals.fixed(wallSeconds, 2)) s"
            + (galaxiesPerSecond.map { ", \(Decimals.fixed($0, 1)) galaxies/s" } ?? "")
            + "; workers \(Decimals.fixed(workerSeconds, 2)) s, of which computing "
            + "\(Decimals.fixed(inferenceSeconds, 2)) s\n"
        if let quality {
            text += quality.reference.lines.map { "\($0.name) \($0.valueText)" }.joined(separator: ", ") + "\n"
        }
        return text + "results: \(bucket)/\(keys.summary) and beside it\n"
    }
}
