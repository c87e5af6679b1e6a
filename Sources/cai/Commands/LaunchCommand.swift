import ArgumentParser
import Cloud
import Costs
import FoundationEssentials
import Glibc
import Platform
import Report
import Runs

extension LambdaArchitecture: ExpressibleByArgument {}

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Run a fan-out on AWS: start the state machine and follow it to its end.",
        discussion: """
            Starts an execution of the state machine with the run's input (docs/RESULTS.md has all keys), shows \
            the progress of its workers, and prints the summary. Exits with 1 if the run failed, and with 3 if that \
            cannot be found out: AWS does not answer for 15 minutes. An interruption does not stop the execution; \
            --follow attaches to it again, and --stop stops it: ranks that run then end on their own, their results \
            stay, and "resume": true in the input continues the run.

            With --dry-run nothing is started: it prints the partitions and the expected ranks, time and cost. \
            Times follow from the bytes and a rate; without --galaxies-per-second that is 230 galaxies/s for each \
            1,769 MB, for which AWS gives a processor. Cost is at the prices of us-east-1, unless --prices has others. \
            'cai cost' finds the cheapest or fastest memory and partitions.

            EXAMPLES
              cai launch payload.json --state-machine arn:aws:states:eu-west-1:123456789012:stateMachine:cai
              cai launch payload.json --dry-run --memory 1769
              cai launch --follow arn:aws:states:eu-west-1:123456789012:execution:cai:cai-20261129T025000Z-1f3a9c0b
            """)

    @Argument(help: ArgumentHelp("The run's input as JSON; - for the standard input.", valueName: "payload.json"))
    var payload: String?

    @Option(help: ArgumentHelp("The state machine's ARN, which names its region.", valueName: "arn"))
    var stateMachine: String?

    @Option(
        help: ArgumentHelp(
            "Follow an execution that runs or has ended: its ARN, or its name and --state-machine.", valueName: "arn"))
    var follow: String?

    @Option(help: ArgumentHelp("Stop an execution: its ARN, or its name and --state-machine.", valueName: "arn"))
    var stop: String?

    @Option(help: ArgumentHelp("Name of the execution. Default: random.", valueName: "name"))
    var name: String?

    @Flag(help: "Print the ranks, the time and the cost; start nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "With --dry-run: MB configured for each worker, 128 to 10240. Default: \(LambdaLimits.memoryOfOneProcessor)",
            valueName: "mb"))
    var memory: Int?

    @Option(help: ArgumentHelp("With --dry-run: x86_64 or arm64. Default: x86_64", valueName: "name"))
    var architecture: LambdaArchitecture?

    @Option(help: ArgumentHelp("With --dry-run: galaxies a second of one worker.", valueName: "n"))
    var galaxiesPerSecond: Double?

    @Option(help: ArgumentHelp("With --dry-run: prices in a file (docs/COST.md).", valueName: "file"))
    var prices: String?

    @OptionGroup var options: FanOutOptions

    @Flag(help: "Print the summary, or with --dry-run the plan, as a JSON object on the standard output.")
    var json = false

    @Flag(help: "No progress, no notices, no summary; warnings stay.")
    var quiet = false

    func validate() throws {
        let machine = try requireStateMachine(stateMachine)
        if follow != nil || stop != nil { return try validateExecution(machine) }
        guard let payload else { throw ValidationError("expected payload.json, --follow or --stop") }
        try requireName(payload, of: "payload.json")
        guard machine != nil || dryRun else {
            throw ValidationError("--state-machine: expected an ARN, or --dry-run")
        }
        if let name, !ExecutionARN.isName(name) {
            throw ValidationError("--name: expected up to 80 letters, digits, - and _, found '\(name)'")
        }
        if let prices { try requireName(prices, of: "--prices") }
        try requireNumber(memory, of: "--memory", in: LambdaLimits.memoryRange)
        try require(
            "--dry-run", isGiven: dryRun,
            by: [
                "--memory": memory != nil, "--architecture": architecture != nil,
                "--galaxies-per-second": galaxiesPerSecond != nil, "--prices": prices != nil,
            ])
        if dryRun, name != nil { throw ValidationError("--name: --dry-run starts nothing that could have one") }
        try requireRate(galaxiesPerSecond)
    }

    /// Of a command about an execution that exists.
    private func validateExecution(_ machine: StateMachineARN?) throws {
        let option = follow != nil ? "--follow" : "--stop"
        let others: KeyValuePairs<String, Bool> = [
            "payload.json": payload != nil, "--stop": follow != nil && stop != nil, "--name": name != nil,
            "--dry-run": dryRun, "--memory": memory != nil, "--architecture": architecture != nil,
            "--galaxies-per-second": galaxiesPerSecond != nil, "--prices": prices != nil,
            "--json": json && stop != nil,
        ]
        if let other = others.first(where: \.value) {
            throw ValidationError("\(option): expected no \(other.key) with it: nothing is started")
        }
        _ = try execution(follow ?? stop ?? "", of: machine, option)
    }

    /// The execution that an option names.
    private func execution(_ text: String, of machine: StateMachineARN?, _ option: String) throws -> ExecutionARN {
        if let arn = ExecutionARN(text) {
            guard machine.map(arn.isOf) ?? true else {
                throw ValidationError("\(option): expected an execution of \(stateMachine ?? ""), found '\(text)'")
            }
            return arn
        }
        guard let machine else {
            throw ValidationError(
                "\(option): expected the ARN of an execution, or its name and --state-machine, found '\(text)'")
        }
        guard let arn = ExecutionARN(machine, name: text) else {
            throw ValidationError("\(option): expected the ARN or the name of an execution, found '\(text)'")
        }
        return arn
    }

    func run() throws {
        let machine = stateMachine.flatMap { StateMachineARN($0) }
        if let follow { return try attach(to: try execution(follow, of: machine, "--follow")) }
        if let stop { return try end(try execution(stop, of: machine, "--stop")) }
        let asked = try InitializeInput(try FanOutOptions.event(payload ?? ""))
        asked.warnings.forEach(Console.warn)
        guard !dryRun else { return try plan(asked) }
        guard let machine, let planned = ExecutionARN(machine, name: name ?? "cai-" + RunName.new()) else { return }
        let store = try options.objects(region: machine.region)
        let launch = Launch(client: try Self.client(region: machine.region), isQuiet: quiet)
        let input = String(decoding: try asked.json.encoded(), as: UTF8.self)
        let arn = try launch.start(planned, of: machine, input: input)
        try finish(try launch.follow(arn), arn, asked, store)
    }

    private func attach(to arn: ExecutionARN) throws {
        let store = try options.objects(region: arn.region)
        let launch = Launch(client: try Self.client(region: arn.region), isQuiet: quiet)
        let present = try launch.state(of: arn)
        let ended = present.isRunning ? try launch.follow(arn) : present
        let input = try ended.input.map { text throws(Failure) in
            try InitializeInput(try JSONValue.parse(Array(text.utf8), name: "the input of \(arn)"))
        }
        try finish(ended, arn, input, store)
    }

    private func end(_ arn: ExecutionARN) throws {
        let launch = Launch(client: try Self.client(region: arn.region), isQuiet: quiet)
        let (isStopped, status) = try launch.stop(arn)
        guard !quiet else { return }
        Console.report(
            isStopped
                ? "stopped \(arn): no rank starts any more, and those that run end on their own; the results of finished "
                    + "ranks stay, and \"resume\": true in the input continues the run"
                : "\(arn) had ended already: \(status)")
    }

    /// Prints the summary of an execution that has ended.
    /// - Parameter input: of the execution; nil where the caller may not read it.
    private func finish(
        _ execution: Execution, _ arn: ExecutionARN, _ input: InitializeInput?, _ store: any ObjectStore
    ) throws {
        guard execution.hasSucceeded else { throw Failure("\(arn): \(execution.failureLine)") }
        let summary: LaunchSummary
        do {
            guard let input else { throw Failure("\(arn)", "DescribeExecution: expected the execution's input") }
            summary = try LaunchSummary(of: execution, input, from: store)
        } catch {
            // The run is complete; only its results, which --json prints, cannot be read.
            Console.report("warning: the run has succeeded, and its summary cannot be read: \(error)")
            if json { throw error }
            return
        }
        summary.report.warn()
        if json { try StandardOutput.write(json: summary.json) }
        if !quiet { Console.write(summary.text) }
    }

    /// In that region, whatever the environment's is.
    static func client(region: String) throws(Failure) -> StepFunctionsClient {
        let environment = ProcessInfo.processInfo.environment.merging(["AWS_REGION": region]) { _, region in region }
        let transport = CurlTransport(environment: environment)
        return try StepFunctionsClient(
            AWSConfiguration(environment, transport: transport), transport: transport,
            retries: try RetryPolicy(environment))
    }

    private func plan(_ input: InitializeInput) throws {
        let worker = LambdaWorker(
            memory: memory ?? LambdaLimits.memoryOfOneProcessor, architecture: architecture ?? .x86,
            galaxiesPerSecond: galaxiesPerSecond)
        let region = stateMachine.flatMap { StateMachineARN($0)?.region }
        let plan = try Initialize(store: options.objects(region: region)).plan(
            input, worker: worker,
            prices: prices.map { path throws(Failure) in try PriceList(file: path) } ?? .published)
        plan.warnings.forEach(Console.warn)
        try StandardOutput.write(plan.json, asJSON: json, text: plan.text)
    }
}
