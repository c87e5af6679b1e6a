import Anomalies
import ArgumentParser
import Cloud
import Runs
import Inference
import Platform
import Report

extension AnomalyScores.Brightness: ExpressibleByArgument {}

struct AnomaliesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anomalies",
        abstract: "Rank galaxies by how unusual their reconstructions are.",
        usage: "cai anomalies <input> ... -o <out> [<options>]",
        discussion: """
            Each galaxy is masked several times, so that every patch is hidden at least once. The score is the deviation, in \
            either direction, of the errors of its patches from those usual at that brightness and noise: about 1 for a \
            usual galaxy. The usual errors are estimated from the inputs, so give many galaxies of one kind at once. Fewer \
            than \(AnomalyScores.fewest) get no score, and are ranked by their loss. docs/ANOMALIES.md describes the \
            score and its limits.

            OUT is CSV, the galaxy with the highest score first:
              rank, object_id, source, row
              score                 of all bands together
              direction             whether errors are higher or lower than expected
              error_ratio           errors over the expected, geometric mean over patches and bands
              score_u ... score_z   of each band alone; negative where its errors are lower
              loss                  mean squared error over hidden patches and passes
              snr                   signal to noise of the whole cutout
              flags                 1 pixels missing or not finite, 2 image all zero, 16 result not finite; else 0
            A galaxy that has flags comes last, without a score; --strict makes it an error.

            Inputs are as for 'cai infer', or files of images alone. Memory is about a kilobyte a galaxy.

            EXAMPLES
              cai anomalies 1.pt 2.pt -o unusual.csv
              cai anomalies data/ -o unusual.csv --report unusual.html --panels 50
              cai anomalies cutouts.npz -o unusual.csv --weights mae.pth --passes 8
            """)

    @OptionGroup var options: AutoencoderOptions

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Output of the table: a name ending in .csv.", valueName: "out"), completion: .file())
    var output: String

    @Option(help: ArgumentHelp("Number of maskings per galaxy; every patch is hidden at least once.", valueName: "k"))
    var passes: Int = 4

    @Option(
        help: ArgumentHelp(
            "Source of a galaxy's brightness: its magnitudes (catalogue), or the sum of its pixels (image). Default: catalogue, if all files have magnitudes.",
            valueName: "kind"))
    var brightness: AnomalyScores.Brightness?

    @Option(
        help: ArgumentHelp("Write a page that shows the most unusual galaxies.", valueName: "page.html"),
        completion: .file())
    var report: String?

    @Option(help: ArgumentHelp("With --report: number of galaxies on the page. Default: 24.", valueName: "n"))
    var panels: Int?

    static let usualPanels = 24

    private var seed: UInt64 { options.seed ?? 0 }

    func validate() throws {
        try requireNumber(passes, of: "--passes", in: 1...64)
        try requireNumber(panels, of: "--panels", in: 1...1000)
        if let report { try requireName(report, of: "--report") }
        try require("--report", isGiven: report != nil, by: ["--panels": panels != nil])
        guard output.hasSuffix(".csv"), InputList.lastComponent(output) != ".csv" else {
            throw ValidationError("--output: expected a name ending in .csv, found '\(output)'")
        }
    }

    func run() throws {
        try FileNotices.reportingReplaced([output, report], isQuiet: options.galaxies.quiet) { try rank() }
    }

    private func rank() throws {
        let (job, outputs) = try options.job(writing: [output, report])
        let search = try AnomalySearch(
            job, seed: seed, passes: passes, brightness: brightness, ConsoleEvents(isQuiet: options.galaxies.quiet))
        try outputs[0]?.write { path throws(Failure) in try search.ranking.write(to: path) }
        if let page = outputs[1] { try AnomalyPage(search, panels: panels ?? Self.usualPanels).write(to: page) }
        if !options.galaxies.quiet { Console.write(search.speedLine + "\n") }
        if options.json {
            let (ranking, scores) = (search.ranking, search.ranking.scores)
            try StandardOutput.write(
                json: [
                    "run": search.summary, "flagged": ranking.flags.flagged, "output": output, "report": report,
                    "blank_band": ranking.flags.withBlankBand, "seed": seed, "brightness": scores.brightness.rawValue,
                    "without_score": scores.scores.count { $0 == nil },
                ] as JSONObject)
        }
    }
}
