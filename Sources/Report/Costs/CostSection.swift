import Costs
import Platform

/// What runs cost, as a part of a page.
public enum CostSection {
    /// A run: the published formula and both bills, term by term.
    public static func of(_ run: RunCost) -> PageSection {
        let comparison = run.comparison
        let bills = [comparison.formula] + LambdaArchitecture.allCases.map { comparison.bill(on: $0) }
        func row(_ name: String, _ part: KeyPath<Bill, Double>, isFormulas: Bool = true) -> [String] {
            [name]
                + bills.enumerated().map { place, bill in
                    bill.map { place > 0 || isFormulas ? Dollars.text($0[keyPath: part]) : "\u{2013}" } ?? "unknown"
                }
        }
        return PageSection(
            "Cost",
            [
                .text(
                    "\(PlanReport.workers(comparison.requests)) of \(PlanReport.seconds(comparison.seconds)) on average "
                        + "with \(Decimals.grouped(comparison.memory)) MB. The published formula counts the memory that "
                        + "was used; AWS bills the memory that is configured, and Step Functions and S3 besides."),
                .facts(
                    [PageFact("published formula", bills[0].map { Dollars.text($0.total) } ?? "unknown")]
                        + LambdaArchitecture.allCases.map { architecture in
                            PageFact(
                                "billed, \(architecture.rawValue)",
                                Dollars.text(comparison.bill(on: architecture).total),
                                detail: perMillion(comparison.bill(on: architecture).total, galaxies: run.galaxies))
                        }),
                .table(
                    PageTable(
                        caption: "US dollars",
                        columns: [.init("", .text), .init("published formula")]
                            + LambdaArchitecture.allCases.map { .init("billed, \($0.rawValue)") },
                        rows: [
                            row("memory x time", \.functions), row("requests", \.requests), row("/tmp", \.storage),
                            row("S3 requests", \.objects, isFormulas: false),
                            row("Step Functions", \.stateMachine, isFormulas: false), row("total", \.total),
                        ])),
                .note(([priceLine(comparison.prices)] + run.notes).joined(separator: " ")),
            ])
    }

    private static func perMillion(_ cost: Double, galaxies: Int) -> String {
        galaxies > 0 ? "\(Dollars.text(cost / Double(galaxies) * 1e6)) a million galaxies" : ""
    }

    static func priceLine(_ prices: PriceList) -> String {
        "Prices of \(prices.region), \(prices.asOf); free allowances are not subtracted. The bill of the architecture that a "
            + "run was not on is of as many seconds."
    }

    /// Runs of a tree: the mean of each setting, drawn along partitions and along data sizes.
    public static func of(_ tree: ResultTree, settings: RunCost.Settings = RunCost.Settings()) -> PageSection {
        let costs = tree.groups.map { TreeCost($0, settings: settings) }
        let varied = costs.filter { $0.key.variation == .none }
        let rows = costs.map { cost in
            [
                cost.key.text, "\(cost.runs.count)", Notation.counts(cost.runs.map(\.comparison.requests)),
                Decimals.fixed(cost.mean(\.seconds), 1), Notation.counts(cost.runs.map(\.comparison.memory)),
                cost.formula.map(Dollars.text) ?? "unknown",
            ] + LambdaArchitecture.allCases.map { Dollars.text(cost.bill(on: $0)) }
        }
        var notes: [String] = []
        for note in costs.flatMap(\.runs).flatMap(\.notes) where !notes.contains(note) { notes.append(note) }
        let figures = CostFigures.figures(varied)
        return PageSection(
            "Cost",
            [
                .text(
                    "What AWS bills: the memory that is configured, each invocation rounded up to a millisecond, Step "
                        + "Functions and S3. The published formula counts the memory that was used, and Lambda alone.")
            ] + (figures.isEmpty ? [] : [.figures(figures)]) + [
                .table(
                    PageTable(
                        caption: "Means over runs, US dollars; workers and memory of all runs",
                        columns: [
                            .init("setting", .text), .init("runs"), .init("workers"), .init("time each (s)"),
                            .init("memory (MB)"), .init("published formula"),
                        ] + LambdaArchitecture.allCases.map { .init("billed, \($0.rawValue)") }, rows: rows)),
                .note(([priceLine(settings.prices)] + notes).joined(separator: " ")),
            ])
    }
}

/// The costs of runs of equal settings.
struct TreeCost: Sendable {
    let key: RunGroupKey
    /// At least one.
    let runs: [RunCost]

    init(_ group: RunGroup, settings: RunCost.Settings) {
        key = group.key
        runs = group.runs.map { RunCost($0.ranks, name: $0.folder, settings: settings) }
    }

    func mean(_ value: (CostComparison) -> Double) -> Double { Statistics.mean(runs.map { value($0.comparison) }) }

    /// Dollars; nil where a run's memory used is not known.
    var formula: Double? {
        let known = runs.compactMap { $0.comparison.formula?.total }
        return known.count == runs.count ? Statistics.mean(known) : nil
    }

    func bill(on architecture: LambdaArchitecture) -> Double { mean { $0.bill(on: architecture).total } }
}
