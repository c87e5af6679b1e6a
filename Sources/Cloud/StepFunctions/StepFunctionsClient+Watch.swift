import Platform

extension StepFunctionsClient {
    /// Polls the state of an execution until it has ended.
    /// - Parameters:
    ///   - interval: seconds between requests; one request a second is free and far below the limits of the service.
    ///   - progress: called with the items of all Map runs, once there are any. Omitted where the counts are unavailable, for
    ///     lack of permissions or because the service is busy.
    /// - Throws: where the state cannot be read any more; the execution continues.
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

/// The known Map runs of an execution. AWS allows to list them about once a second, so that they are not listed again while
/// one of them is running.
private struct MapRuns {
    let execution: String
    private var arns: [String] = []
    private var isRunning = false

    init(execution: String) { self.execution = execution }

    /// The sum of their item counts; nil before the first has begun.
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
