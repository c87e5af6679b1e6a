import Cloud
import Platform

/// The functions of a run, by their names as AWS Lambda's handlers.
public enum FanOutHandler: String, Sendable, CaseIterable {
    case initialize = "cai.initialize"
    case worker = "cai.worker"
    case summarize = "cai.summarize"
}

/// Runs the three functions of a run: events and results are JSON, as AWS Lambda passes them.
///
/// One value serves a process: the first worker's event loads the weights, and those that follow use them.
public struct FanOutHandlers: Sendable {
    public let worker: Worker
    private let store: any ObjectStore
    private let environment: [String: String]

    /// - Parameters:
    ///   - store: has the partitions, the results, and weights named by an `s3://` URL.
    ///   - environment: of the process.
    ///   - threads: that compute; nil for all that this process may use.
    public init(store: any ObjectStore, environment: [String: String], threads: Int? = nil) {
        self.store = store
        self.environment = environment
        worker = Worker(store: store, environment: environment, threads: threads)
    }

    public var initialize: Initialize { initialize(until: nil) }
    public var summarize: Summarize { summarize(until: nil) }

    /// - Parameter deadline: of every call to the store.
    private func initialize(until deadline: Double?) -> Initialize {
        Initialize(
            store: store.until(deadline), environment: environment,
            planConcurrency: { [environment] () throws(Failure) in try PlannedConcurrency.planned(environment) })
    }
    private func summarize(until deadline: Double?) -> Summarize {
        Summarize(store: store.until(deadline), environment: environment)
    }

    /// Begins a run whose workers this value runs. A resumed run keeps only results of the weights that its workers use now:
    /// with no rank pending, no worker would notice.
    /// - Throws: `Failure` as `Initialize.run`, and with both weights. Nothing is then written or removed.
    public func begin(_ input: InitializeInput) throws(Failure) -> InitializeResult {
        try initialize.run(input) { kept throws(Failure) in
            let now = try worker.weightsIdentity(input.weights)
            let (was, found) = now.sha256 == nil ? (kept.weightsETag, now.etag) : (kept.weightsSHA256, now.sha256)
            guard let was, let found, was != found else { return }
            throw Failure(
                "\(store.name(bucket: input.bucket, key: input.resultPath))/: resume: expected the weights of its results, "
                    + "\((kept.weights ?? "").shortened()) (\(was.shortened())), found \(now.name) (\(found)): name "
                    + "another result_path, or ask for overwrite")
        }
    }

    /// Loads the default weights before the first event: a function has more processor time while it starts than later.
    /// An error here is silent: the first event that needs the weights reports it.
    public func prepare(_ handler: FanOutHandler) { if handler == .worker { worker.prepare() } }

    /// Runs one event to its end, on this process's threads.
    /// - Parameters:
    ///   - event: JSON.
    ///   - deadline: of the answer, in seconds since 1970; nil for no limit.
    ///   - requestID: of the invocation.
    /// - Returns: JSON.
    /// - Throws: `Failure`; from `summarize` also where more ranks failed than the run tolerates, after the valid results
    ///   were written.
    public func handle(
        _ handler: FanOutHandler, event: [UInt8], deadline: Double?, requestID: String? = nil
    ) throws(Failure) -> [UInt8] {
        switch handler {
        case .initialize:
            let input = try InitializeInput(try JSONValue.parse(event, name: "the input"))
            return try initialize(until: deadline).run(input).json.encoded()
        case .worker:
            let item = try WorkerItem(try JSONValue.parse(event, name: "the worker's event"))
            return try Self.answer(try worker.run(item, deadline: deadline, requestID: requestID))
        case .summarize:
            let event = try SummarizeEvent(try JSONValue.parse(event, name: "the event of summarize"))
            let report = try summarize(until: deadline).run(event)
            guard report.isTolerable else { throw Failure(.incomplete, report.failureText) }
            return try JSONFile.encoded(RunAnswer(report: report))
        }
    }

    /// A rank's result, without its partitions where it would be longer than Step Functions passes from state to state.
    static func answer(_ result: RankResult) throws(Failure) -> [UInt8] {
        let json = try JSONFile.encoded(result)
        guard json.count > WorkerItem.mostBytes else { return json }
        var short = result
        (short.dataPaths, short.etags, short.rows) = ([], [], [])
        return try JSONFile.encoded(short)
    }

    /// The name of an error on the wire, which the state machine matches: `Cai.Unavailable`, and of a worker `Cai.Deadline`,
    /// are worth another attempt.
    public static func errorType(_ kind: Failure.Kind) -> String {
        switch kind {
        case .unavailable, .unknown: "Cai.Unavailable"
        case .denied: "Cai.Denied"
        case .deadline: "Cai.Deadline"
        case .stalled: "Cai.Stalled"
        case .outOfSpace: "Cai.OutOfSpace"
        case .outOfMemory: "Cai.OutOfMemory"
        case .incomplete: "Cai.Incomplete"
        case .input, .usage, .notFound, .conflict, .closedPipe, .cancelled: "Cai.Data"
        }
    }
}

/// The report with the published system's `statusCode`, and at most 100 failed ranks: short enough to be passed from state
/// to state.
public struct RunAnswer: Encodable {
    private var report: RunReport

    public init(report: RunReport) {
        self.report = report
        self.report.failed = Array(report.failed.prefix(100))
    }

    private enum CodingKeys: CodingKey { case statusCode }

    public func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(200, forKey: .statusCode)
    }
}
