import Runs
import FoundationEssentials
import Platform
import TensorFiles

/// Makes the missing runs of an experiment, one after another, and stores each as soon as it is done.
public struct Experiment {
    public let tree: ExperimentTree
    public private(set) var record: ExperimentRecord
    private let engine: any ExperimentEngine
    private var pace = SweepPace()
    /// Runs with invalid results, whose remains may be replaced.
    private let broken: Set<String>

    /// The progress of the experiment.
    public struct Status: Sendable {
        public let run: PlannedRun
        public let progress: RunProgress
        /// Of this run so far.
        public let seconds: Double
        /// Runs that are done, out of `total`.
        public let done: Int
        public let total: Int
        /// For the rest of this run and all later ones; nil while it cannot be estimated.
        public let secondsLeft: Double?
    }

    /// - Parameters:
    ///   - record: as `ExperimentTree.begin` returned it.
    ///   - broken: runs to make again.
    public init(_ tree: ExperimentTree, record: ExperimentRecord, broken: [BrokenRun], engine: any ExperimentEngine) {
        self.tree = tree
        self.record = record
        self.engine = engine
        self.broken = Set(broken.map(\.path))
        let points = Dictionary(record.plan.runs.map { ($0.path, $0.point) }, uniquingKeysWith: { first, _ in first })
        for run in record.runs {
            guard let point = points[run.path] else { continue }
            pace.add(point, galaxies: run.galaxies, seconds: run.wallSeconds)
        }
    }

    /// Adds the measurement of the warm-up.
    public mutating func add(warmUp: (galaxies: Int, seconds: Double), of point: ExperimentPoint) {
        pace.add(point, galaxies: warmUp.galaxies, seconds: warmUp.seconds)
    }

    /// - Parameters:
    ///   - status: called several times a second.
    ///   - finished: called when a run is in the tree, with the number of finished runs.
    /// - Throws: `Failure` for the first run that fails; earlier runs are kept.
    public mutating func run(
        status: @escaping (Status) -> Void, finished: (ExperimentRecord.Run, PlannedRun, Int) -> Void
    ) throws(Failure) {
        try tree.write(record)
        let total = record.plan.runs.count
        let pending = record.pending
        for (index, run) in pending.enumerated() {
            let clock = ContinuousClock()
            let start = clock.now
            let done = record.runs.count
            let later = pending[(index + 1)...].map {
                pace.seconds(for: $0.point, galaxies: engine.galaxies(of: $0.point))
            }
            let own = pace.seconds(for: run.point, galaxies: engine.galaxies(of: run.point))
            let outcome = try make(run) { progress in
                let seconds = (clock.now - start) / .seconds(1)
                status(
                    Status(
                        run: run, progress: progress, seconds: seconds, done: done, total: total,
                        secondsLeft: Self.secondsLeft(own: own, later: later, seconds: seconds, progress.share)))
            }
            let kept = try keep(outcome, of: run)
            pace.add(run.point, galaxies: kept.galaxies, seconds: kept.wallSeconds)
            engine.clean(run)
            finished(kept, run, record.runs.count)
        }
    }

    private mutating func make(
        _ run: PlannedRun, progress: @escaping (RunProgress) -> Void
    ) throws(Failure) -> RunOutcome {
        let underway = record.underway.flatMap { $0.path == run.path ? $0.execution : nil }
        let engine = engine
        return try engine.run(
            run, earlier: underway, replaces: underway != nil || broken.contains(run.path),
            started: { (execution) throws(Failure) in
                record.underway = ExperimentRecord.Underway(path: run.path, execution: execution)
                try tree.write(record)
            }, progress: progress)
    }

    /// Writes a run's results into the tree, and then the run into the record.
    private mutating func keep(_ outcome: RunOutcome, of run: PlannedRun) throws(Failure) -> ExperimentRecord.Run {
        let check = try RunCheck(outcome.combined, of: run.point, name: run.path)
        let keys = RunKeys(resultPath: run.path)
        try tree.write(outcome.summary, to: keys.summary)
        try tree.write(outcome.combined, to: keys.combined)
        if let predictions = outcome.predictions { try tree.move(predictions, to: keys.predictions) }
        let kept = ExperimentRecord.Run(
            path: run.path, started: outcome.started, finished: outcome.finished, wallSeconds: outcome.wallSeconds,
            galaxies: check.galaxies,
            galaxiesPerSecond: outcome.wallSeconds > 0 ? Double(check.galaxies) / outcome.wallSeconds : 0,
            execution: outcome.execution)
        record.runs.append(kept)
        record.underway = nil
        try tree.write(record)
        return kept
    }

    /// - Parameters:
    ///   - own: seconds that this run is expected to take.
    ///   - later: seconds that each later run is expected to take.
    ///   - seconds: since this run began.
    ///   - share: the part of this run that is done.
    static func secondsLeft(own: Double?, later: [Double?], seconds: Double, _ share: Double) -> Double? {
        // After a tenth of the run, its own pace is the best estimate.
        let measured = share > 0.1 ? seconds / share : nil
        guard let all = measured ?? own ?? (share > 0.01 ? seconds / share : nil) else { return nil }
        let unknown = later.contains { $0 == nil }
        // Runs without an estimate are taken to be like this one.
        let rest = later.reduce(0) { $0 + ($1 ?? (unknown ? all : 0)) }
        return max(0, all - seconds) + rest
    }
}
