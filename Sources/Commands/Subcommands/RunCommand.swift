import ArgumentParser
import AstroMAE
import Runs
import FoundationEssentials
import Inference
import Platform
import Report

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a fan-out on this machine.",
        usage: "cai run <payload.json> [<options>]",
        discussion: """
            Does what the state machine does on AWS: initialize, a worker for each rank, summarize. Ranks are run one \
            after another, each on all threads; one that fails does not stop the others. Exits with 1 where more \
            failed than the run tolerates.

            Partitions are the objects below data_prefix with an ending that 'cai infer' takes from a folder; others, and \
            those whose name begins with a dot, are left out and counted in a warning and in summary.json.

            EXAMPLES
              cai run payload.json --store file:///data       buckets are folders in /data
              cai run payload.json --threads 8 --json         partitions and results in S3
              cai run payload.json --store file:///data --repeat 1000
            """)

    @Argument(
        help: ArgumentHelp("The run's input as JSON; - for the standard input.", valueName: "payload.json"),
        completion: .file())
    var payload: String

    @OptionGroup var options: FanOutOptions

    @Option(
        help: ArgumentHelp(
            "Of the Linear layers' operands: float32, or bf16: the input's 'precision'.", valueName: "precision"))
    var precision: Precision?

    @Option(
        name: [.customShort("j"), .long],
        help: ArgumentHelp(
            "Threads; no effect on results. Default: the processors this process may use.", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Run N partitions, repeating the existing ones: the input's 'repeat'.",
            valueName: "n"))
    var `repeat`: Int?

    @Flag(help: "Print the summary as a JSON object on standard output.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Print no progress, notices or summary; warnings stay.")
    var quiet = false

    func validate() throws {
        try requireName(payload, of: "payload.json")
        try requireThreads(threads)
        try requireNumber(`repeat`, of: "--repeat", in: 1...InitializeInput.mostRanks)
    }

    func run() throws {
        let input = try InitializeInput(
            try FanOutOptions.event(payload), name: FanOutOptions.name(payload), repeated: `repeat`,
            precision: precision)
        let handlers = try options.handlers(threads: threads)
        let begun = try handlers.begin(input)
        begun.warnings.forEach(Console.warn)
        let warned = work(begun, handlers.worker)
        let report = try handlers.summarize.run(
            SummarizeEvent(manifest: begun.manifest.place, runID: begun.manifest.runID))
        report.warn(except: warned)
        if json { try StandardOutput.write(json: RunAnswer(report: report)) }
        if !quiet {
            if !report.failed.isEmpty, report.isTolerable { Console.warn(report.failureText) }
            Console.write(report.text)
        }
        guard report.isTolerable else { throw Failure(.incomplete, report.failureText) }
    }

    /// Runs the items, rank after rank.
    /// - Returns: the warnings of their results, which are printed while they run.
    private func work(_ begun: InitializeResult, _ worker: Worker) -> Set<String> {
        let line = RankLine(isShown: !quiet, before: begun.manifest.ranks - begun.items.count)
        var warnings: Set<String> = []
        for (done, item) in begun.items.enumerated() {
            do throws(Failure) {
                let result = try worker.run(item) { line.show(item.rank, done: done, of: begun.items.count, $0) }
                line.galaxies += result.galaxies - (result.earlierGalaxies ?? 0)
                for warning in result.warnings where warnings.insert(warning).inserted {
                    line.wipe()
                    Console.warn(warning)
                }
            } catch {
                line.wipe()
                Console.warn("\(error)")
            }
        }
        line.wipe()
        return warnings
    }
}

extension RunReport {
    /// A few lines for people.
    fileprivate var text: String {
        headline + "; workers \(Decimals.fixed(workerSeconds, 2)) s, of which computing "
            + "\(Decimals.fixed(inferenceSeconds, 2)) s\n" + (quality.map { $0.reference.line + "\n" } ?? "")
            + "results: \(bucket)/\(keys.summary) and beside it\n"
    }
}
