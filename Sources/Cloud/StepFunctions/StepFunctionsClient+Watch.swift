import Platform

extension StepFunctionsClient {
    /// Asks how an execution stands, again and again, until it has ended.
    /// - Parameters:
    ///   - interval: seconds between questions; one a second costs nothing and is far below what the service allows.
    ///   - progress: called with the items of all Map runs, once there are any; nil where nobody watches. What cannot be
    ///     told, for lack of rights or since the service is busy, is left out.
    /// - Throws: where the execution cannot be asked about any more; it goes on all the same.
    public func wait(
        for execution: String, interval: Double = 1, progress: ((MapRun.ItemCounts) -> Void)? = nil
    ) throws(Failure) -> Execution {
        var runs = MapRuns(execution: execution)
        while true {
            let present = try describeExecution(execution)
            if let progress, let counts = try? runs.itemCounts(self) { progress(counts) }
            guard present.isRunning else { return present }
            rest(interval)
        }
    }
}

/// The Map runs of an execution, as far as they are known. AWS lets them be listed about once a second, so they are not
/// while one is known to be running.
private struct MapRuns {
    let execution: String
    private var arns: [String] = []
    private var isRunning = false

    init(execution: String) { self.execution = execution }

    /// The items of all of them; nil before the first has begun.
    mutating func itemCounts(_ client: StepFunctionsClient) throws(Failure) -> MapRun.ItemCounts? {
        if !isRunning { arns = try client.listMapRuns(of: execution) }
        guard !arns.isEmpty else { return nil }
        isRunning = false
        var sum = MapRun.ItemCounts()
        for arn in arns {
            let run = try client.describeMapRun(arn)
            sum = sum + run.itemCounts
            isRunning = isRunning || run.status == "RUNNING"
        }
        return sum
    }
}
