import Cloud
import Runs
import FoundationEssentials
import Platform

/// Runs points on AWS: each run is an execution of the state machine, whose results have the same path in the bucket
/// as in the tree.
public struct CloudEngine: ExperimentEngine {
    private let client: StepFunctionsClient
    private let stateMachine: String
    private let store: any ObjectStore
    private let data: S3Location
    private let results: S3Location
    private let weights: String?
    private let concurrency: Int?
    private let isRepeated: Bool
    private let keepsPredictions: Bool
    /// The number of partitions in the bucket, by their size in MB.
    private var files: [Int: Int] = [:]

    /// - Parameters:
    ///   - stateMachine: its ARN.
    ///   - data: the parent of the folders `25MB/`, `50MB/`, ...
    ///   - results: the prefix of the runs' paths.
    ///   - concurrency: workers at the same time; nil for the fan-out's default.
    public init(
        client: StepFunctionsClient, stateMachine: String, store: any ObjectStore, data: S3Location,
        results: S3Location, weights: String?, concurrency: Int?, isRepeated: Bool, keepsPredictions: Bool
    ) {
        self.client = client
        self.stateMachine = stateMachine
        self.store = store
        self.data = data
        self.results = results
        self.weights = weights
        self.concurrency = concurrency
        self.isRepeated = isRepeated
        self.keepsPredictions = keepsPredictions
    }

    /// Lists the partitions of each size.
    /// - Throws: `Failure` where there are fewer than a point needs.
    public mutating func prepare(_ points: [ExperimentPoint]) throws(Failure) {
        for point in points {
            let prefix = Self.folder(data.key) + "\(point.partition)MB/"
            if files[point.partition] == nil {
                files[point.partition] = try store.list(bucket: data.bucket, prefix: prefix).count {
                    $0.key.lowercased().hasSuffix(".pt")
                }
            }
            let found = files[point.partition] ?? 0
            guard found > 0, isRepeated || found >= point.partitions else {
                throw Failure(
                    "\(point.size): expected \(point.partitions) partitions (.pt) in s3://\(data.bucket)/\(prefix), found "
                        + "\(found)" + (found > 0 ? ": add --repeat to use them again and again, or ask for less" : ""))
            }
        }
    }

    public func galaxies(of point: ExperimentPoint) -> Int? { nil }

    /// The execution's input.
    /// - Parameter replaces: whether an earlier run's results are removed.
    public func input(_ run: PlannedRun, replaces: Bool) -> JSONValue {
        let point = run.point
        let found = files[point.partition] ?? point.partitions
        var fields: [String: JSONValue] = [
            "bucket": .string(results.bucket), "result_path": .string(Self.folder(results.key) + run.path),
            "data_bucket": .string(data.bucket),
            "data_prefix": .string(Self.folder(data.key) + "\(point.partition)MB"),
            "file_limit": .integer(min(found, point.partitions)), "batch_size": .integer(point.batchSize),
        ]
        if found < point.partitions { fields["repeat"] = .integer(point.partitions) }
        if let weights { fields["weights"] = .string(weights) }
        if let concurrency { fields["max_concurrency"] = .integer(concurrency) }
        if !keepsPredictions { fields["predictions"] = .bool(false) }
        if replaces { fields["overwrite"] = .bool(true) }
        return .object(fields)
    }

    public func run(
        _ run: PlannedRun, earlier: String?, replaces: Bool, started: (String) throws(Failure) -> Void,
        progress: @escaping (RunProgress) -> Void
    ) throws(Failure) -> RunOutcome {
        let arn: String
        if let adopted = try adopted(earlier) { arn = adopted } else { arn = try start(run, replaces, started) }
        try started(arn)
        let begun = Date().timeIntervalSince1970
        let execution: Execution
        do throws(Failure) {
            execution = try client.wait(for: arn) { counts in
                progress(RunProgress(done: counts.done, total: counts.total, unit: .ranks))
            }
        } catch {
            guard error.kind == .unknown else { throw error }
            throw Failure(
                .unknown, run.path, "\(arn): \(error): it may continue; resume the experiment to wait for its end")
        }
        guard execution.hasSucceeded else { throw Failure("\(run.path): \(arn): \(execution.failureLine)") }
        let start = execution.startDate ?? begun
        let stop = execution.stopDate ?? Date().timeIntervalSince1970
        let keys = RunKeys(resultPath: Self.folder(results.key) + run.path)
        return RunOutcome(
            started: start, finished: stop, wallSeconds: max(0, stop - start),
            combined: try store.get(bucket: results.bucket, key: keys.combined),
            summary: try store.get(bucket: results.bucket, key: keys.summary), predictions: nil, execution: arn)
    }

    /// Results stay in the bucket.
    public func clean(_ run: PlannedRun) {}

    private func start(
        _ run: PlannedRun, _ replaces: Bool, _ started: (String) throws(Failure) -> Void
    ) throws(Failure) -> String {
        let name = "cai-" + RunName.new()
        let input = String(decoding: try input(run, replaces: replaces).encoded(), as: UTF8.self)
        do throws(Failure) {
            return try client.startExecution(stateMachine: stateMachine, name: name, input: input)
        } catch {
            guard let arn = StateMachineARN(stateMachine).flatMap({ ExecutionARN($0, name: name)?.description }) else {
                throw error
            }
            switch error.kind {
            // The name is new: an attempt whose answer was lost has started it, and it has ended since.
            case .conflict: return arn
            case .unknown:
                // The resumed experiment asks for it before it starts another one.
                try started(arn)
                throw Failure(
                    .unknown, run.path,
                    "\(error): \(arn) may have started; resume the experiment to wait for its end")
            default: throw error
            }
        }
    }

    /// The earlier execution if it is still running or has succeeded; nil where it failed or no longer exists.
    private func adopted(_ earlier: String?) throws(Failure) -> String? {
        guard let earlier else { return nil }
        do throws(Failure) {
            let execution = try client.describeExecution(earlier)
            return execution.isRunning || execution.hasSucceeded ? earlier : nil
        } catch {
            guard error.kind == .notFound else {
                throw Failure(
                    .unknown, error.subject,
                    "\(error.message): it may continue; resume the experiment to wait for its end")
            }
            return nil
        }
    }

    private static func folder(_ key: String) -> String { key.isEmpty || key.hasSuffix("/") ? key : key + "/" }
}
