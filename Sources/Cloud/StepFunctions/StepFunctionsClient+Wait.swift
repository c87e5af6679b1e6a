import Platform

/// Whether a service answers that is asked again and again.
public enum Sight: Sendable, Equatable {
    /// It has not answered a few times: why the last time.
    case lost(String)
    /// It answers again.
    case regained
}

extension StepFunctionsClient {
    /// Seconds for which an execution is asked for without an answer.
    public static let patience = 900.0

    /// Polls the state of an execution until it has ended. Where no answer comes (no network, a busy service), it is asked
    /// again with growing delays for `patience` seconds; `AWS_MAX_ATTEMPTS` does not limit that.
    /// - Parameters:
    ///   - interval: seconds between requests; one request a second is free and far below the limits of the service.
    ///   - progress: called with the items of all Map runs, once there are any. Omitted where the counts are unavailable, for
    ///     lack of permissions or because the service is busy.
    ///   - sight: called once when answers stay away, and once when they come again.
    /// - Throws: `Failure` of kind `.unknown` where the state cannot be read any more: the execution may continue.
    public func wait(
        for execution: String, interval: Double = 1, progress: ((MapRun.ItemCounts) -> Void)? = nil,
        sight: (Sight) -> Void = { _ in }
    ) throws(Failure) -> Execution {
        var runs = MapRuns(execution: execution)
        var outage: Outage?
        let client = once
        while true {
            let present: Execution
            do throws(Failure) {
                present = try client.describeExecution(execution)
            } catch {
                guard error.kind == .unavailable else {
                    throw error.kind == .notFound ? error : Failure(.unknown, error.subject, error.message)
                }
                outage = outage ?? Outage(retries)
                try outage?.wait(after: error, of: execution, sight)
                continue
            }
            if outage?.isReported == true { sight(.regained) }
            outage = nil
            if let progress, let counts = try? runs.itemCounts(client) { progress(counts) }
            guard present.isRunning else { return present }
            retries.sleep(interval)
        }
    }
}

/// Questions in a row that had no answer.
private struct Outage {
    private var retries: Retries
    private var failures = 0

    /// Before these are over, it passes for a busy service.
    private static let unreported = 3

    init(_ policy: RetryPolicy) {
        var patient = policy
        (patient.attempts, patient.budget) = (.max, StepFunctionsClient.patience)
        retries = Retries(patient)
    }

    var isReported: Bool { failures >= Self.unreported }

    mutating func wait(after error: Failure, of execution: String, _ sight: (Sight) -> Void) throws(Failure) {
        failures += 1
        if failures == Self.unreported {
            sight(.lost(error.subject == execution ? error.message : error.description))
        }
        do throws(Failure) { try retries.wait(after: error) } catch {
            throw Failure(.unknown, error.subject, error.message)
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
            sum += run.itemCounts
            isRunning = isRunning || run.status == "RUNNING"
        }
        return sum
    }
}
