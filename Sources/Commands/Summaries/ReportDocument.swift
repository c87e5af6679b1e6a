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

    /// A run to plan at the rate that runs have shown.
    struct PlannedRun {
        let galaxies: Int
        let seconds: Double
    }

    /// nil where the input has no predictions.
    private(set) var predictions: PredictionReport?
    /// Runs of the input, or 1 where there are results; 0 for predictions alone.
    private(set) var runs = 0
    let html: String
    let figures: [Figure]

    /// - Parameters:
    ///   - coverage: a section that follows those of predictions.
    ///   - planned: a section about it follows those of runs; nil for none.
    /// - Throws: `Failure` where the input lacks data that the page needs.
    init(
        _ input: ReportInput, title: String? = nil, beside: Beside = Beside(), coverage: PageSection? = nil,
        planned: PlannedRun? = nil
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
                if let origin { leads.append("Made with \(origin.pageText).") }
            }
            if let results {
                runs = 1
                let cost = RunCost(results.ranks, name: input.title)
                sections += RunSections(results, duration: results.ownDuration).sections
                sections.append(CostSection.of(cost))
                sections += planned.map { [Self.plan($0, [cost])] } ?? []
                if table == nil { leads.append("A run of \(Numbers.counted(results.ranks.count, "rank")).") }
            }
        case .tree(let tree, let setup):
            runs = tree.runs.count
            let report = TreeReport(
                tree, durations: beside.durations, references: beside.references, setup: setup,
                planned: planned?.galaxies)
            sections += report.sections
            sections.append(CostSection.of(tree))
            sections +=
                planned.map { [Self.plan($0, tree.runs.map { RunCost($0.ranks, name: TreeReport.inTree($0.folder)) })] }
                ?? []
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

    /// A planned run with the rate that these runs have shown; with this program's usual one where they were another
    /// program's.
    private static func plan(_ planned: PlannedRun, _ costs: [RunCost]) -> PageSection {
        var assumptions = PlanAssumptions()
        let rates = costs.filter(\.isOurs).compactMap(\.rate)
        assumptions.set(MeasuredRate.typical(of: rates))
        do throws(Failure) {
            return try PlanSection.plan(
                galaxies: planned.galaxies, within: planned.seconds, assumptions: assumptions,
                note: rates.isEmpty ? "These runs give no rate of cai: its usual one is assumed." : nil)
        } catch {
            return PageSection("Plan", [.note("No plan for that many galaxies: \(error.message).")])
        }
    }
}
