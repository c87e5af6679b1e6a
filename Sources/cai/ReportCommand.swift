import ArgumentParser
import Cloud
import FanOut
import Inference
import Report
import TensorFiles

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw predictions and their quality as one page.",
        discussion: """
            INPUT is predictions as 'cai infer' writes them (.csv; /dev/stdin for a pipe), the folder that 'cai run' left, \
            or s3://bucket/key of either. The page is one HTML file that loads nothing, follows the reader's light or dark \
            setting, and prints.

            It shows predicted against spectroscopic redshift, residuals along redshift, the distribution of dz, both \
            families of measures with 95% intervals of the bootstrap, and quality by redshift. Where no galaxy has a \
            z_spec, it shows how many galaxies there are at each redshift.

            The same input gives the same bytes. docs/REPORTS.md says how each number is made.

            EXAMPLES
              cai report predictions.csv
              cai report predictions.csv -o page.html --figures figures/
              cai infer data/ --quiet | cai report /dev/stdin -o page.html
              cai report s3://bucket/run-1/ -o run-1.html --title 'Run 1'
            """)

    @Argument(
        help: ArgumentHelp("Predictions, a run's folder, or s3:// and where one of them lies.", valueName: "input"))
    var input: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The page; - for the standard output.", valueName: "page.html"))
    var output = "report.html"

    @Option(help: ArgumentHelp("Write each figure there as an .svg file, too; made if need be.", valueName: "folder"))
    var figures: String?

    @Option(help: ArgumentHelp("The page's heading. Default: what the input is called.", valueName: "text"))
    var title: String?

    @Flag(help: "Print what was written, and the numbers of the page, as a JSON object.")
    var json = false

    @Flag(help: "Do not name the files written.")
    var quiet = false

    func validate() throws {
        try requireName(input, of: "input")
        try requireName(output, of: "--output")
        if let figures { try requireName(figures, of: "--figures") }
        if json, output == "-" {
            throw ValidationError("--json: the standard output is taken by the page: name a file with --output")
        }
    }

    func run() throws {
        let place =
            output == "-"
            ? nil : try OutputFile(output, store: S3Location.isLocation(output) ? try StoreLocator.store(nil) : nil)
        let input = try ReportInput(input)
        try place?.check(sparing: input.files)
        let document = try ReportDocument(input, title: title)
        var written: [String] = []
        if let place {
            let html = document.html
            try place.write { path throws(InferenceError) in
                do throws(TensorFileError) { try OutputFolder.write(html, to: path) } catch { throw .file(error) }
            }
            written.append(output)
        } else {
            try StandardOutput.write(document.html)
        }
        if let figures { written += try document.writeFigures(into: figures) }
        if json {
            try StandardOutput.write(json: ReportSummary(document, page: output, files: written))
        } else if !quiet {
            for file in written { Console.report("wrote \(file)") }
        }
    }
}

/// The page of an input, and its figures.
struct ReportDocument {
    let predictions: PredictionReport
    let html: String
    let figures: [Figure]

    init(_ input: ReportInput, title: String? = nil) throws {
        let parallel = ParallelLoop.threads(Processors.available)
        predictions = try PredictionReport(input.predictions, name: input.name) { parallel($0, $1) }
        let sections = predictions.sections
        figures = sections.flatMap(\.figures)
        html =
            HTMLPage(
                title: title ?? "Redshifts: \(input.title)", lead: Self.lead(predictions), sections: sections,
                footer: "Made by cai \(Cai.configuration.version) from \(input.title)."
            ).html
    }

    private static func lead(_ predictions: PredictionReport) -> String {
        let galaxies = Numbers.counted(predictions.galaxies, "galaxy", "galaxies")
        guard let quality = predictions.quality else { return "Predicted redshifts of \(galaxies)." }
        return quality.galaxies == predictions.galaxies
            ? "Predicted redshifts of \(galaxies), compared with spectroscopic ones."
            : "Predicted redshifts of \(galaxies), \(Numbers.grouped(quality.galaxies)) of them compared with "
                + "spectroscopic ones."
    }

    /// - Returns: the files' paths.
    func writeFigures(into path: String) throws -> [String] {
        let folder = try OutputFolder(path)
        return try figures.map { figure in
            try folder.write(figure.file, to: figure.id + ".svg")
            return folder.file(figure.id + ".svg")
        }
    }
}

/// What `--json` prints.
private struct ReportSummary: Encodable {
    /// A bin of spectroscopic redshift.
    struct Bin: Encodable {
        let from: Double
        let to: Double
        let quality: Quality
    }

    let page: String
    let files: [String]
    let galaxies: Int
    /// Galaxies without a z_spec.
    let unknown: Int
    /// null where there is nothing to compare.
    let quality: Quality?
    /// Ends of the 95% intervals by the measures' names; null where a measure is undefined.
    let intervals: [String: [Double]?]
    let resamples: Int?
    let byRedshift: [Bin]

    enum CodingKeys: String, CodingKey {
        case page, files, galaxies, unknown, quality, intervals, resamples
        case byRedshift = "by_redshift"
    }

    init(_ document: ReportDocument, page: String, files: [String]) {
        let report = document.predictions
        (self.page, self.files) = (page, files)
        (galaxies, unknown, quality) = (report.galaxies, report.unknown, report.quality)
        resamples = report.intervals?.resamples
        let names = (report.quality.map { $0.reference.lines + $0.field.lines } ?? []).map(\.name)
        let ends = report.intervals?.intervals.map { $0.map { [$0.lowerBound, $0.upperBound] } } ?? []
        intervals = Dictionary(zip(names, ends)) { first, _ in first }
        byRedshift = (report.bins?.bins ?? []).map {
            Bin(from: $0.redshifts.lowerBound, to: $0.redshifts.upperBound, quality: $0.quality)
        }
    }
}
