import ArgumentParser
import Runs
import Platform

struct InitializeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "initialize",
        abstract: "List the partitions of a fan-out and assign them to workers.",
        discussion: """
            Reads a run's input (bucket, result_path, data_bucket, data_prefix, ...; docs/RESULTS.md has all keys), \
            writes manifest.json under its result_path and RUN_ID/items.json below it, and prints what AWS Lambda \
            would return.

            EXAMPLES
              cai initialize payload.json --store file:///data
              cai initialize - < payload.json
            """,
        shouldDisplay: false)

    @Argument(
        help: ArgumentHelp("The run's input as JSON; - for the standard input.", valueName: "event.json"),
        completion: .file())
    var event: String

    @OptionGroup var options: FanOutOptions

    func validate() throws { try requireName(event, of: "event.json") }

    func run() throws {
        let input = try InitializeInput(try FanOutOptions.event(event), name: FanOutOptions.name(event))
        let result = try options.handlers().initialize.run(input)
        result.warnings.forEach(Console.warn)
        try StandardOutput.write(json: result.json)
    }
}

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run one worker of a fan-out.",
        discussion: """
            Reads an item of items.json, predicts its partitions' galaxies, writes predictions/RANK.csv and then \
            RANK.json in the folder RUN_ID of its RESULT_PATH, and prints the latter.

            EXAMPLES
              cai worker item.json --store file:///data
            """,
        shouldDisplay: false)

    @Argument(
        help: ArgumentHelp("An item of items.json; - for the standard input.", valueName: "event.json"),
        completion: .file())
    var event: String

    @OptionGroup var options: FanOutOptions

    @Option(
        name: [.customShort("j"), .long],
        help: ArgumentHelp(
            "Threads; no effect on results. Default: the processors this process may use.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        try requireName(event, of: "event.json")
        try requireThreads(threads)
    }

    func run() throws {
        let item = try WorkerItem(try FanOutOptions.event(event), name: FanOutOptions.name(event))
        let line = ProgressLine(isShown: true)
        defer { line.wipe() }
        let result = try options.handlers(threads: threads).worker.run(item) { line.show($0) }
        line.wipe()
        try StandardOutput.write(json: result)
    }
}

struct SummarizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summarize",
        abstract: "End a fan-out: join the workers' results.",
        discussion: """
            Reads what 'cai initialize' printed, or {"manifest": {"bucket": ..., "key": ...}}, and writes \
            predictions.csv, combined_data.json and summary.json. Where ranks are missing or unreadable and the run \
            tolerates it, the table is predictions.partial.csv; where it tolerates fewer, there is none, and the exit \
            status is 1.

            EXAMPLES
              cai initialize payload.json > run.json && cai summarize run.json
            """,
        shouldDisplay: false)

    @Argument(
        help: ArgumentHelp("Initialize's result; - for the standard input.", valueName: "event.json"),
        completion: .file())
    var event: String

    @OptionGroup var options: FanOutOptions

    func validate() throws { try requireName(event, of: "event.json") }

    func run() throws {
        let report = try options.handlers().summarize.run(
            try SummarizeEvent(try FanOutOptions.event(event), name: FanOutOptions.name(event)))
        try StandardOutput.write(json: RunAnswer(report: report))
        guard report.isTolerable else { throw Failure(.incomplete, report.failureText) }
    }
}
