import ArgumentParser
import Cloud
import Runs
import Inference
import Platform
import Report

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw predictions, a run or an experiment as one page.",
        usage: "cai report <input> [<options>]",
        discussion: """
            INPUT is predictions as 'cai infer' writes them (.csv, .csv.gz, .jsonl, .fits or .h5; /dev/stdin for a \
            pipe), the folder of a 'cai run', s3://bucket/key of either, or a tree of runs of 'cai experiment' or the \
            published system. The page is one HTML file without external resources, in light and dark colours, fit for \
            printing.

            For predictions it shows predicted against spectroscopic redshift, residuals along redshift, the distribution of \
            dz, both families of measures with 95% intervals of the bootstrap, and quality by redshift; without z_spec, the \
            distribution of redshifts. For a run also its ranks over time, calls to the store and cost. For a tree, time \
            and throughput against data size, batch size and threads. With --galaxies and --within also a plan for so \
            many galaxies, at the rate of these runs.

            The same input gives the same bytes. docs/REPORTS.md defines each number.

            EXAMPLES
              cai report predictions.csv
              cai report predictions.csv -o page.html --figures figures/
              cai infer data/ --quiet | cai report /dev/stdin -o page.html
              cai report s3://bucket/run-1/ -o run-1.html --title 'Run 1'
              cai report labelled.csv --calibration calibration.json
              cai report results/ -o runs.html --reference reference.csv
              cai report results/run-1 --galaxies 500000 --within 60s
            """)

    @Argument(
        help: ArgumentHelp(
            "Predictions, a run's folder, a tree of runs, or an s3:// URL of the first two.", valueName: "input"),
        completion: .file())
    var input: String

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The page; - for the standard output.", valueName: "page.html"), completion: .file())
    var output = "report.html"

    @Option(
        help: ArgumentHelp("Also write each figure as an .svg file into this folder.", valueName: "folder"),
        completion: .directory)
    var figures: String?

    @Option(help: ArgumentHelp("The page's heading. Default: the name of the input.", valueName: "text"))
    var title: String?

    @Option(
        help: ArgumentHelp(
            "Of a tree: durations of its runs, as for 'cai stats'. May be repeated.", valueName: "csv"),
        completion: .file())
    var durations: [String] = []

    @Option(
        help: ArgumentHelp(
            "Of a tree: published measurements to draw beside it, in the form of docs/results/reference.csv.",
            valueName: "csv"),
        completion: .file())
    var reference: String?

    @Option(
        help: ArgumentHelp(
            "Of a file of predictions: print the coverage of intervals by a file of 'cai calibrate'.", valueName: "file"
        ),
        completion: .file())
    var calibration: String?

    @Option(
        help: ArgumentHelp(
            "Of a run or a tree: galaxies to plan a run on AWS Lambda for, at the rate of these runs; with --within.",
            valueName: "n"))
    var galaxies: Int?

    @Option(help: ArgumentHelp("With --galaxies: latest end of the planned run: 60s, 5min.", valueName: "time"))
    var within: Seconds?

    @Flag(help: "Print what was written, and the numbers of the page, as a JSON object.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Do not print the names of written files.")
    var quiet = false

    func validate() throws {
        try requireName(input, of: "input")
        try requireName(output, of: "--output")
        if let figures { try requireName(figures, of: "--figures") }
        if let reference { try requireName(reference, of: "--reference") }
        if let calibration { try requireName(calibration, of: "--calibration") }
        for log in durations { try requireName(log, of: "--durations") }
        try requireNumber(galaxies, of: "--galaxies", in: 1...1_000_000_000_000)
        if let within { try PlanOptions.check(within) }
        if (galaxies == nil) != (within == nil) {
            throw ValidationError("expected --galaxies and --within together, found one of them")
        }
        if json, output == "-" {
            throw ValidationError("--json: the standard output is taken by the page: name a file with --output")
        }
    }

    func run() throws {
        let place = output == "-" ? nil : try OutputFile(output, store: StoreLocator.store(of: [output]))
        let input = try ReportInput(input)
        let document = try ReportDocument(
            input, title: title, beside: try beside(input), coverage: try coverage(of: input),
            planned: try planned(of: input))
        // A folder that cannot be made leaves no page behind.
        let folder = try figures.map { path throws(Failure) in try OutputFolder(path) }
        let drawings = try folder?.outputs(document.figures.map(\.fileName)) ?? []
        try OutputFile.check(
            [place].compactMap(\.self) + drawings,
            sparing: input.files + durations + [reference, calibration].compactMap(\.self))
        let existing = Set(([place?.name].compactMap(\.self) + drawings.map(\.name)).filter(FileNotices.exists))
        var written: [String] = []
        if let place {
            try place.write(Array(document.html.utf8))
            written.append(output)
        } else {
            try StandardOutput.write(document.html)
        }
        if let folder {
            for figure in document.figures { try folder.write(figure.file, to: figure.fileName) }
            written += drawings.map(\.name)
        }
        if json {
            try StandardOutput.write(json: document.summary(page: output, files: written))
        } else if !quiet {
            for file in written { Console.report("\(existing.contains(file) ? "replaced" : "wrote") \(file)") }
        }
    }

    private func planned(of input: ReportInput) throws -> ReportDocument.PlannedRun? {
        guard let galaxies, let within else { return nil }
        if case .run(_, nil, _) = input.content {
            throw ValidationError("--galaxies: expected a run or a tree of runs with it, found \(input.name)")
        }
        return ReportDocument.PlannedRun(galaxies: galaxies, seconds: within.value)
    }

    private func coverage(of input: ReportInput) throws -> PageSection? {
        guard let calibration else { return nil }
        guard let file = input.predictions else {
            throw ValidationError("--calibration: expected a local file of predictions with it, found \(input.name)")
        }
        let made = try Calibration(path: calibration)
        try file.check(made, calibration).forEach(Console.warn)
        let table = try file.table(of: made.split, isUsed: false, by: made.by)
        return .coverage(
            Coverage(
                of: made, predicted: table.predicted, spectroscopic: table.spectroscopic, magnitudes: table.numbers),
            of: made,
            name: InputList.lastComponent(calibration))
    }

    private func beside(_ input: ReportInput) throws -> ReportDocument.Beside {
        if case .run = input.content,
            let option = durations.first.map({ _ in "--durations" }) ?? reference.map({ _ in "--reference" })
        {
            throw ValidationError("\(option): expected a tree of runs with it, found \(input.name)")
        }
        return ReportDocument.Beside(
            durations: RunDurations(try durations.map { path throws(Failure) in try DurationLog(csvFile: path) }),
            references: try reference.map { path throws(Failure) in
                try ReferenceMeasurement.read(csvFile: path)
            } ?? [])
    }
}

extension ReportDocument {
    /// The object that `--json` prints.
    fileprivate func summary(page: String, files: [String]) -> JSONObject {
        let quality = predictions?.quality
        let names = (quality.map { $0.reference.lines + $0.field.lines } ?? []).map(\.name)
        let ends = predictions?.intervals?.intervals.map { $0.map { [$0.lowerBound, $0.upperBound] } } ?? []
        let bins = (predictions?.bins?.bins ?? []).map { bin -> JSONObject in
            ["from": bin.redshifts.lowerBound, "to": bin.redshifts.upperBound, "quality": bin.quality]
        }
        return [
            "page": page, "files": files, "runs": runs, "galaxies": orNull(predictions?.galaxies),
            "unknown": orNull(predictions?.unknown), "quality": orNull(quality),
            // Ends of the 95% intervals by the measures' names; null where a measure is undefined.
            "intervals": Dictionary(zip(names, ends)) { first, _ in first },
            "resamples": orNull(predictions?.intervals?.resamples), "by_redshift": bins,
        ]
    }
}
