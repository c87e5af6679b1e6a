import Runs
import Foundation
import Inference
import Platform
import TensorFiles
import TestSupport

@testable import Experiment

/// An experiment on this machine with the tiny network and its 37 galaxies, in a separate folder.
struct LocalTree {
    let folder: String
    let tree: ExperimentTree
    var inputs = [Fixture.path("tiny/partition.pt")]
    var isRepeated = true
    var keepsPredictions = false
    var commit = "c1"
    var weights = "normalcell.pt"

    static func with<R>(_ body: (LocalTree) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { folder in
            try body(LocalTree(folder: folder, tree: ExperimentTree(folder + "/tree/")))
        }
    }

    private var weightsPath: String { Fixture.path("tiny/" + weights) }

    func engine() throws -> LocalEngine {
        let inputs = try GalaxyInputs(inputs, store: nil)
        var count = 0
        try inputs.forEach { _, file throws(Failure) in
            count += file.galaxyCount ?? 0
            return true
        }
        return LocalEngine(
            inputs: inputs, supply: PartitionSupply(galaxies: count, isRepeated: isRepeated), weights: weightsPath,
            scratch: ScratchFolder(tree.scratch), store: nil, keepsPredictions: keepsPredictions,
            environment: ["TMPDIR": folder])
    }

    func planned(_ plan: ExperimentPlan) throws -> ExperimentRecord {
        var machine = ExperimentMachine()
        machine.processor = "test"
        return ExperimentRecord(
            cai: ExperimentRecord.Program(version: "1", commit: commit), machine: machine,
            weights: try ExperimentRecord.Weights(name: weights, path: weightsPath),
            inputs: [ExperimentRecord.Input(name: "a/partition.pt", galaxies: 37)], isRepeated: isRepeated,
            keepsPredictions: keepsPredictions, isWarmedUp: false, points: plan.points)
    }

    /// - Parameter most: the number of runs before it is stopped, as if by a failure.
    @discardableResult
    func run(
        _ plan: ExperimentPlan, _ continuation: ExperimentContinuation = .none, most: Int = .max
    ) throws -> (record: ExperimentRecord, broken: [BrokenRun]) {
        let begun = try tree.begin(try planned(plan), continuation)
        let engine = try engine()
        try engine.prepare(begun.record.pending.map(\.point)) { _ in }
        let limited = LimitedEngine(engine: engine, left: .init(most))
        var experiment = Experiment(tree, record: begun.record, broken: begun.broken, engine: limited)
        do throws(Failure) {
            try experiment.run(status: { _ in }, finished: { _, _, _ in })
        } catch {
            guard error == LimitedEngine.stopped else { throw error }
        }
        return (experiment.record, begun.broken)
    }

    func json(_ path: String) throws -> JSONValue {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(tree.path)/\(path)"))
        return try JSONValue.parse([UInt8](bytes), name: path)
    }

    /// The points of a sweep over threads: partitions of 25 MB, which are 1,278 galaxies.
    static func plan(size: String = "50MB", threads: [Int] = [1, 2], runs: Int = 2) throws -> ExperimentPlan {
        try ExperimentPlan(
            sweeps: [.threads(threads)], defaults: try PlanTests.defaults(size: size, threads: 2), runs: runs,
            isGrid: false)
    }
}

/// An engine that fails after a number of runs.
struct LimitedEngine: ExperimentEngine {
    final class Count: @unchecked Sendable {
        var value: Int
        init(_ value: Int) { self.value = value }
    }

    static let stopped = Failure("stopped by the test")
    let engine: LocalEngine
    let left: Count

    func galaxies(of point: ExperimentPoint) -> Int? { engine.galaxies(of: point) }
    func clean(_ run: PlannedRun) { engine.clean(run) }

    func run(
        _ run: PlannedRun, earlier: String?, replaces: Bool, started: (String) throws(Failure) -> Void,
        progress: @escaping (RunProgress) -> Void
    ) throws(Failure) -> RunOutcome {
        guard left.value > 0 else { throw Self.stopped }
        left.value -= 1
        return try engine.run(run, earlier: earlier, replaces: replaces, started: started, progress: progress)
    }
}
