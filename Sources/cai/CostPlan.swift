import FanOut
import Report

/// The cheapest and the fastest plan for so many galaxies, and the cheapest that ends in time.
struct CostPlan: CostOutput {
    let planner: Planner
    let within: Double?
    let cheapest: Planner.Candidate
    let fastest: Planner.Candidate
    /// nil without a deadline.
    let inTime: Planner.Candidate?
    /// The same if Lambda's processors were half as fast; nil without a deadline, or where nothing ends in time then.
    let atHalfTheRate: Planner.Candidate?
    let instancePrice: Double?

    /// - Throws: `ReportError` where no plan is within AWS's limits, or none ends in time.
    init(_ planner: Planner, within: Double?, instancePrice: Double?) throws(ReportError) {
        self.planner = planner
        self.within = within
        self.instancePrice = instancePrice
        let candidates = planner.candidates()
        guard let cheapest = Planner.cheapest(of: candidates), let fastest = Planner.fastest(of: candidates) else {
            throw ReportError(
                "expected a plan within AWS's limits, found none: with these partitions a worker would take more than "
                    + "\(Self.percent(1 - planner.assumptions.reserve)) of 900 s or of its memory")
        }
        self.cheapest = cheapest
        self.fastest = fastest
        guard let within else {
            (inTime, atHalfTheRate) = (nil, nil)
            return
        }
        guard let inTime = Planner.cheapest(of: candidates, within: within) else {
            throw ReportError(
                "expected a plan for \(Numbers.counted(planner.galaxies, "galaxy", "galaxies")) that ends within "
                    + "\(Self.seconds(within)), found none: the fastest takes \(Self.seconds(fastest.seconds)) "
                    + "(\(Self.parts(fastest.plan))) with \(Numbers.counted(fastest.plan.workersAtOnce, "worker")) at "
                    + "once; one machine would need \(Self.cores(planner, within)) cores")
        }
        self.inTime = inTime
        var slower = planner
        slower.assumptions.processorRate /= 2
        atHalfTheRate = Planner.cheapest(of: slower.candidates(), within: within)
    }

    var text: String {
        let galaxies = Numbers.counted(planner.galaxies, "galaxy", "galaxies")
        let size = Numbers.bytes(planner.galaxies * PlanAssumptions.bytesOfGalaxy)
        return "\(galaxies) (\(size)) on AWS Lambda, \(planner.architecture.rawValue)\n\n" + Columns.text(rows) + "\n"
            + notes.map { $0 + "\n" }.joined()
    }

    private var columns: [(name: String, candidate: Planner.Candidate)] {
        [("cheapest", cheapest)] + (inTime.map { [("within \(Self.seconds(within ?? 0))", $0)] } ?? [])
            + [("fastest", fastest)]
    }

    private var rows: [[String]] {
        func row(_ name: String, _ value: (Planner.Candidate) -> String) -> [String] {
            [name] + columns.map { value($0.candidate) }
        }
        return [
            [""] + columns.map(\.name),
            row("end to end") { Self.seconds($0.seconds) },
            row("workers") { Numbers.grouped($0.plan.ranks) },
            row("at once") { Numbers.grouped($0.plan.workersAtOnce) },
            row("memory") { "\(Numbers.grouped($0.plan.worker.memory)) MB" },
            row("processors") { Decimals.fixed(LambdaLimits.processors(memory: $0.plan.worker.memory), 2) },
            row("galaxies each") { Numbers.grouped($0.plan.shares.first?.galaxies ?? 0) },
            row("seconds each") { Self.seconds($0.plan.slowest) },
            row("Lambda") { Dollars.text($0.bill.lambda) },
            row("Step Functions") { Dollars.text($0.bill.stateMachine) },
            row("S3 requests") { Dollars.text($0.bill.objects) },
            row("total") { Dollars.text($0.cost) },
        ]
    }

