import ArgumentParser
import Costs
import Platform

/// Seconds on a command line: `60`, `60s`, `1.5min`, `2h`.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
    let value: Double

    init(_ value: Double) { self.value = value }

    init?(argument: String) {
        guard let value = quantity(argument, ["": 1, "s": 1, "min": 60, "m": 60, "h": 3600]) else { return nil }
        self.value = value
    }

    var description: String { "\(Decimals.shortest(value, digits: 6))s" }
}

/// Memory on a command line, as AWS counts it: `2.8GB` of 2^30 bytes, `1769MB` or `1769` of 2^20.
struct Megabytes: ExpressibleByArgument, CustomStringConvertible {
    let value: Double

    init(_ whole: Int) { value = Double(whole) }

    init?(argument: String) {
        guard let value = quantity(argument.uppercased(), ["": 1, "MB": 1, "GB": 1024]) else { return nil }
        self.value = value
    }

    /// MB as they are configured: whole.
    var whole: Int? { Int(exactly: value) }

    var description: String { "\(Decimals.shortest(value, digits: 6)) MB" }
}

/// A number with one of the units behind it; nil for anything else.
private func quantity(_ argument: String, _ units: [String: Double]) -> Double? {
    let digits = argument.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits), let unit = units[String(argument.dropFirst(digits.count))] else { return nil }
    return number * unit
}

/// The configuration of the functions.
struct FunctionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Memory configured, 128 to 10240 MB. Default: 10240 MB, as the published system had; of a plan, the best.",
            valueName: "size"))
    var memory: Megabytes?

    @Option(help: ArgumentHelp("/tmp configured, 512 MB (free) to 10240 MB.", valueName: "size"))
    var storage = Megabytes(LambdaLimits.storageRange.lowerBound)

    @Option(help: ArgumentHelp("Prices in a file like the program's own (docs/COST.md).", valueName: "file"))
    var prices: String?

    func validate() throws {
        if let memory { try Self.check(memory, "--memory", LambdaLimits.memoryRange) }
        try Self.check(storage, "--storage", LambdaLimits.storageRange)
        if let prices { try requireName(prices, of: "--prices") }
    }

    static func check(_ size: Megabytes, _ option: String, _ range: ClosedRange<Int>) throws {
        guard let whole = size.whole, range.contains(whole) else {
            throw ValidationError(
                "\(option): expected whole MB from \(range.lowerBound) to \(range.upperBound), found \(size)")
        }
    }

    /// MB.
    var storageSize: Int { storage.whole ?? LambdaLimits.storageRange.lowerBound }

    func priceList() throws -> PriceList {
        guard let prices else { return .published }
        return try PriceList(file: prices)
    }
}

/// A run that is described instead of read.
struct FormulaOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Workers' invocations.", valueName: "n"))
    var requests: Int?

    @Option(help: ArgumentHelp("Of one of them: 6.55s.", valueName: "time"))
    var duration: Seconds?

    @Option(help: ArgumentHelp("Memory that one used: 2.8GB.", valueName: "size"))
    var memoryUsed: Megabytes?

    func validate() throws {
        try requireNumber(requests, of: "--requests", in: 1...1_000_000_000)
        if let duration, !(duration.value > 0 && duration.value <= LambdaLimits.mostSeconds) {
            throw ValidationError("--duration: expected more than 0 and at most 900 s, found \(duration)")
        }
        if let memoryUsed, !(memoryUsed.value > 0 && memoryUsed.value <= 1e6) {
            throw ValidationError("--memory-used: expected more than 0 and at most 1000000 MB, found \(memoryUsed)")
        }
    }
}

