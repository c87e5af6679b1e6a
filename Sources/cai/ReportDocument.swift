import Inference
import Report
import TensorFiles

/// The page of an input, and its figures.
struct ReportDocument {
    /// nil where there are none.
    let predictions: PredictionReport?
    /// Runs that the page is of; empty where there are predictions alone.
    let runs: [Run]
    let html: String
    let figures: [Figure]

    init(
        _ input: ReportInput, title: String? = nil, durations: RunDurations = RunDurations(),
        references: [ReferenceMeasurement] = []
    ) throws {
        let usual: String
        let lead: String
        let sections: [PageSection]
        switch input.content {
        case .predictions(let table):
            let report = try Self.report(table, input)
            (predictions, runs) = (report, [])
            (usual, lead, sections) = ("Redshifts: \(input.title)", Self.lead(report), report.sections)
        case .run(let run, let table):
            // A run of no galaxies has a table without rows, which is no error of it.
            let report = try table.flatMap { run.statistics.galaxies > 0 ? try Self.report($0, input) : nil }
            (predictions, runs) = (report, [run])
            usual = "\(report == nil ? "Run" : "Redshifts"): \(input.title)"
            lead = report.map(Self.lead) ?? "A run of \(Numbers.counted(run.ranks.count, "rank"))."
            sections = (report?.sections ?? []) + RunSections(run, duration: run.ownDuration).sections
        case .tree(let tree, let root):
            let report = TreeReport(tree, durations: durations, references: references, root: root)
            (predictions, runs) = (nil, tree.runs)
            (usual, lead, sections) = ("Runs: \(input.title)", report.lead, report.sections)
        }
        figures = sections.flatMap(\.figures)
        html =
            HTMLPage(
                title: title ?? usual, lead: lead, sections: sections,
                footer: "Made by cai \(Cai.configuration.version) from \(input.title)."
            ).html
    }

    private static func report(_ table: PredictionTable, _ input: ReportInput) throws(ReportError) -> PredictionReport {
        let parallel = ParallelLoop.threads(Processors.available)
        return try PredictionReport(table, name: input.name) { parallel($0, $1) }
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
