import Cloud
import Platform

/// The three functions of a run behind one entry: events and results are JSON, as AWS Lambda passes them.
///
/// One value serves a process: the weights are loaded by the first worker's event and kept for those that follow.
public struct FanOutHandlers: Sendable {
    public let worker: Worker
    private let store: any ObjectStore
    private let environment: [String: String]

    /// - Parameters:
    ///   - store: where partitions, weights named by an `s3://` URL and results lie.
    ///   - environment: the process's own.
    public init(store: any ObjectStore, environment: [String: String]) {
        self.init(store: store, environment: environment, threads: nil)
    }

    /// - Parameter threads: that compute; nil for as many as this process may keep busy.
    public init(store: any ObjectStore, environment: [String: String], threads: Int?) {
        self.store = store
        self.environment = environment
        worker = Worker(store: store, environment: environment, threads: threads)
    }

    public var initialize: Initialize { initialize(until: nil) }
    public var summarize: Summarize { summarize(until: nil) }

    /// - Parameter deadline: of every call to the store.
    private func initialize(until deadline: Double?) -> Initialize { Initialize(store: store.until(deadline)) }
    private func summarize(until deadline: Double?) -> Summarize {
        Summarize(store: store.until(deadline), environment: environment)
    }

    /// Does what a handler's first event would wait for: loads the weights that are used where an event names none. A
    /// function being set up has more processor time than it has later. What goes wrong is told by the event that needs it.
    public func prepare(_ name: String) {
        if name == "cai.worker" { worker.prepare() }
    }

    /// Runs one event to its end, on this process's threads.
    /// - Parameters:
    ///   - name: `cai.initialize`, `cai.worker` or `cai.summarize`.
    ///   - event: JSON.
    ///   - deadline: seconds since 1970 by which the answer has to be there; nil for no limit.
    /// - Returns: JSON.
    /// - Throws: `Failure`; from `cai.summarize` also where more ranks failed than the run tolerates, once all that
    ///   came in is written.
    public func handle(_ name: String, event: [UInt8], deadline: Double?) throws(Failure) -> [UInt8] {
        switch name {
        case "cai.initialize":
            let input = try InitializeInput(try JSONValue.parse(event, name: "the input"))
            return try initialize(until: deadline).run(input).json.encoded()
        case "cai.worker":
            let item = try WorkerItem(try JSONValue.parse(event, name: "the worker's event"))
            return try worker.run(item, deadline: deadline).json.encoded()
        case "cai.summarize":
            let event = try SummarizeEvent(try JSONValue.parse(event, name: "the event of summarize"))
            let report = try summarize(until: deadline).run(event)
            guard report.isTolerable else { throw Failure(report.failureText) }
            return try report.answer.encoded()
        default:
            throw Failure("handler '\(name)': expected cai.initialize, cai.worker or cai.summarize")
        }
    }
}

extension RunReport {
    /// The report, with the reference's `statusCode`: short enough to be passed from state to state.
    public var answer: JSONValue {
        guard case .object(var fields) = json(namingAtMost: 100) else { return .null }
        fields["statusCode"] = .integer(200)
        return .object(fields)
    }
}
