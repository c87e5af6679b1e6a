import FoundationEssentials

/// The state of an execution, with the names of Step Functions.
public struct Execution: Sendable, Decodable, Equatable {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED` or `PENDING_REDRIVE`.
    public let status: String
    /// Seconds since 1970.
    public let startDate: Double?
    public let stopDate: Double?
    public let error: String?
    public let cause: String?

    /// Why it has not succeeded, in one line: `FAILED: Cai.Failed: s3://b/k: no such object`. Of the error of a function,
    /// which is a JSON object, only the message.
    public var failureLine: String {
        struct FunctionError: Decodable {
            let errorMessage: String
        }
        let parsed = cause.flatMap { try? JSONDecoder().decode(FunctionError.self, from: Data($0.utf8)) }
        return [status, error, parsed?.errorMessage ?? cause].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: ": ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    public var isRunning: Bool { status == "RUNNING" || status == "PENDING_REDRIVE" }
    public var hasSucceeded: Bool { status == "SUCCEEDED" }
}

/// The progress of a distributed Map.
public struct MapRun: Sendable, Decodable, Equatable {
    public struct ItemCounts: Sendable, Decodable, Equatable {
        public let pending: Int
        public let running: Int
        public let succeeded: Int
        public let failed: Int
        public let timedOut: Int
        public let aborted: Int
        public let total: Int

        public init(
            pending: Int = 0, running: Int = 0, succeeded: Int = 0, failed: Int = 0, timedOut: Int = 0,
            aborted: Int = 0, total: Int = 0
        ) {
            self.pending = pending
            self.running = running
            self.succeeded = succeeded
            self.failed = failed
            self.timedOut = timedOut
            self.aborted = aborted
            self.total = total
        }

        /// Whether they are valid counts, of which the sum over thousands of Maps does not overflow.
        var areCounts: Bool {
            [pending, running, succeeded, failed, timedOut, aborted, total].allSatisfy { (0...1 << 48).contains($0) }
        }

        /// Items that are finished, with or without a result.
        public var done: Int { succeeded + lost }
        /// Items without a result.
        public var lost: Int { failed + timedOut + aborted }

        public static func + (a: Self, b: Self) -> Self {
            Self(
                pending: a.pending + b.pending, running: a.running + b.running, succeeded: a.succeeded + b.succeeded,
                failed: a.failed + b.failed, timedOut: a.timedOut + b.timedOut, aborted: a.aborted + b.aborted,
                total: a.total + b.total)
        }
    }

    public let status: String
    public let itemCounts: ItemCounts
}
