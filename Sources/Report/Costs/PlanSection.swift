import Costs
import Platform

/// A number of galaxies by a deadline, as a part of a page: on Lambda, and on one machine.
public enum PlanSection {
    /// - Parameters:
    ///   - assumptions: with the rate that was measured, where one was.
    ///   - note: a limit of the plan, shown first.
    /// - Throws: `Failure` where no plan at all is within AWS's limits. One that only ends too late is shown.
    public static func plan(
        galaxies: Int, within seconds: Double, assumptions: PlanAssumptions = PlanAssumptions(),
        prices: PriceList = .published, note: String? = nil
    ) throws(Failure) -> PageSection {
        var planner = Planner(galaxies: galaxies)
        planner.assumptions = assumptions
        planner.prices = prices
        var reports: [PlanReport] = []
        var isLate = false
        for architecture in LambdaArchitecture.allCases {
            planner.architecture = architecture
            let plan = try PlanReport(planner)
            isLate = isLate || plan.fastest.seconds > seconds
            reports.append(isLate ? plan : try PlanReport(planner, within: seconds))
        }
        guard let report = reports.first else { throw Failure("expected an architecture, found none") }
        let title = "Plan: \(Decimals.grouped(galaxies)) galaxies within \(PlanReport.seconds(seconds))"
        let cores = planner.cores(within: seconds)
        let facts = [
            onLambda(report),
            PageFact(
                "on one machine", "\(Decimals.grouped(cores, 0)) \(cores == 1 ? "core" : "cores")",
                detail: "at \(PlanReport.rate(assumptions.coreRate)) each"),
        ]
        let names = report.rows.first ?? []
        let table = PageTable(
            caption: "Plans on \(report.planner.architecture.rawValue)",
            columns: names.enumerated().map { .init($1, $0 == 0 ? .text : .number) },
            rows: Array(report.rows.dropFirst()))
        return PageSection(
            title, id: "plan",
            (note.map { [.note($0)] } ?? []) + [
                .facts(facts), .figures([CostFigures.frontier(reports, deadline: seconds)]), .table(table),
            ]
                + statements(report))
    }

    private static func onLambda(_ report: PlanReport) -> PageFact {
        guard let inTime = report.inTime else {
            return PageFact(
                "on AWS Lambda", "not in time",
                detail: "the fastest plan takes \(PlanReport.seconds(report.fastest.seconds))")
        }
        return PageFact(
            "on AWS Lambda", PlanReport.workers(inTime.plan.ranks),
            detail: "of \(Decimals.grouped(inTime.plan.worker.memory)) MB, \(Dollars.text(inTime.cost)) a run")
    }

    /// What is assumed is set apart. How to do it is for a terminal.
    private static func statements(_ report: PlanReport) -> [PageSection.Item] {
        report.statements.filter { $0.name != "To do it" }.map { name, text in
            name == "Assumed" ? .note("\(name): \(text). On arm64 the same rate.") : .text("\(name): \(text).")
        }
    }
}
