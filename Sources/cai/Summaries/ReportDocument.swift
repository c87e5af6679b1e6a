import Costs
import Platform
import Report
import Runs

/// The page of an input, and its figures.
struct ReportDocument {
    /// Data that is drawn together with the runs of a tree.
    struct Beside {
        var durations = RunDurations()
        var references: [ReferenceMeasurement] = []
    }

    /// nil where the input has no predictions.
    private(set) var predictions: PredictionReport?
    /// Runs of the input, or 1 where there are results; 0 for predictions alone.
    private(set) var runs = 0
    let html: String
    let figures: [Figure]

    /// - Parameter coverage: a section that follows those of predictions.
    /// - Throws: `Failure` where the input lacks data that the page needs.
    init(
        _ input: ReportInput, title: String? = nil, beside: Beside = Beside(), coverage: PageSection? = nil
    ) throws {
        var sections: [PageSection] = []
        var leads: [String] = []
        switch input.content {
        case .run(let table, let results, let origin):
            if let table {
                let parallel = ParallelLoop.threads(Processors.available)
                let report = try PredictionReport(table, name: input.name) { parallel($0, $1) }
                predictions = report
                sections += report.sections + [coverage].compactMap(\.self)
                leads.append(report.lead)
                if let origin { leads.append("Made with \(origin.text).") }
            }
            if let results {
                runs = 1
                let cost = RunCost(results.ranks, name: input.title)
                sections += RunSections(results, duration: results.ownDuration).sections
                sections.append(CostSection.of(cost))
                sections.append(Self.headline([cost]))
                if table == nil { leads.append("A run of \(Numbers.counted(results.ranks.count, "rank")).") }
            }
        case .tree(let tree, let setup):
            runs = tree.runs.count
            let report = TreeReport(tree, durations: beside.durations, references: beside.references, setup: setup)
            sections += report.sections
            sections.append(CostSection.of(tree))
            sections.append(Self.headline(tree.runs.map { RunCost($0.ranks, name: TreeReport.inTree($0.folder)) }))
            leads.append(report.lead)
        }
        figures = sections.flatMap(\.figures)
        html =
            HTMLPage(
                title: title ?? (predictions == nil ? "Runs: " : "Redshifts: ") + input.title,
                lead: leads.joined(separator: " "), sections: sections,
                footer: "Made by cai \(Release.version) from \(input.title)."
            ).html
    }

    /// The case that the published system is known by, with the rate that these runs have shown; with this program's usual
    /// one where they were another program's.
    private static func headline(_ costs: [RunCost]) -> PageSection {
        var assumptions = PlanAssumptions()
        assumptions.set(MeasuredRate.typical(of: costs.filter(\.isOurs).compactMap(\.rate)))
        do throws(Failure) { return try HeadlineSection.plan(assumptions: assumptions) } catch {
            return PageSection("Headline", [.note("No plan for the headline case: \(error.message).")])
        }
    }
}
