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

    @Option(
        help: ArgumentHelp("Prices in a file (docs/COST.md).", valueName: "file"),
        completion: .file())
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
    @Option(help: ArgumentHelp("Number of worker invocations.", valueName: "n"))
    var requests: Int?

    @Option(help: ArgumentHelp("Duration of an invocation: 6.55s.", valueName: "time"))
    var duration: Seconds?

    @Option(help: ArgumentHelp("Memory that a worker used: 2.8GB.", valueName: "size"))
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

    @Option(help: ArgumentHelp("Latest end of the run: 60s, 5min.", valueName: "time"))
    var within: Seconds?

    @Option(help: ArgumentHelp("Architecture of the functions.", valueName: "name"))
    var architecture: LambdaArchitecture?

    @Option(
        help: ArgumentHelp(
            "Rates, times, the account's limits and more in a JSON file, in place of the plan's own (docs/COST.md).",
            valueName: "file"),
        completion: .file())
    var assumptions: String?

    /// Options that were given and say nothing of anything but a plan.
    var given: [String] {
        let all = [
            (within != nil, "--within"), (architecture != nil, "--architecture"),
            (assumptions != nil, "--assumptions"),
        ]
        return all.filter(\.0).map(\.1)
    }

    func validate() throws {
        try requireNumber(galaxies, of: "--galaxies", in: 1...1_000_000_000_000)
        if let assumptions { try requireName(assumptions, of: "--assumptions") }
        if let within { try Self.check(within) }
    }

    static func check(_ within: Seconds) throws {
        guard (1e-6...1e9).contains(within.value) else {
            throw ValidationError("--within: expected a number above 0, at most 10^9, found \(within.value)")
        }
    }
}
