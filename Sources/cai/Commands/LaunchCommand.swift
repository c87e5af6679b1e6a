import ArgumentParser
import Cloud
import Costs
import FoundationEssentials
import Glibc
import Platform
import Report
import Runs
import Synchronization

extension LambdaArchitecture: ExpressibleByArgument {}

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Run a fan-out on AWS: start the state machine and follow it to its end.",
        discussion: """
            Starts an execution of the state machine with the run's input (docs/RESULTS.md has all keys), shows \
            the progress of its workers, and prints the summary. Exits with 1 if the run failed. An interruption does \
            not stop the execution.

            With --dry-run nothing is started: it prints the partitions and the expected ranks, time and cost. \
            Times follow from the bytes and a rate; without --galaxies-per-second that is 230 galaxies/s for each \
            1,769 MB, for which AWS gives a processor. Cost is at the prices of us-east-1, unless --prices has others. \
            'cai cost' finds the cheapest or fastest memory and partitions.

            EXAMPLES
              cai launch payload.json --state-machine arn:aws:states:eu-west-1:123456789012:stateMachine:cai
              cai launch payload.json --dry-run --memory 1769
            """)

    @Argument(help: ArgumentHelp("The run's input as JSON; - for the standard input.", valueName: "payload.json"))
    var payload: String

    @Option(help: ArgumentHelp("The state machine's ARN, which names its region.", valueName: "arn"))
    var stateMachine: String?

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
        try requireName(payload, of: "payload.json")
        guard try requireStateMachine(stateMachine) != nil || dryRun else {
            throw ValidationError("--state-machine: expected an ARN, or --dry-run")
        }
        if let name {
            // Characters that Step Functions accepts without quoting.
            let letters = name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && scalar.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains(scalar)
            }
            guard letters, (1...80).contains(name.utf8.count) else {
                throw ValidationError("--name: expected up to 80 letters, digits, - and _, found '\(name)'")
            }
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

    func run() throws {
        let asked = try InitializeInput(try FanOutOptions.event(payload))
        asked.warnings.forEach(Console.warn)
        guard !dryRun else { return try plan(asked) }
        guard let stateMachine, let machine = StateMachineARN(stateMachine) else { return }
        let store = try options.objects(region: machine.region)
        let launch = Launch(machine: machine, client: try Self.client(of: machine), isQuiet: quiet)
        let input = String(decoding: try asked.json.encoded(), as: UTF8.self)
        let execution = try launch.run(name: name ?? "cai-" + RunName.new(), input: input)
        guard execution.hasSucceeded else { throw Failure("\(launch.arn ?? stateMachine): \(execution.failureLine)") }
        let summary: LaunchSummary
        do {
            summary = try LaunchSummary(asked, from: store)
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

    /// In the state machine's region, whatever the environment's is.
    static func client(of machine: StateMachineARN) throws(Failure) -> StepFunctionsClient {
        let environment = ProcessInfo.processInfo.environment
            .merging(["AWS_REGION": machine.region]) { _, region in region }
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

/// One execution of the state machine, from its start to its end.
final class Launch: Sendable {
    private enum Stage {
        case before
        /// Asked for under this name: whether it has started is not known yet.
        case asked(String)
        case started(String)
    }

    private let machine: StateMachineARN
    private let client: StepFunctionsClient
    private let isQuiet: Bool
    private let stage = Mutex(Stage.before)

    init(machine: StateMachineARN, client: StepFunctionsClient, isQuiet: Bool) {
        self.machine = machine
        self.client = client
        self.isQuiet = isQuiet
    }

    /// The execution's ARN, once it has started.
    var arn: String? {
        stage.withLock { stage in
            if case .started(let arn) = stage { arn } else { nil }
        }
    }

    /// Starts it and waits for its end. Interrupted, this process ends and the execution does not.
    func run(name: String, input: String) throws(Failure) -> Execution {
        Interruption.reportStatus { [self] in interruption }
        stage.withLock { $0 = .asked(name) }
        let arn = try client.startExecution(stateMachine: machine.description, name: name, input: input)
        stage.withLock { $0 = .started(arn) }
        if !isQuiet { Console.report("started \(arn)") }
        let line = MapLine(isShown: !isQuiet)
        defer { line.wipe() }
        do throws(Failure) {
            return try client.wait(for: arn, progress: line.isShown ? { line.show($0) } : nil)
        } catch {
            throw Failure("\(error); the execution continues")
        }
    }

    private var interruption: String {
        switch stage.withLock({ $0 }) {
        case .before: "nothing was started"
        case .asked(let name): "\(machine) was asked to start execution \(name), which may continue"
        case .started(let arn): "the execution continues: \(arn)"
        }
    }
}
