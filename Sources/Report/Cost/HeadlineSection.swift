/// So many galaxies by a deadline, as a part of a page: on Lambda, and on one machine.
public enum HeadlineSection {
    /// The case that the published system is known by.
    public static let galaxies = 500_000
    public static let seconds = 60.0

    /// - Parameters:
    ///   - assumptions: with the rate that was measured, where one was.
    ///   - concurrencyLimit: workers at once.
    /// - Throws: `ReportError` where no plan ends in time.
    public static func plan(
        galaxies: Int = galaxies, within seconds: Double = seconds, assumptions: PlanAssumptions = PlanAssumptions(),
        prices: PriceList = .published
    ) throws(ReportError) -> PageSection {
        var planner = Planner(galaxies: galaxies)
        planner.assumptions = assumptions
        planner.prices = prices
        var reports: [PlanReport] = []
        for architecture in LambdaArchitecture.allCases {
            planner.architecture = architecture
            reports.append(try PlanReport(planner, within: seconds))
        }
        return of(reports)
    }

    /// - Parameter reports: one for each architecture, all of one case.
    static func of(_ reports: [PlanReport]) -> PageSection {
        guard let first = reports.first, let inTime = first.inTime, let within = first.within else {
            return PageSection("Headline", [])
        }
        let cores = first.planner.cores(within: within)
        let title = "\(Decimals.grouped(first.planner.galaxies)) galaxies in \(PlanReport.seconds(within))"
        let names = first.rows.first ?? []
        return PageSection(
            title, id: "headline",
            [
                .facts([
                    PageFact(
                        "on AWS Lambda", PlanReport.workers(inTime.plan.ranks),
                        detail: "of \(Decimals.grouped(inTime.plan.worker.memory)) MB, "
                            + "\(Dollars.text(inTime.cost)) a run"),
                    PageFact(
                        "on one machine", "\(Decimals.grouped(cores, 0)) cores",
                        detail: "at \(PlanReport.rate(first.planner.assumptions.coreRate)) each"),
                ]),
                .figures([CostFigures.frontier(reports)]),
                .table(
                    PageTable(
                        "Plans on \(first.planner.architecture.rawValue)",
                        columns: names.enumerated().map { .init($1, $0 == 0 ? .text : .number) },
                        rows: Array(first.rows.dropFirst()))),
            ]
                + first.statements.filter { $0.name != "To do it" }.map { name, text in
                    name == "Assumed" ? .note("\(name): \(text). On arm64 the same rate.") : .text("\(name): \(text).")
                })
    }
}
