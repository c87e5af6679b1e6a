import Platform

/// The state of an execution, with the names of Step Functions.
public struct Execution: Sendable, Decodable, Equatable {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED` or `PENDING_REDRIVE`.
    public let status: String
    /// Seconds since 1970.
    public let startDate: Double?
    public let stopDate: Double?
    public let error: String?
    public let cause: String?
    /// JSON, as it was given; nil where the caller may not read it.
    public let input: String?
    /// JSON, of an execution that has succeeded; nil as `input`.
    public let output: String?

    /// Why it has not succeeded, in one line: `FAILED: Cai.Failed: s3://b/k: no such object`. Of the error of a function,
    /// which is a JSON object, only the message.
    public var failureLine: String {
        let parsed = cause.flatMap { try? JSONValue.parse(Array($0.utf8), name: "") }
        return [status, error, parsed?["errorMessage"]?.string ?? cause].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: ": ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    public var isRunning: Bool { status == "RUNNING" || status == "PENDING_REDRIVE" }
    public var hasSucceeded: Bool { status == "SUCCEEDED" }
}

/// The progress of a distributed Map.
public struct MapRun: Sendable, Decodable, Equatable {
    public struct ItemCounts: Sendable, Decodable, Equatable {
        public var pending = 0
        public var running = 0
        public var succeeded = 0
        public var failed = 0
        public var timedOut = 0
        public var aborted = 0
        public var total = 0

        /// Whether they are valid counts, of which the sum over thousands of Maps does not overflow.
        var areCounts: Bool {
            [pending, running, succeeded, failed, timedOut, aborted, total].allSatisfy { (0...1 << 48).contains($0) }
        }

        /// Items that are finished, with or without a result.
        public var done: Int { succeeded + lost }
        /// Items without a result.
        public var lost: Int { failed + timedOut + aborted }

        static func += (sum: inout Self, next: Self) {
            for count: WritableKeyPath<Self, Int> in [
                \.pending, \.running, \.succeeded, \.failed, \.timedOut, \.aborted, \.total,
            ] { sum[keyPath: count] += next[keyPath: count] }
        }
    }

    public let status: String
    public let itemCounts: ItemCounts
}
