import Cloud
import Runs
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// Runs points on this machine: a fan-out over folders, one rank after another, each on all threads.
///
/// Every run loads the weights once, with its first rank, as `cai run` does; its wall time includes that.
public struct LocalEngine: ExperimentEngine {
    public let supply: PartitionSupply
    public let scratch: ScratchFolder
    private let inputs: GalaxyInputs
    private let store: (any ObjectStore)?
    private let weights: String
    private let keepsPredictions: Bool
    private let environment: [String: String]

    private static let data = "data"
    private static let results = "results"

    /// - Parameters:
    ///   - supply: of the galaxies in `inputs`.
    ///   - weights: a path, or an `s3://` URL.
    ///   - store: of the weights, where they are an object.
    public init(
        inputs: GalaxyInputs, supply: PartitionSupply, weights: String, scratch: ScratchFolder,
        store: (any ObjectStore)?, keepsPredictions: Bool, environment: [String: String]
    ) {
        self.inputs = inputs
        self.supply = supply
        self.weights = weights
        self.scratch = scratch
        self.store = store
        self.keepsPredictions = keepsPredictions
        self.environment = environment
    }

    public func galaxies(of point: ExperimentPoint) -> Int? { supply.galaxies(of: point) }

    /// Makes the scratch folder, and the partitions of `points` in it.
    public func prepare(_ points: [ExperimentPoint], progress: (Progress) -> Void) throws(Failure) {
        for point in points { try supply.check(point) }
        try scratch.make()
        try fetchWeights()
        var files: [TensorFile] = []
        try inputs.forEach { _, file throws(Failure) in
            files.append(file)
            return true
        }
        try PartitionCutter(files: files, supply: supply, scratch: scratch).cut(for: points, progress: progress)
    }

    private var weightsFile: String { S3Location.isLocation(weights) ? scratch.path + "/weights" : weights }

    /// Fetches an object before anything is timed, and links it, so that all runs have the same weights.
    private func fetchWeights() throws(Failure) {
        guard S3Location.isLocation(weights) else { return }
        let file = try WeightsFile(weights, store: store, environment: environment)
        try? FileManager.default.removeItem(atPath: weightsFile)
        do { try FileManager.default.createSymbolicLink(atPath: weightsFile, withDestinationPath: file.path) } catch {
            throw Failure(.unavailable, weightsFile, "cannot be linked to \(file.path)")
        }
    }

    /// Computes one partition of a point and keeps only the time.
    public func warmUp(_ run: PlannedRun) throws(Failure) -> (galaxies: Int, seconds: Double) {
        let path = "warm-up"
        defer { clean(path) }
        let (report, seconds) = try fanOut(run.point, files: 1, repeated: nil, path: path) { _ in }
        return (report.galaxies, seconds)
    }

    public func run(
        _ run: PlannedRun, earlier: String?, replaces: Bool, started: (String) throws(Failure) -> Void,
        progress: @escaping (RunProgress) -> Void
    ) throws(Failure) -> RunOutcome {
        let point = run.point
        let files = supply.files(of: point)
        let total = supply.galaxies(of: point)
        let start = Date().timeIntervalSince1970
        let (report, seconds) = try fanOut(
            point, files: files, repeated: point.partitions > files ? point.partitions : nil, path: run.path
        ) { progress(RunProgress(done: $0, total: total, unit: .galaxies)) }
        let keys = report.keys
        let store = FolderStore(root: scratch.path)
        return RunOutcome(
            started: start, finished: start + seconds, wallSeconds: seconds,
            combined: try store.get(bucket: Self.results, key: keys.combined),
            summary: try store.get(bucket: Self.results, key: keys.summary),
            predictions: keepsPredictions ? store.name(bucket: Self.results, key: keys.predictions) : nil,
            execution: nil)
    }

    public func clean(_ run: PlannedRun) { clean(run.path) }

    private func clean(_ path: String) {
        guard let top = path.split(separator: "/").first else { return }
        try? FileManager.default.removeItem(atPath: "\(scratch.results)/\(top)")
    }

    /// Initialize, a worker for each rank, Summarize.
    /// - Returns: the report, and the seconds that all of it took.
    private func fanOut(
        _ point: ExperimentPoint, files: Int, repeated: Int?, path: String, progress: (Int) -> Void
    ) throws(Failure) -> (RunReport, Double) {
        var fields: [String: JSONValue] = [
            "bucket": .string(Self.results), "result_path": .string(path), "data_bucket": .string(Self.data),
            "data_prefix": .string("\(point.partition)MB"), "file_limit": .integer(files),
            "batch_size": .integer(point.batchSize), "weights": .string(weightsFile),
            "predictions": .bool(keepsPredictions), "overwrite": .bool(true),
        ]
        if let repeated { fields["repeat"] = .integer(repeated) }
        let input = JSONValue.object(fields)
        ProcessFigures.forgetPeakMemory()
        let clock = ContinuousClock()
        let start = clock.now
        let handlers = FanOutHandlers(
            store: FolderStore(root: scratch.path), environment: environment, threads: point.threads)
        let begun = try handlers.initialize.run(try InitializeInput(input))
        var done = 0
        for item in begun.items {
            let rank = try handlers.worker.run(item) { progress(done + $0.done) }
            done += rank.galaxies
        }
        let report = try handlers.summarize.run(
            SummarizeEvent(manifest: begun.manifest.place, runID: begun.manifest.runID))
        guard report.failed.isEmpty else { throw Failure("\(path): \(report.failureText)") }
        return (report, (clock.now - start) / .seconds(1))
    }
}
