import ArgumentParser
import Costs
import Platform

extension LambdaArchitecture: ExpressibleByArgument {}

/// What the plan of a run on AWS assumes.
struct LaunchPlanOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "MB configured for each worker, for the plan: 128 to 10240. Default: \(LambdaLimits.memoryOfOneProcessor)",
            valueName: "mb"))
    var memory: Int?

    @Option(help: ArgumentHelp("Architecture of the workers, for the plan. Default: x86_64.", valueName: "name"))
    var architecture: LambdaArchitecture?

    @Option(help: ArgumentHelp("Galaxies/s of one worker, for the plan.", valueName: "n"))
    var workerRate: Double?

    @Option(help: ArgumentHelp("Prices in a file (docs/COST.md).", valueName: "file"), completion: .file())
    var prices: String?

    func validate() throws {
        if let prices { try requireName(prices, of: "--prices") }
        try requireNumber(memory, of: "--memory", in: LambdaLimits.memoryRange)
        try requireRate(workerRate)
    }

    var worker: LambdaWorker {
        LambdaWorker(
            memory: memory ?? LambdaLimits.memoryOfOneProcessor, architecture: architecture ?? .x86,
            galaxiesPerSecond: workerRate)
    }

    var priceList: PriceList {
        get throws(Failure) { try prices.map { path throws(Failure) in try PriceList(file: path) } ?? .published }
    }
}
