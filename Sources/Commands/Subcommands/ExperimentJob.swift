import Cloud
import Costs
import Experiment
import Runs
import FoundationEssentials
import Glibc
import Inference
import Platform
import Synchronization

/// An experiment from its command line to its end.
struct ExperimentJob {
    let command: ExperimentCommand
    let plan: ExperimentPlan

    private var tree: ExperimentTree { ExperimentTree(command.output) }

    /// On this machine.
    func runHere() throws {
        let environment = ProcessInfo.processInfo.environment
        let weights = try WeightsLocator(environment: environment).weights(named: command.weights)
        let store = try StoreLocator.store(of: command.places + [weights])
        let watch = Watch(isResumable: !command.dryRun)
        let inputs = try GalaxyInputs(command.places, store: store)
        let counted = try Self.count(inputs)
        let supply = PartitionSupply(
            galaxies: counted.reduce(0) { $0 + ($1.galaxies ?? 0) }, isRepeated: command.plan.repeat)
        let engine = LocalEngine(
            inputs: inputs, supply: supply, weights: weights,
            scratch: ScratchFolder(command.scratch ?? tree.scratch), store: store,
            keepsPredictions: command.keepPredictions, environment: environment)
        for point in plan.points { try supply.check(point) }
        guard !command.dryRun else {
            let given = command.workerRate
            let measured = min(supply.galaxies, Self.measuredGalaxies)
            let rate = try given ?? measuredRate(measured, of: inputs, weights: weights, store: store)
            return try ExperimentForecast(
                plan, galaxies: { supply.galaxies(of: $0) }, rate: rate, measured: given == nil ? measured : nil
            ).write(asJSON: command.json)
        }
        let identity =
            S3Location.isLocation(weights)
            ? ExperimentRecord.Weights(name: weights, sha256: nil)
            : try ExperimentRecord.Weights(name: weights, path: weights)
        var (experiment, record) = try begin(try ExperimentMachine.current(), identity, counted, engine: engine, watch)
        let pending = record.pending
        guard let first = pending.first else { return try end(record) }
        defer { if !command.keep { engine.scratch.remove() } }
        if !command.keep { watch.clean(engine.scratch) }
        let line = ExperimentLine(isShown: !command.quiet)
        do {
            try engine.prepare(pending.map(\.point)) { line.show(cut: $0) }
            if command.warmUp { experiment.add(warmUp: try engine.warmUp(first), of: first.point) }
            record = try make(&experiment, line, watch)
        } catch {
            Interruption.hold()
            throw error
        }
        try end(record)
    }

    /// On AWS.
    func runOnCloud(_ options: ExperimentCloudOptions) throws {
        guard let arn = options.stateMachine, let machine = StateMachineARN(arn) else { return }
        let watch = Watch(isResumable: !command.dryRun)
        let store = try options.options.objects(region: machine.region)
        var engine = CloudEngine(
            client: try AWSRegion(machine.region).stepFunctions(), stateMachine: machine.description, store: store,
            data: try S3Location(command.places[0]), results: try S3Location(options.results ?? ""),
            weights: command.weights, concurrency: options.maxConcurrency, isRepeated: command.plan.repeat,
            keepsPredictions: command.keepPredictions)
        try engine.prepare(plan.points)
        guard !command.dryRun else {
            let worker = LambdaWorker(
                memory: LambdaLimits.memoryOfOneProcessor, architecture: .x86,
                galaxiesPerSecond: command.workerRate)
            return try ExperimentForecast(
                plan, worker: worker,
                launches: { point in
                    let input = engine.input(PlannedRun(point: point, number: 1), replaces: false)
                    return try Initialize(store: store).plan(try InitializeInput(input), worker: worker)
                }
            ).write(asJSON: command.json)
        }
        var place = ExperimentMachine()
        place.stateMachine = machine.description
        var (experiment, record) = try begin(
            place, ExperimentRecord.Weights(name: command.weights, sha256: nil),
            [ExperimentRecord.Input(name: command.places[0], galaxies: nil)], engine: engine, watch)
        guard !record.pending.isEmpty else { return try end(record) }
        record = try make(&experiment, ExperimentLine(isShown: !command.quiet), watch)
        try end(record)
    }

