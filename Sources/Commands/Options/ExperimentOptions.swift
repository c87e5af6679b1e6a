import ArgumentParser
import Cloud
import Experiment
import Platform

/// Which variables are varied, and which are held.
struct ExperimentPlanOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "data-size 1GB,2GB,total, batch-size 32,512, partition-size 25,100 or threads 1,2 (also 1..4, and 1..N for the "
                + "processors there are); may be given for each of them.", valueName: "variable values"))
    var vary: [String] = []

    @Flag(help: "Combine all data sizes with all partition sizes, and vary batch size and threads for each pair.")
    var grid = false

    @Option(help: ArgumentHelp("Runs of each point.", valueName: "n"))
    var runs = 3

    @Flag(help: "Repeat galaxies if there are fewer than a size needs.")
    var `repeat` = false

    @Option(help: ArgumentHelp("The size where it is not varied: 50MB, 1GB, 12.6GB or total.", valueName: "size"))
    var dataSize = "1GB"

    @Option(help: ArgumentHelp("The batch size where it is not varied.", valueName: "n"))
    var batchSize = 512

    @Option(help: ArgumentHelp("The partition size where it is not varied: 25, 50, 75 or 100 MB.", valueName: "mb"))
    var partitionSize = 25

    @Option(
        name: [.customShort("j"), .long],
        help: ArgumentHelp(
            "Threads where they are not varied. Default: the processors this process may use.", valueName: "n"))
    var threads: Int?

    /// The words behind `--vary`: sweeps, as `data-size 1GB,2GB` or `data-size=1GB,2GB`, and then perhaps inputs.
    func words() throws -> (sweeps: [Sweep], others: [String]) {
        var sweeps: [Sweep] = []
        var others: [String] = []
        var words = vary[...]
        while let word = words.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let variable = Sweep.Variable(rawValue: parts[0]) else {
                guard !sweeps.isEmpty else {
                    let known = Sweep.Variable.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--vary: expected \(known), found '\(parts[0])'")
                }
                others.append(word)
                continue
            }
            guard let values = parts.count > 1 ? parts[1] : words.popFirst(), !values.isEmpty else {
                throw ValidationError("--vary \(parts[0]): expected values, found none")
            }
            guard !sweeps.contains(where: { $0.variable == variable }) else {
                throw ValidationError("--vary \(parts[0]): expected once, found twice")
            }
            sweeps.append(
                try usage { () throws(Failure) in
                    try Sweep(variable, values: values, processors: Processors.available)
                })
        }
        return (sweeps, others)
    }

    func check(onCloud: Bool) throws {
        try requireNumber(runs, of: "--runs", in: ExperimentPoint.runCounts)
        try requireNumber(batchSize, of: "--batch-size", in: Sweep.batchSizes)
        try requireThreads(threads)
        let sweeps = try words().sweeps
        if onCloud, threads != nil || sweeps.contains(where: { $0.variable == .threads }) {
            throw ValidationError("threads: on AWS the functions' memory decides, and is set in the stack")
        }
        _ = try plan(onCloud: onCloud)
    }

    func plan(onCloud: Bool) throws -> ExperimentPlan {
        let sweeps = try words().sweeps
        return try usage { () throws(Failure) in
            try Sweep.check(partition: partitionSize, of: "--partition-size")
            return try ExperimentPlan(
                sweeps: sweeps,
                defaults: ExperimentDefaults(
                    size: DataVolume(checked: dataSize, of: "--data-size"), batchSize: batchSize,
                    partition: partitionSize, threads: onCloud ? nil : threads ?? Processors.available),
                runs: runs, isGrid: grid)
        }
    }
}

/// Where runs are made, if not on this machine.
struct ExperimentCloudOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Run on AWS: the state machine's ARN, which names its region.", valueName: "arn"))
    var stateMachine: String?

    @Option(help: ArgumentHelp("With --state-machine: where its results go, s3://bucket/prefix/.", valueName: "url"))
    var results: String?

    @Option(
        help: ArgumentHelp(
            "With --state-machine: workers at once, 1 to 10000. Default: as Initialize plans", valueName: "n"))
    var maxConcurrency: Int?

    @OptionGroup var options: FanOutOptions

    var isAsked: Bool { stateMachine != nil }

    /// - Parameter places: the inputs.
    func check(_ places: [String]) throws {
        guard try requireStateMachine(stateMachine) != nil else {
            guard results == nil, maxConcurrency == nil, options.store == nil else {
                throw ValidationError("--results, --max-concurrency and --store: expected --state-machine with them")
            }
            return
        }
        guard let results else { throw ValidationError("--results: expected s3://bucket/prefix/ with --state-machine") }
        guard places.count == 1 else {
            throw ValidationError("--state-machine: expected one input, s3://bucket/prefix/, found \(places.count)")
        }
        for (place, option) in [(results, "--results"), (places[0], "input")] {
            _ = try usage("\(option): ") { () throws(Failure) in try S3Location(place) }
        }
        try requireNumber(maxConcurrency, of: "--max-concurrency", in: 1...10_000)
    }
}
