import ArgumentParser
import Costs
import Platform
import Report

struct CostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Compute the cost of a run on AWS, or plan one.",
        usage: "cai cost [<run> ...] [<options>]",
        discussion: """
            For a run, by its combined_data.json (RUN: that file, its folder or s3://bucket/path/, or a tree of runs), \
            or by --requests and --duration: the cost by the published formula (memory used), and AWS's bill (memory \
            configured, each invocation rounded up to a millisecond, S3, Step Functions).

            With --galaxies, a plan: searches memory, partition size and workers at once for the cheapest and the \
            fastest run within AWS's limits, and with --within for the cheapest that ends in time; exits with 1 if \
            none does. The output marks measured and assumed values. With a RUN, the rate is that run's.

            Prices are those of us-east-1, first tiers, without free allowances; docs/COST.md has them with their \
            date, and all formulas.

            EXAMPLES
              cai cost --galaxies 500000 --within 60s
              cai cost results/run-1 --memory 1769
              cai cost --requests 517 --duration 6.55s --memory-used 2.8GB
              cai cost --published
            """)

    @Argument(
        help: ArgumentHelp("Runs: combined_data.json, folders or s3:// URLs.", valueName: "run"), completion: .file())
    var runs: [String] = []

    @Flag(help: "Print the four published costs of the reference, and AWS's bill for them.")
    var published = false

    @OptionGroup(title: "A RUN DESCRIBED") var formula: FormulaOptions
    @OptionGroup(title: "A RUN PLANNED") var planned: PlanOptions
    @OptionGroup(title: "FUNCTIONS AND PRICES") var functions: FunctionOptions
    @OptionGroup var options: FanOutOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        for run in runs { try requireName(run, of: "run") }
        let asked =
            [(published, "--published"), (formula.requests != nil, "--requests")]
            + [(planned.galaxies != nil, "--galaxies")]
        let given = asked.filter(\.0).map(\.1)
        guard given.count + (runs.isEmpty ? 0 : 1) > 0 else {
            throw ValidationError(
                "expected a run, --requests with --duration, --galaxies or --published, found none of them")
        }
        guard given.count <= 1, runs.isEmpty || given.isEmpty || planned.galaxies != nil else {
            throw ValidationError(
                "expected one of a run, --requests, --galaxies and --published, found "
                    + (given + (runs.isEmpty ? [] : ["'\(runs[0])'"])).joined(separator: " and "))
        }
        if (formula.requests == nil) != (formula.duration == nil) {
            throw ValidationError("expected --requests and --duration together, found one of them")
        }
        if planned.galaxies == nil, let option = planned.given.first {
            throw ValidationError("\(option): expected --galaxies with it, found none")
        }
        if published, functions.storageSize != LambdaLimits.storageRange.lowerBound {
            throw ValidationError(
                "--storage: expected it without --published, whose functions had no more than is free")
        }
        if formula.memoryUsed != nil, formula.requests == nil, runs.isEmpty || planned.galaxies != nil {
            throw ValidationError("--memory-used: expected --requests or a run with it, found neither")
        }
    }

    func run() throws {
        let prices = try functions.priceList()
        if published {
            let table = PublishedCostTable(prices: prices, memory: functions.memory?.whole)
            try StandardOutput.write(table.json, asJSON: json, text: table.text)
        } else if let galaxies = planned.galaxies {
            let plan = try plan(galaxies, rate: try measuredRate(), prices)
            try StandardOutput.write(plan.json, asJSON: json, text: plan.text)
        } else if let requests = formula.requests, let duration = formula.duration {
            let comparison = CostComparison(
                requests: requests, seconds: duration.value, memoryUsed: formula.memoryUsed.map { $0.value / 1024 },
                memory: functions.memory?.whole ?? PublishedCost.configuredMemory, storage: functions.storageSize,
                prices: prices)
            try StandardOutput.write(comparison.json, asJSON: json, text: comparison.text)
        } else {
            var settings = RunCost.Settings()
            settings.memoryUsed = formula.memoryUsed.map { $0.value / 1024 }
            settings.memory = functions.memory?.whole
            settings.storage = functions.storageSize
            settings.prices = prices
            let costs = try RunCosts(runs, settings: settings) { try options.objects() }
            try StandardOutput.write(costs.json, asJSON: json, text: costs.text)
        }
    }

    /// The rate of the run that is named beside a plan; nil where none is.
    private func measuredRate() throws -> MeasuredRate? {
        guard !runs.isEmpty else { return nil }
        // The options describe the planned functions, not those of this run.
        let costs = try RunCosts(runs, settings: RunCost.Settings()) { try options.objects() }
        guard let rate = MeasuredRate.typical(of: costs.runs.compactMap(\.rate)) else {
            throw Failure("\(runs[0]): expected a run with galaxies, time and threads, found none")
        }
        return rate
    }

    private func plan(_ galaxies: Int, rate: MeasuredRate?, _ prices: PriceList) throws -> PlanReport {
        var planner = Planner(galaxies: galaxies)
        planner.architecture = planned.architecture ?? .x86
        planner.assumptions.set(rate)
        planner.prices = prices
        planner.storage = functions.storageSize
        let stated = try planned.assumptions.map { path throws(Failure) in try StatedAssumptions(file: path) }
        stated?.apply(to: &planner)
        let most = planner.memoryLimit
        if let memory = functions.memory?.whole {
            guard memory <= most else {
                throw ValidationError("--memory: expected at most the \(most) MB of --assumptions, found \(memory) MB")
            }
            planner.memories = [memory]
        } else {
            planner.memories = Planner.memories(upTo: most)
        }
        return try PlanReport(planner, within: planned.within?.value, instancePrice: stated?.instancePrice)
    }
}