    private func begin(
        _ machine: ExperimentMachine, _ weights: ExperimentRecord.Weights, _ inputs: [ExperimentRecord.Input],
        engine: any ExperimentEngine, _ watch: Watch
    ) throws -> (Experiment, ExperimentRecord) {
        let planned = ExperimentRecord(
            cai: ExperimentRecord.Program(version: Release.version, commit: command.commit),
            machine: machine, weights: weights, inputs: inputs, isRepeated: command.plan.repeat,
            keepsPredictions: command.keepPredictions, isWarmedUp: command.warmUp, points: plan.points)
        let (record, broken) = try tree.begin(planned, command.continuation)
        for run in broken { Console.warn("\(run.reason): it is run again") }
        watch.set(done: record.runs.count, of: record.plan.runs.count)
        return (Experiment(tree, record: record, broken: broken, engine: engine), record)
    }

    private func make(
        _ experiment: inout Experiment, _ line: ExperimentLine, _ watch: Watch
    ) throws -> ExperimentRecord {
        defer { line.wipe() }
        let total = experiment.record.plan.runs.count
        try experiment.run(status: { line.show($0) }) { run, _, done in
            watch.set(done: done, of: total)
            if !command.quiet { line.finished(run, done: done, of: total) }
        }
        return experiment.record
    }

    private func end(_ record: ExperimentRecord) throws {
        // Nothing may have been left to run, and yet points have come to belong to more sweeps.
        try tree.write(record)
        if command.json { try StandardOutput.write(String(decoding: try record.encoded(), as: UTF8.self)) }
        guard !command.quiet else { return }
        Console.write(
            Numbers.counted(record.runs.count, "run") + " of " + Numbers.counted(record.points.count, "point")
                + " in \(tree.path.printable)\n")
    }

    private static func count(_ inputs: GalaxyInputs) throws(Failure) -> [ExperimentRecord.Input] {
        var counted: [ExperimentRecord.Input] = []
        try inputs.forEach { input, file throws(Failure) in
            guard let galaxies = file.galaxyCount else {
                // `PartitionSplit` reports what is wrong with the file.
                _ = try PartitionSplit([file], rows: 1)
                throw Failure(input.path, "is not a galaxy file")
            }
            counted.append(ExperimentRecord.Input(name: input.path, galaxies: galaxies))
            return true
        }
        return counted
    }

    /// Galaxies on which a rate is measured, at most.
    private static let measuredGalaxies = 512

    private func measuredRate(
        _ galaxies: Int, of inputs: GalaxyInputs, weights: String, store: (any ObjectStore)?
    ) throws -> Double {
        var settings = RunSettings(limit: galaxies)
        if let threads = command.plan.threads { settings.threads = threads }
        return try PredictionJob(weights: weights, inputs: inputs, store: store, settings: settings).run()
            .predictions.galaxiesPerSecond
    }
}

/// The progress that is reported when a signal ends the process, and how to continue.
private final class Watch: Sendable {
    private struct State {
        var done = 0
        var total = 0
        var scratch: ScratchFolder?
    }

    private let state = Mutex(State())

    init(isResumable: Bool) {
        Interruption.reportStatus { [self] in
            let state = state.withLock { $0 }
            state.scratch?.remove()
            guard isResumable, state.total > 0 else { return "" }
            let runs = "\(state.done) of \(Numbers.counted(state.total, "run")) are done"
            return "\(runs); resume with --resume"
        }
    }

    func set(done: Int, of total: Int) { state.withLock { ($0.done, $0.total) = (done, total) } }

    /// From now on, the folder is removed when a signal arrives.
    func clean(_ scratch: ScratchFolder) { state.withLock { $0.scratch = scratch } }
}
