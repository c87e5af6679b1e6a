import Cloud

/// The three functions of a run behind one entry: events and results are JSON, as AWS Lambda passes them.
///
/// One value serves a process: the weights are loaded by the first worker's event and kept for those that follow.
public struct FanOutHandlers: Sendable {
    private let store: any ObjectStore
    private let environment: [String: String]

    /// - Parameters:
    ///   - store: where partitions, weights named by an `s3://` URL and results lie.
    ///   - environment: the process's own.
    public init(store: any ObjectStore, environment: [String: String]) {
        self.store = store
        self.environment = environment
    }

    /// Runs one event to its end, on this process's threads.
    /// - Parameters:
    ///   - name: `cai.initialize`, `cai.worker` or `cai.summarize`.
    ///   - event: JSON.
    ///   - deadline: seconds since 1970 by which the answer has to be there; nil for no limit.
    /// - Returns: JSON.
    public func handle(_ name: String, event: [UInt8], deadline: Double?) throws(FanOutError) -> [UInt8] {
        throw FanOutError("handler '\(name)': expected cai.initialize, cai.worker or cai.summarize")
    }
}