    private var notes: [String] {
        let assumptions = planner.assumptions
        var lines: [String] = []
        if let inTime, let within {
            let fewest = Planner.fewestWorkers(for: inTime.plan, within: within) ?? inTime.plan.workersAtOnce
            let rows = inTime.plan.shares.first?.galaxies ?? 0
            lines.append(
                "In time:     \(Numbers.counted(inTime.plan.ranks, "worker")) of \(inTime.plan.worker.memory) MB, "
                    + "\(Dollars.text(inTime.cost)); \(Self.parts(inTime.plan));")
            lines.append(
                "             an account with \(Numbers.counted(fewest, "worker")) at once is enough.")
            lines.append(
                "To do it:    cai split ... --rows \(rows); WorkerMemory=\(inTime.plan.worker.memory); "
                    + "\"max_concurrency\": \(inTime.plan.workersAtOnce)")
            lines.append(
                "One machine: \(Self.cores(planner, within)) cores at \(Self.rate(assumptions.coreRate)) each"
                    + (instancePrice.map { price in
                        // EC2 bills seconds, a minute at least.
                        ", \(Dollars.text(price * max(60, within) / 3600)) at \(Dollars.text(price)) an hour"
                    } ?? ""))
        } else {
            let seconds = Double(planner.galaxies) / assumptions.coreRate
            lines.append(
                "One machine: \(Numbers.clock(seconds)) on one core at \(Self.rate(assumptions.coreRate))"
                    + (instancePrice.map {
                        ", \(Dollars.text($0 * max(60, seconds) / 3600)) at \(Dollars.text($0)) an hour"
                    }
                        ?? ""))
        }
        lines.append("Measured:    \(Self.rate(assumptions.coreRate)) a core: \(assumptions.coreSource);")
        lines.append("             a worker's memory (docs/PERFORMANCE.md). Nothing was measured on AWS.")
        lines.append(
            "Assumed:     \(Self.rate(assumptions.processorRate)) a Lambda processor (1,769 MB): "
                + "\(assumptions.processorSource);")
        lines.append(
            "             \(Self.seconds(assumptions.overhead)) beside computing for each worker (its process starts in "
                + "35 to 43 ms in Amazon's emulator),")
        lines.append(
            "             \(Self.seconds(assumptions.start)) until the first begins, "
                + "\(Decimals.fixed(assumptions.network / 1e6, 0)) MB/s from S3, at most "
                + "\(Numbers.grouped(planner.concurrencyLimit)) at once.")
        lines.append(
            "Left free:   \(Self.percent(assumptions.reserve)) of 900 s and of the memory.")
        if let within {
            lines.append(
                "At half that Lambda rate: "
                    + (atHalfTheRate.map { candidate in
                        "\(Numbers.counted(candidate.plan.ranks, "worker")) of \(candidate.plan.worker.memory) MB, "
                            + "\(Dollars.text(candidate.cost)), \(Self.seconds(candidate.seconds))."
                    } ?? "nothing ends within \(Self.seconds(within))."))
        }
        lines.append(
            "Prices of \(planner.prices.region), \(planner.prices.asOf); free allowances not taken off.")
        return lines
    }

    /// The time's parts, the first worker's start first.
    private static func parts(_ plan: FanOutPlan) -> String {
        "\(seconds(plan.assumptions.start)) to start, Map \(seconds(plan.mapSeconds)), Initialize and Summarize "
            + seconds(plan.otherSeconds)
    }

    private static func cores(_ planner: Planner, _ within: Double) -> String {
        Decimals.fixed(
            Planner.cores(galaxies: planner.galaxies, within: within, rate: planner.assumptions.coreRate), 0)
    }

    private static func seconds(_ value: Double) -> String {
        value < 600 ? Decimals.fixed(value, value == value.rounded() ? 0 : 1) + " s" : Numbers.clock(value)
    }

    private static func rate(_ value: Double) -> String { Decimals.fixed(value, value < 10 ? 1 : 0) + " galaxies/s" }

    private static func percent(_ part: Double) -> String { Decimals.fixed(100 * part, 0) + "%" }
}

extension CostPlan {
    var json: JSONValue {
        let assumptions = planner.assumptions
        func json(_ candidate: Planner.Candidate?) -> JSONValue { candidate?.json ?? .null }
        var fields: [String: JSONValue] = [
            "galaxies": .integer(planner.galaxies), "architecture": .string(planner.architecture.rawValue),
            "within_s": within.map { .number($0) } ?? .null, "cheapest": json(cheapest), "fastest": json(fastest),
            "in_time": json(inTime), "in_time_at_half_the_rate": json(atHalfTheRate),
            "frontier": .array(Planner.frontier(of: planner.candidates()).map(\.json)),
            "assumptions": .object([
                "core_rate": .number(assumptions.coreRate), "core_source": .string(assumptions.coreSource),
                "processor_rate": .number(assumptions.processorRate),
                "processor_source": .string(assumptions.processorSource),
                "network_bytes_per_s": .number(assumptions.network), "overhead_s": .number(assumptions.overhead),
                "start_s": .number(assumptions.start), "reserve": .number(assumptions.reserve),
                "concurrency_limit": .integer(planner.concurrencyLimit),
            ]),
            "prices": planner.prices.json,
        ]
        if let within, let inTime {
            fields["one_machine"] = .object([
                "cores": .number(
                    Planner.cores(galaxies: planner.galaxies, within: within, rate: assumptions.coreRate)),
                "galaxies_per_s_of_a_core": .number(assumptions.coreRate),
                "usd": instancePrice.map { .number($0 * max(60, within) / 3600) } ?? .null,
            ])
            fields["fewest_workers_at_once"] =
                Planner.fewestWorkers(for: inTime.plan, within: within).map { .integer($0) } ?? .null
        }
        return .object(fields)
    }
}

extension Planner.Candidate {
    fileprivate var json: JSONValue {
        .object([
            "workers": .integer(plan.ranks), "at_once": .integer(plan.workersAtOnce),
            "memory_mb": .integer(plan.worker.memory),
            "processors": .number(LambdaLimits.processors(memory: plan.worker.memory)),
            "galaxies_of_a_partition": .integer(plan.shares.first?.galaxies ?? 0), "worker_s": .number(plan.slowest),
            "map_s": .number(plan.mapSeconds), "total_s": .number(seconds),
            "gb_s": .number(plan.usage.gigabyteSeconds), "bill": bill.json,
        ])
    }
}
