import ArgumentParser
import Inference
import Platform
import Report
import Runs

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Make tables of runs from their result files.",
        usage: "cai stats <tree> ... [<options>]",
        discussion: """
            Reads trees of results, as the published system or 'cai experiment' lay them out \
            (result-partition-25MB/1GB/1/combined_data.json, .../1GB/Batches/32/1/..., .../1GB/Threads/2/1/...), and \
            writes result_stats.csv, batch_varying_results.csv and more into a folder. Prints the means, the \
            wall-clock rates of runs if known, and the limits of the data.

            With --check an existing table is compared with the trees instead, cell by cell. Any difference is printed, \
            and makes the exit status 1.

            docs/STATISTICS.md has the formulas.

            EXAMPLES
              cai stats results -o tables
              cai stats result-partition-25MB result-partition-100MB --json
              cai stats results -o tables --durations state_machine_logs.csv
              cai stats --check result_stats.csv results
            """)

    @Argument(
        help: ArgumentHelp(
            "Folders that hold result-partition-...MB folders, or such folders themselves.", valueName: "tree"),
        completion: .directory)
    var trees: [String]

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Folder of the tables; created if it does not exist.", valueName: "folder"),
        completion: .directory)
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Durations of runs: state_machine_logs.csv or total_execution_time.csv. May be repeated; the first that "
                + "contains a run counts.", valueName: "csv"), completion: .file())
    var durations: [String] = []

    @Option(help: ArgumentHelp("Compare this table with the trees.", valueName: "csv"), completion: .file())
    var check: String?

    @Flag(help: "Print everything as a JSON object.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Do not print the names of written files.")
    var quiet = false

    func validate() throws {
        for tree in trees { try requireName(tree, of: "tree") }
        for log in durations { try requireName(log, of: "--durations") }
        if let output { try requireName(output, of: "--output") }
        if let check { try requireName(check, of: "--check") }
        if check != nil, output != nil {
            throw ValidationError("--check and --output: expected one of them, found both")
        }
    }

    func run() throws {
        let logs = try durations.map { path throws(Failure) in try DurationLog(csvFile: path) }
        let durations = RunDurations(logs)
        let tree = try ResultTree(trees)
        let tables = ResultTables(tree, durations: durations)
        if let check { return try Self.report(try TableCheck(csvFile: check, tables), json: json) }
        let caveats = Caveats(tree, durations: durations)
        let files = tables.files
        if let output {
            let folder = try OutputFolder(output)
            try OutputFile.check(folder.outputs(files.map(\.name)), sparing: self.durations)
            for file in files {
                let path = folder.file(file.name)
                let isReplaced = FileNotices.exists(path)
                try folder.write(file.table.csv, to: file.name)
                if !quiet { Console.report("\(isReplaced ? "replaced" : "wrote") \(path)") }
            }
        }
        try StandardOutput.write(
            [
                "result_stats": tables.resultStats, "threads_varying_results": tables.threadsVarying,
                "batch_varying_results": tables.batchVarying.map { set -> JSONObject in
                    ["set": set.key.text, "rows": set.table]
                }, "result_stats_adjusted": tables.adjusted, "wall_clock_results": tables.wallClock,
                "caveats": caveats.all,
            ] as JSONObject, asJSON: json, text: StatsText(tree: tree, tables: tables, caveats: caveats).text)
    }

    /// - Throws: `Failure` where there is a difference.
    private static func report(_ check: TableCheck, json: Bool) throws {
        let set = check.set.map { " (\($0))" } ?? ""
        let differences = check.differences.map { "\(check.file): \($0.text)\n" }.joined()
        let compared =
            "\(check.table)\(set): \(Numbers.counted(check.cells, "cell")) of "
            + "\(Numbers.counted(check.rows, "row")) compared, "
            + (check.differences.isEmpty ? "no difference" : Numbers.counted(check.differences.count, "difference"))
        try StandardOutput.write(check, asJSON: json, text: (differences + compared + "\n").printableLines)
        guard check.differences.isEmpty else {
            throw Failure(
                "\(check.file): expected what the trees give, found "
                    + Numbers.counted(check.differences.count, "difference"))
        }
    }
}

/// The means of a result tree and remarks on them, as text.
struct StatsText {
    let tree: ResultTree
    let tables: ResultTables
    let caveats: Caveats

    var text: String {
        let ranks = tree.runs.reduce(0) { $0 + $1.ranks.count }
        var text = "\(Numbers.counted(tree.runs.count, "run")), \(Numbers.counted(ranks, "rank"))\n"
        text += Columns.text(
            [["mean of runs", "runs", "ranks", "rank's time s", "sum of ranks Mbit/s"]]
                + tables.groups.map { group in
                    [
                        group.key.text, "\(group.runs.count)", Self.ranks(of: group),
                        Self.number(group.mean(\.statistics.seconds), 2),
                        Self.number(group.mean(\.statistics.throughput).map { $0 / 1e6 }, 1),
                    ]
                }, margin: "  ")
        text += wallClock
        if !caveats.all.isEmpty {
            text += "\nLimits of these data\n"
            let groups = caveats.groups
            text += groups.map { "  \($0.text())\n" }.joined()
            if groups.contains(where: { $0.count > 1 }) { text += "  --json names all\n" }
        }
        return text.printableLines
    }

    /// The wall-clock rates, run by run.
    private var wallClock: String {
        let durations = tables.durations
        let known = tree.runs.compactMap { run in durations.duration(of: run).map { (run, $0) } }
        guard !known.isEmpty else { return "" }
        return "\n"
            + Columns.text(
                [["wall clock", "run", "galaxies", "s", "galaxies/s", "Mbit/s", "from"]]
                    + known.map { run, duration in
                        [
                            run.key.group.text, run.key.run, Numbers.grouped(run.statistics.galaxies),
                            Self.number(duration.seconds, 2),
                            Self.number(Double(run.statistics.galaxies) / duration.seconds, 1),
                            Self.number(run.statistics.bits / duration.seconds / 1e6, 1), duration.source.text,
                        ]
                    }, texts: [0, 6], margin: "  ")
    }

    /// 41, or 40-41 where runs differ.
    private static func ranks(of group: RunGroup) -> String {
        let counts = group.runs.map(\.ranks.count)
        guard let least = counts.min(), let most = counts.max() else { return "" }
        return least == most ? "\(least)" : "\(least)-\(most)"
    }

    private static func number(_ value: Double?, _ decimals: Int) -> String {
        value.map { Decimals.grouped($0, decimals) } ?? ""
    }
}

extension String {
    /// Lines of which none holds what a terminal would obey.
    var printableLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
    }
}
