extension StepFunctionsClient {
    /// Asks how an execution stands, again and again, until it has ended.
    /// - Parameters:
    ///   - interval: seconds between questions; one a second costs nothing and is far below what the service allows.
    ///   - progress: called with the items of all Map runs, once there are any; nil where nobody watches. What cannot be
    ///     told, for lack of rights or since the service is busy, is left out.
    /// - Throws: where the execution cannot be asked about any more; it goes on all the same.
    public func wait(
        for execution: String, interval: Double = 1, progress: ((MapRun.ItemCounts) -> Void)? = nil
    ) throws(CloudError) -> Execution {
        while true {
            let present = try describeExecution(execution)
            if let progress, let counts = try? itemCounts(of: execution) { progress(counts) }
            guard present.isRunning else { return present }
            rest(interval)
        }
    }

    /// The items of all Map runs of an execution; nil before the first has begun.
    private func itemCounts(of execution: String) throws(CloudError) -> MapRun.ItemCounts? {
        let arns = try listMapRuns(of: execution)
        guard !arns.isEmpty else { return nil }
        var sum = MapRun.ItemCounts()
        for arn in arns { sum = sum + (try describeMapRun(arn)).itemCounts }
        return sum
    }
}
