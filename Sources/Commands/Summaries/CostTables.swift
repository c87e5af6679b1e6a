import Costs
import Platform

/// A run's cost by the published formula, and the bills of both architectures beside it.
extension CostComparison {
    var text: String {
        let used = memoryUsed.map { "\(Decimals.fixed($0, 2)) GB used, " } ?? ""
        let bills = [formula] + LambdaArchitecture.allCases.map { bill(on: $0) }
        func row(_ name: String, _ part: KeyPath<Bill, Double>, isFormulas: Bool = true) -> [String] {
            [name]
                + bills.enumerated().map { place, bill in
                    bill.map { place > 0 || isFormulas ? Dollars.text($0[keyPath: part]) : "-" } ?? "unknown"
                }
        }
        let rows =
            [["", "published formula"] + LambdaArchitecture.allCases.map { "billed, \($0.rawValue)" }]
            + [
                row("memory x time", \.functions), row("requests", \.requests), row("/tmp", \.storage),
                row("Lambda", \.lambda), row("S3 requests", \.objects, isFormulas: false),
                row("Step Functions", \.stateMachine, isFormulas: false), row("total", \.total),
            ]
        return "\(Numbers.counted(requests, "worker")) of \(Decimals.fixed(seconds, 2)) s, "
            + "\(used)\(Numbers.grouped(memory)) MB configured\n\n" + Columns.text(rows) + "\n"
            + prices.footer
    }

    var json: JSONValue {
        .object([
            "requests": .integer(requests), "duration_s": .number(seconds),
            "memory_used_gb": .optional(memoryUsed), "memory_mb": .integer(memory),
            "storage_mb": .integer(storage), "gb_s": .number(usage.gigabyteSeconds),
            "state_transitions": .integer(usage.stateTransitions),
            "s3_requests": .integer(usage.gets + usage.puts + usage.lists),
            "published_formula": formula?.json ?? .null,
            "billed": .object(
                Dictionary(
                    uniqueKeysWithValues: LambdaArchitecture.allCases.map { ($0.rawValue, bill(on: $0).json) })),
            "prices": prices.json,
        ])
    }
}

extension Bill {
    var json: JSONValue {
        .object([
            "functions_usd": .number(functions), "requests_usd": .number(requests), "storage_usd": .number(storage),
            "lambda_usd": .number(lambda), "s3_usd": .number(objects), "state_machine_usd": .number(stateMachine),
            "total_usd": .number(total),
        ])
    }
}

extension PriceList {
    /// Prices' day, and what is in the bill.
    var footer: String {
        "Prices of \(region), \(asOf); free allowances not subtracted. Bills have Initialize, Summarize and the\n"
            + "state machine in them; arm64's is of as many seconds as x86_64's.\n"
    }

    /// Where they are from, not each of them.
    var json: JSONValue {
        .object([
            "region": .string(region), "as_of": .string(asOf), "sources": .array(sources.map { .string($0) }),
        ])
    }
}

/// The reference's table of costs: as published, by its formula, and as AWS bills the memory configured.
struct PublishedCostTable {
    private let prices: PriceList
    private let rows: [(published: PublishedCost, comparison: CostComparison)]
    private let logged: CostComparison

    init(prices: PriceList, memory: Int?) {
        self.prices = prices
        let memory = memory ?? PublishedCost.configuredMemory
        func comparison(_ row: PublishedCost) -> CostComparison {
            CostComparison(
                requests: row.formula.requests, seconds: row.formula.seconds, memoryUsed: row.formula.memory,
                memory: memory, reads: FanOutPlan.reads(bytes: row.partition << 20), prices: prices)
        }
        rows = PublishedCost.rows.map { ($0, comparison($0)) }
        logged = comparison(.logged)
    }

    var text: String {
        let table = rows.map { published, comparison in
            [
                "\(published.partition) MB", "\(comparison.requests)", "\(Decimals.fixed(comparison.seconds, 2)) s",
                "\(Decimals.fixed(published.formula.memory, 1)) GB", Dollars.text(published.cost),
                Dollars.cents(comparison.formula?.total ?? 0),
            ] + bills(comparison)
        }
        let head =
            ["partitions", "workers", "each", "used", "published", "formula"]
            + LambdaArchitecture.allCases.map { "Lambda, \($0.rawValue)" }
            + LambdaArchitecture.allCases.map { "all, \($0.rawValue)" }
        let memory = Numbers.grouped(logged.memory)
        return "12.6 GB by the reference. 'formula' is requests x time x memory used, as published; 'Lambda' what AWS "
            + "bills for \(memory) MB configured; 'all' has Step Functions and S3, too.\n\n"
            + Columns.text([head] + table)
            + "\nIts logged run with 50 MB partitions, \(Dollars.text(PublishedCost.logged.cost)) at 10,240 MB: "
            + "\(logged.requests) workers of \(Decimals.fixed(logged.seconds, 1)) s (worked back from that cost; the log "
            + "is not published): \(Dollars.cents(logged.bill(on: .x86).lambda)) at \(memory) MB.\n"
            + prices.footer
    }

    private func bills(_ comparison: CostComparison) -> [String] {
        let bills = LambdaArchitecture.allCases.map { comparison.bill(on: $0) }
        return bills.map { Dollars.cents($0.lambda) } + bills.map { Dollars.cents($0.total) }
    }

    var json: JSONValue {
        func row(_ published: PublishedCost, _ comparison: CostComparison) -> JSONValue {
            .object([
                "partition_mb": .integer(published.partition), "published_usd": .number(published.cost),
                "cost": comparison.json,
            ])
        }
        return .object([
            "rows": .array(rows.map { row($0.published, $0.comparison) }),
            "logged": row(.logged, logged), "prices": prices.json,
        ])
    }
}
