import FoundationEssentials
import Platform

/// Why a worker failed: `errors/{rank}.json` of its run. A later attempt replaces it.
struct RankFailure: Sendable, Equatable, Codable {
    let rank: Int
    /// `Failure.Kind` as a word.
    let kind: String
    /// One line.
    let message: String
    /// The key of the partition that caused the failure; nil if no partition did, or it is not known.
    let partition: String?
    /// From 1, of those that could write here.
    let attempt: Int
    /// Of AWS Lambda; nil elsewhere.
    let logGroup: String?
    let logStream: String?
    /// The failed invocations on AWS Lambda, of this attempt and those before; nil elsewhere.
    let requestIDs: [String]?
    /// Seconds since 1970.
    let time: Double

    enum CodingKeys: String, CodingKey {
        case rank, kind, message, partition, attempt, time
        case logGroup = "log_group"
        case logStream = "log_stream"
        case requestIDs = "request_ids"
    }

    /// - Parameters:
    ///   - earlier: of the attempt before.
    ///   - requestID: of the invocation on AWS Lambda.
    init(
        _ item: WorkerItem, _ failure: Failure, after earlier: RankFailure?, requestID: String?,
        environment: [String: String]
    ) {
        (rank, kind, message) = (item.rank, "\(failure.kind)", failure.description)
        attempt = (earlier?.attempt ?? 0).cappedSum(1)
        requestIDs = requestID.map { (earlier?.requestIDs ?? []).suffix(99) + [$0] } ?? earlier?.requestIDs
        // `11.pt` contains `1.pt`.
        partition = item.dataPaths.filter { failure.description.contains($0) }.max { $0.utf8.count < $1.utf8.count }
        logGroup = LambdaSettings.logGroup(environment)
        logStream = LambdaSettings.logStream(environment)
        time = Date().timeIntervalSince1970
    }

    /// The message, the attempt, and where the log is.
    var text: String {
        message + (attempt > 1 ? " (attempt \(attempt))" : "")
            + (logStream.map { " (log stream \($0))" } ?? "")
    }
}
