import Cloud
import Costs
import Platform

/// What Lambda bills for the workers of a run, by its own log: the attempts that wrote a result or why they failed. Of an
/// attempt whose process was killed, nothing is known.
public struct LambdaBill: Sendable, Equatable {
    public private(set) var requests = 0
    public private(set) var gigabyteSeconds = 0.0
    /// Of starts of environments, which the billed time includes.
    public private(set) var startSeconds = 0.0
    /// Dollars: the workers' time, and all invocations with those of Initialize and Summarize.
    public private(set) var cost = 0.0

    /// Calls its last argument with the messages of a log group that match a pattern, in a period of seconds since 1970.
    public typealias Log = (String, ClosedRange<Double>, String, (String) -> Void) throws(Failure) -> Void

    /// - Parameters:
    ///   - report: of the run.
    ///   - store: has its results.
    ///   - pause: waits between questions, since the log has lines only seconds after an invocation.
    /// - Throws: `Failure` where the results do not name their invocations, or the log does not have all of them.
    public init(
        of report: RunReport, in store: any ObjectStore, prices: PriceList, pause: () -> Void, log: Log
    ) throws(Failure) {
        let invocations = try Invocations(of: report, in: store)
        for attempt in 1...Self.attempts {
            if attempt > 1 { pause() }
            // By their requests: a line that the log has twice is billed once.
            var found: [String: LambdaReport] = [:]
            for (group, period) in invocations.periods {
                try log(group, period, "\"REPORT RequestId\"") { message in
                    guard let report = LambdaReport(message) else { return }
                    if invocations.architectures[report.requestID] != nil { found[report.requestID] = report }
                }
            }
            if found.count == invocations.architectures.count {
                self.init(found.values.sorted { $0.requestID < $1.requestID }, invocations, prices)
                return
            }
        }
        throw Failure("the log has no report of some of the run's \(invocations.architectures.count) invocations")
    }

    private init(_ reports: [LambdaReport], _ invocations: Invocations, _ prices: PriceList) {
        requests = reports.count
        for architecture in LambdaArchitecture.allCases {
            var usage = LambdaUsage()
            for report in reports where invocations.architectures[report.requestID] == architecture {
                usage.add(of: report.billed, memory: report.memory)
                startSeconds += report.start
            }
            gigabyteSeconds += usage.gigabyteSeconds
            cost += prices.bill(usage, on: architecture).total
        }
        cost += 2 * prices.request
    }

    /// Questions after log lines of the last invocations.
    private static let attempts = 6
}

/// The invocations of a run's workers.
private struct Invocations {
    /// Of all invocations, whose reports have to be found, by their request.
    private(set) var architectures: [String: LambdaArchitecture] = [:]
    /// The time of the invocations that wrote to a log group.
    private(set) var periods: [String: ClosedRange<Double>] = [:]

    /// Results of some ten thousand ranks.
    private static let mostBytes = 64 << 20
    /// Attempts that failed, of as many ranks at most.
    private static let mostFailures = 1000

    init(of report: RunReport, in store: any ObjectStore) throws(Failure) {
        let name = store.name(bucket: report.bucket, key: report.keys.combined)
        guard let info = try store.head(bucket: report.bucket, key: report.keys.combined), info.size <= Self.mostBytes
        else { throw Failure(name, "expected results of at most \(Self.mostBytes >> 20) MiB") }
        let results = try RankResult.read(try store.get(bucket: report.bucket, key: report.keys.combined), name: name)
        for result in results {
            guard result.runID == report.runID else { throw Failure(name, "is of another run by now") }
            guard let id = result.requestID, let group = result.logGroup, let started = result.started,
                let finished = result.finished, started <= finished
            else { throw Failure(name, "expected each rank's request_id and log_group, found a rank without them") }
            add(id, group, started...finished, result.architecture.flatMap(LambdaArchitecture.init) ?? .x86)
        }
        let usual = results.first?.architecture.flatMap(LambdaArchitecture.init) ?? .x86
        let failed = try store.list(bucket: report.bucket, prefix: report.keys.failures)
        guard failed.count <= Self.mostFailures else {
            let place = store.name(bucket: report.bucket, key: report.keys.failures)
            throw Failure(place, "expected at most \(Self.mostFailures) ranks with failed attempts, found more")
        }
        for object in failed {
            let name = store.name(bucket: report.bucket, key: object.key)
            let bytes = try store.get(bucket: report.bucket, key: object.key)
            let failure = try JSONFile.decode(RankFailure.self, bytes, name: name)
            guard let group = failure.logGroup, let ids = failure.requestIDs else {
                throw Failure(name, "expected the failed attempts' request_ids and log_group")
            }
            // Lambda ends an invocation after that time.
            let period = (failure.time - Double(max(1, failure.attempt)) * LambdaLimits.mostSeconds)...failure.time
            for id in ids { add(id, group, period, usual) }
        }
    }

    private mutating func add(
        _ id: String, _ group: String, _ period: ClosedRange<Double>, _ architecture: LambdaArchitecture
    ) {
        architectures[id] = architecture
        let known = periods[group] ?? period
        // The report follows the result, after some seconds at most.
        periods[group] =
            min(known.lowerBound, period.lowerBound)...max(known.upperBound, period.upperBound + 60)
    }
}
