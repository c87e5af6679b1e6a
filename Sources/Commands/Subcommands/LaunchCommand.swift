import ArgumentParser
import Cloud
import Costs
import FoundationEssentials
import Glibc
import Platform
import Report
import Runs

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Run a fan-out on AWS.",
        usage: "cai launch <payload.json> --state-machine <arn> [<options>]",
        discussion: """
            Prints the plan of the run and its price, and refuses a run that cannot succeed: missing buckets, partitions or weights, \
            a result_path with another run, ranks beyond Lambda's 900 s; --force starts it anyway. Then it starts an \
            execution of the state machine with the run's input (docs/RESULTS.md has all keys), shows \
            the progress of its workers, and prints the summary. Exits with 1 if the run failed, and with 3 if that \
            cannot be determined: AWS does not answer for 15 minutes. An interruption does not stop the execution; \
            --follow attaches to it again, and --stop stops it: ranks that run then end on their own, their results \
            stay, and "resume": true in the input continues the run.

            With --dry-run nothing is started: it prints the partitions and the expected ranks, time and cost. \
            Times follow from the bytes and a rate; without --worker-rate that is 230 galaxies/s for each \
            1,769 MB, for which AWS gives a processor. Cost is at the prices of us-east-1, unless --prices has others. \
            'cai cost' finds the cheapest or fastest memory and partitions. The cost of a run that has ended is \
            Lambda's own, where the caller may read the workers' log, else it is estimated by their clocks.

            EXAMPLES
              cai launch payload.json --dry-run --memory 1769
              cai launch payload.json --state-machine \\
                arn:aws:states:eu-west-1:123456789012:stateMachine:cai
              cai launch --follow \\
                arn:aws:states:eu-west-1:123456789012:execution:cai:run-7
            """)

    @Argument(
        help: ArgumentHelp("The run's input as JSON; - for the standard input.", valueName: "payload.json"),
        completion: .file())
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

    @Flag(help: "Start a run that is expected to fail.")
    var force = false

    @OptionGroup var assumed: LaunchPlanOptions

    @OptionGroup var options: FanOutOptions

    @Flag(help: "Print the summary, or with --dry-run the plan, as a JSON object on the standard output.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Print no progress, notices or summary; warnings stay.")
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
        if dryRun, force { throw ValidationError("--force: --dry-run starts nothing") }
        if dryRun, name != nil { throw ValidationError("--name: --dry-run starts nothing that could have one") }
    }

    /// Of a command about an execution that exists.
    private func validateExecution(_ machine: StateMachineARN?) throws {
        let option = follow != nil ? "--follow" : "--stop"
        let others: KeyValuePairs<String, Bool> = [
            "payload.json": payload != nil, "--stop": follow != nil && stop != nil, "--name": name != nil,
            "--dry-run": dryRun, "--force": force, "--memory": assumed.memory != nil,
            "--architecture": assumed.architecture != nil,
            "--worker-rate": assumed.workerRate != nil,
            "--prices": assumed.prices != nil && stop != nil, "--json": json && stop != nil,
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
        let asked = try InitializeInput(
            try FanOutOptions.event(payload ?? ""), name: FanOutOptions.name(payload ?? ""))
        asked.warnings.forEach(Console.warn)
        guard !dryRun else { return try plan(asked) }
        guard let machine, let planned = ExecutionARN(machine, name: name ?? "cai-" + RunName.new()) else { return }
        let store = try options.objects(region: machine.region)
        let region = try AWSRegion(machine.region)
        try check(asked, planned, region, store)
        let launch = Launch(client: try region.stepFunctions(), isQuiet: quiet)
        let input = String(decoding: try asked.json.encoded(), as: UTF8.self)
        let arn = try launch.start(planned, of: machine, input: input)
        try finish(try launch.follow(arn), arn, store) { asked }
    }

    private func attach(to arn: ExecutionARN) throws {
        let store = try options.objects(region: arn.region)
        let launch = Launch(client: try AWSRegion(arn.region).stepFunctions(), isQuiet: quiet)
        let present = try launch.state(of: arn)
        let ended = present.isRunning ? try launch.follow(arn) : present
        try finish(ended, arn, store) { () throws(Failure) in
            guard let text = ended.input else {
                throw Failure("\(arn)", "DescribeExecution: expected the execution's input")
            }
            return try InitializeInput(try JSONValue.parse(Array(text.utf8), name: "the input of \(arn)"))
        }
    }

    private func end(_ arn: ExecutionARN) throws {
        let launch = Launch(client: try AWSRegion(arn.region).stepFunctions(), isQuiet: quiet)
        let (isStopped, status) = try launch.stop(arn)
        guard !quiet else { return }
        Console.report(
            isStopped
                ? "stopped \(arn): no rank starts any more, and those that run end on their own; the results of finished "
                    + "ranks stay, and \"resume\": true in the input continues the run"
                : "\(arn) had ended already: \(status)")
    }

    /// Prints the summary of an execution that has ended.
    /// - Parameter input: of the execution; only of one that has succeeded, it has to be valid.
    private func finish(
        _ execution: Execution, _ arn: ExecutionARN, _ store: any ObjectStore,
        input: () throws(Failure) -> InitializeInput
    ) throws {
        guard execution.hasSucceeded else { throw Failure("\(arn): \(execution.failureLine)") }
        var summary: LaunchSummary
        do {
            summary = try LaunchSummary(of: execution, input(), from: store)
        } catch {
            // The run is complete; only its results, which --json prints, cannot be read.
            Console.warn("the run has succeeded, and its summary cannot be read: \(error)")
            if json { throw error }
            return
        }
        summary.report.warn()
        let prices = try assumed.priceList
        let workers = summary.report
        summary.add { () throws(Failure) in
            try LambdaBill(of: workers, in: store, prices: prices, pause: { sleep(2) }) {
                (group, period, pattern, body) throws(Failure) in
                try AWSRegion(arn.region).log(group).forEachMessage(in: period, matching: pattern, body)
            }
        }
        if json { try StandardOutput.write(json: summary.json) }
        if !quiet { Console.write(summary.text) }
    }
}

/// The plan of a run.
extension LaunchCommand {
    private func plan(_ input: InitializeInput) throws {
        let region = stateMachine.flatMap { StateMachineARN($0)?.region }
        let plan = try Initialize(store: options.objects(region: region)).plan(
            input, worker: assumed.worker, prices: try assumed.priceList,
            concurrency: input.maxConcurrency == nil
                ? region.flatMap { try? AWSRegion($0).plannedConcurrency() } : nil)
        plan.warnings.forEach(Console.warn)
        try StandardOutput.write(plan.json, asJSON: json, text: plan.text)
    }

    /// Prints the plan of a run that is about to start.
    /// - Throws: where it cannot work, without --force.
    private func check(
        _ input: InitializeInput, _ arn: ExecutionARN, _ region: AWSRegion, _ store: any ObjectStore
    ) throws {
        let check = Initialize(store: store, checkLibrary: LaunchCheck.imageLibrary).check(
            input, runID: arn.name, worker: assumed.worker, prices: try assumed.priceList,
            concurrency: input.maxConcurrency == nil ? region.plannedConcurrency() : nil)
        check.unchecked.forEach(Console.warn)
        check.plan?.warnings.forEach(Console.warn)
        if let plan = check.plan, !quiet { Console.report(plan.line) }
        guard !check.refusals.isEmpty else { return }
        guard !force else { return check.refusals.forEach(Console.warn) }
        throw Failure(check.refusals.joined(separator: "; ") + " (nothing was started: --force starts it anyway)")
    }
}
