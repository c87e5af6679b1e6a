import Platform

extension PlanReport {
    /// A table of the plans: a row of names, then a row for each figure.
    public var rows: [[String]] {
        let columns =
            [("cheapest", cheapest)] + (inTime.map { [("within \(Self.seconds(within ?? 0))", $0)] } ?? [])
            + [("fastest", fastest)]
        func row(_ name: String, _ value: (Planner.Candidate) -> String) -> [String] {
            [name] + columns.map { value($0.1) }
        }
        return [
            [""] + columns.map(\.0),
            row("end to end") { Self.seconds($0.seconds) },
            row("workers") { Decimals.grouped($0.plan.ranks) },
            row("at once") { Decimals.grouped($0.plan.workersAtOnce) },
            row("memory") { "\(Decimals.grouped($0.plan.worker.memory)) MB" },
            row("processors") { Decimals.fixed(LambdaLimits.processors(memory: $0.plan.worker.memory), 2) },
            row("galaxies each") { Decimals.grouped($0.plan.shares.first?.galaxies ?? 0) },
            row("time each") { Self.seconds($0.plan.slowest) },
            row("Lambda") { Dollars.text($0.bill.lambda) },
            row("Step Functions") { Dollars.text($0.bill.stateMachine) },
            row("S3 requests") { Dollars.text($0.bill.objects) },
            row("total") { Dollars.text($0.cost) },
        ]
    }

    /// Statements about the plans: the plan in time, one machine in comparison, what is measured and what is assumed.
    public var statements: [(name: String, text: String)] {
        let assumptions = planner.assumptions
        var statements: [(String, String)] = []
        if let inTime {
            let plan = inTime.plan
            statements.append(
                (
                    "In time",
                    "\(Self.workers(plan.ranks)) of \(Decimals.grouped(plan.worker.memory)) MB, "
                        + "\(Dollars.text(inTime.cost)): \(Self.parts(plan)); an account with "
                        + "\(Self.workers(fewestWorkers ?? plan.workersAtOnce)) at once is enough"
                ))
            statements.append(
                (
                    "To do it",
                    "cai split ... --rows \(plan.shares.first?.galaxies ?? 0); WorkerMemory=\(plan.worker.memory); "
                        + "\"max_concurrency\": \(plan.workersAtOnce)"
                ))
        }
        statements.append(("One machine", machine))
        let isMeasured = assumptions.isProcessorMeasured
        /// What a plan is reckoned with, and whether it was measured where the user did not give it.
        let quantities: [(PlanAssumptions.Quantity, isMeasured: Bool, text: String)] = [
            (
                .processorRate, isMeasured,
                "\(Self.rate(assumptions.processorRate)) a Lambda processor, which 1,769 MB bring "
                    + "(\(assumptions.processorSource))"
            ),
            (.coreRate, true, "\(Self.rate(assumptions.coreRate)) a core (\(assumptions.coreSource))"),
            (
                .overhead, false,
                "\(Self.seconds(assumptions.overhead)) of overhead for each worker (its process starts in 35 to "
                    + "43 ms in Amazon's emulator)"
            ),
            (.start, false, "\(Self.seconds(assumptions.start)) until the first begins"),
            (.network, false, "\(Decimals.shortest(assumptions.network / 1e6, digits: 3)) MB/s from S3"),
            (
                .account, false,
                "an account with \(Decimals.grouped(planner.concurrencyLimit)) at once and "
                    + "\(Decimals.grouped(planner.memories.max() ?? 0)) MB for each (new ones often have fewer and "
                    + "3,008 MB)"
            ),
        ]
        let given = quantities.filter { assumptions.given.contains($0.0) }.map(\.text)
        let others = quantities.filter { !assumptions.given.contains($0.0) }
        let measured = others.filter(\.isMeasured).map(\.text) + ["a worker's memory (docs/PERFORMANCE.md)"]
        let assumed = others.filter { !$0.isMeasured }.map(\.text)
        if !given.isEmpty { statements.append(("Given", given.joined(separator: "; "))) }
        statements.append(
            (
                "Measured",
                measured.joined(separator: "; ") + ". Nothing \(isMeasured ? "else " : "")was measured on AWS"
            ))
        if !assumed.isEmpty { statements.append(("Assumed", assumed.joined(separator: "; "))) }
        statements += [
            ("Left free", "\(Self.percent(assumptions.reserve)) of 900 s and of the memory")
        ]
        if let within {
            statements.append(
                (
                    "If slower",
                    "with Lambda processors of half the rate: "
                        + (atHalfTheRate.map { candidate in
                            "\(Self.workers(candidate.plan.ranks)) of \(Decimals.grouped(candidate.plan.worker.memory)) "
                                + "MB, \(Dollars.text(candidate.cost)), \(Self.seconds(candidate.seconds))"
                        } ?? "nothing would end within \(Self.seconds(within))")
                ))
        }
        if planner.architecture == .arm {
            statements.append(("On arm64", "the same rate is assumed; the program was never timed there"))
        }
        let prices = planner.prices
        statements.append(("Prices", "\(prices.region), \(prices.asOf); free allowances not subtracted"))
        return statements
    }

    private var machine: String {
        let rate = planner.assumptions.coreRate
        func priced(_ seconds: Double) -> String {
            guard let cost = machineCost(seconds), let instancePrice else { return "" }
            return ", \(Dollars.text(cost)) at \(Dollars.text(instancePrice)) an hour"
        }
        guard let within else {
            let seconds = Double(planner.galaxies) / rate
            return "one core at \(Self.rate(rate)) takes \(Self.seconds(seconds))" + priced(seconds)
        }
        let cores = planner.cores(within: within)
        return "\(Decimals.grouped(cores, 0)) \(cores == 1 ? "core" : "cores") at \(Self.rate(rate)) each"
            + priced(within)
    }

    /// The parts of the time, in their order.
    static func parts(_ plan: FanOutPlan) -> String {
        "\(seconds(plan.assumptions.start)) to start, Map \(seconds(plan.mapSeconds)), Initialize and Summarize "
            + seconds(plan.otherSeconds)
    }

    package static func workers(_ count: Int) -> String {
        count == 1 ? "1 worker" : "\(Decimals.grouped(count)) workers"
    }

    /// 60 s, 47.9 s, 11.9 min, 3.2 h
    package static func seconds(_ value: Double) -> String {
        if value < 600 { return Decimals.fixed(value, value == value.rounded() ? 0 : 1) + " s" }
        return value < 36_000 ? Decimals.fixed(value / 60, 1) + " min" : Decimals.grouped(value / 3600, 1) + " h"
    }

    package static func rate(_ value: Double) -> String { Decimals.shortest(value, digits: 3) + " galaxies/s" }

    static func percent(_ part: Double) -> String { Decimals.fixed(100 * part, 0) + "%" }
}