/// A run that is planned.
struct PlanOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Galaxies to plan a run for.", valueName: "n"))
    var galaxies: Int?

    @Option(help: ArgumentHelp("When the run has to have ended: 60s, 5min.", valueName: "time"))
    var within: Seconds?

    @Option(
        help: ArgumentHelp("Galaxies/s of a Lambda processor (1769 MB). Default: half of a core's.", valueName: "n"))
    var rate: Double?

    @Option(help: ArgumentHelp("Galaxies/s of one core of a machine. Default: 460, as measured.", valueName: "n"))
    var coreRate: Double?

    @Option(help: ArgumentHelp("MB a partition, to choose from. Default: 5 to 4000.", valueName: "n,..."))
    var partitions: String?

    @Option(help: ArgumentHelp("x86_64 or arm64. Default: \(LambdaArchitecture.x86.rawValue).", valueName: "name"))
    var architecture: LambdaArchitecture?

    @Option(
        help: ArgumentHelp(
            "Workers at once that the account has. Default: \(LambdaLimits.usualConcurrency).", valueName: "n"))
    var concurrencyLimit: Int?

    @Option(
        help: ArgumentHelp(
            "Most memory of a function; new accounts often have 3008. Default: \(Self.usualMemoryLimit).",
            valueName: "size"))
    var memoryLimit: Megabytes?

    @Option(
        help: ArgumentHelp(
            "MB/s (10^6) that a worker reads from S3. Default: \(Decimals.shortest(Self.usual.network / 1e6, digits: 6)).",
            valueName: "n"))
    var network: Double?

    @Option(
        help: ArgumentHelp(
            "Of each worker, beside computing. Default: \(Seconds(Self.usual.overhead)).", valueName: "time"))
    var overhead: Seconds?

    @Option(
        help: ArgumentHelp("Until the first worker begins. Default: \(Seconds(Self.usual.start)).", valueName: "time"))
    var start: Seconds?

    @Option(help: ArgumentHelp("Dollars an hour of a machine with enough cores, to compare with.", valueName: "n"))
    var instancePrice: Double?

    private static let usual = PlanAssumptions()
    private static let usualMemoryLimit = Megabytes(LambdaLimits.memoryRange.upperBound)

    /// Most memory of a function.
    var mostMemory: Megabytes { memoryLimit ?? Self.usualMemoryLimit }

    /// Options that were given and say nothing of anything but a plan.
    var given: [String] {
        let all = [
            (within != nil, "--within"), (rate != nil, "--rate"), (coreRate != nil, "--core-rate"),
            (partitions != nil, "--partitions"), (instancePrice != nil, "--instance-price"),
            (architecture != nil, "--architecture"), (concurrencyLimit != nil, "--concurrency-limit"),
            (memoryLimit != nil, "--memory-limit"), (network != nil, "--network"), (overhead != nil, "--overhead"),
            (start != nil, "--start"),
        ]
        return all.filter(\.0).map(\.1)
    }

    func validate() throws {
        try requireNumber(galaxies, of: "--galaxies", in: 1...1_000_000_000_000)
        let amounts: KeyValuePairs = [
            "--within": within?.value, "--rate": rate, "--core-rate": coreRate, "--instance-price": instancePrice,
            "--network": network,
        ]
        for case (let option, let value?) in amounts where !(1e-6...1e9).contains(value) {
            throw ValidationError("\(option): expected a number above 0, at most 10^9, found \(value)")
        }
        if let memoryLimit { try FunctionOptions.check(memoryLimit, "--memory-limit", LambdaLimits.memoryRange) }
        try requireNumber(concurrencyLimit, of: "--concurrency-limit", in: 1...LambdaLimits.mostConcurrency)
        for (time, option) in [(overhead, "--overhead"), (start, "--start")] {
            guard let time, !(0...600).contains(time.value) else { continue }
            throw ValidationError("\(option): expected 0 to 600 s, found \(time)")
        }
        _ = try partitionSizes()
    }

    /// MB; nil for the planner's own.
    func partitionSizes() throws -> [Int]? {
        guard let partitions else { return nil }
        return try partitions.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let size = Int(text), (1...100_000).contains(size) else {
                throw ValidationError("--partitions: expected MB from 1 to 100000 and commas, found '\(partitions)'")
            }
            return size
        }
    }

    /// - Parameter rates: of another place than the options; these come first.
    func assumptions(measured rates: MeasuredRate?) -> PlanAssumptions {
        var assumptions = PlanAssumptions()
        assumptions.set(rates)
        if let coreRate { assumptions.setCoreRate(coreRate, source: "--core-rate") }
        if let rate { assumptions.setProcessorRate(rate, source: "--rate") }
        if let network { assumptions.network = network * 1e6 }
        if let overhead { assumptions.overhead = overhead.value }
        if let start { assumptions.start = start.value }
        let given: [(Bool, PlanAssumptions.Quantity)] = [
            (coreRate != nil, .coreRate), (rate != nil, .processorRate), (network != nil, .network),
            (overhead != nil, .overhead), (start != nil, .start),
            (concurrencyLimit != nil || memoryLimit != nil, .account),
        ]
        assumptions.given = Set(given.filter(\.0).map(\.1))
        return assumptions
    }
}
