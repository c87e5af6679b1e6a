/// What Lambda tells of one invocation.
public struct LambdaContext: Sendable, Equatable {
    public let requestID: String
    /// Seconds since 1970; nil where the service does not tell.
    public let deadline: Double?
    public let invokedFunctionARN: String?
    /// As it stands in `_X_AMZN_TRACE_ID` meanwhile.
    public let traceID: String?

    public init(requestID: String, deadline: Double?, invokedFunctionARN: String? = nil, traceID: String? = nil) {
        self.requestID = requestID
        self.deadline = deadline
        self.invokedFunctionARN = invokedFunctionARN
        self.traceID = traceID
    }

    /// - Returns: nil where the request has no id, without which nothing can be answered.
    init?(_ response: HTTPResponse) {
        guard let requestID = response.header("Lambda-Runtime-Aws-Request-Id"), !requestID.isEmpty,
            requestID.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
        else { return nil }
        let milliseconds = response.header("Lambda-Runtime-Deadline-Ms").flatMap(Double.init)
            .flatMap { (0...1e15).contains($0) ? $0 : nil }
        self.init(
            requestID: requestID, deadline: milliseconds.map { $0 / 1000 },
            invokedFunctionARN: response.header("Lambda-Runtime-Invoked-Function-Arn"),
            traceID: response.header("Lambda-Runtime-Trace-Id"))
    }
}

/// Why a handler has no result: what Step Functions calls the error and its cause.
public struct LambdaFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// A name without spaces, such as `Cai.FanOut`: what a Retry or a Catch matches.
    public let type: String
    /// One line.
    public let message: String

    public init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    public var description: String { "\(type): \(message)" }
}

/// How one invocation went.
public struct LambdaOutcome: Sendable {
    public let context: LambdaContext
    /// Seconds from the event's arrival until the service had taken the answer.
    public let seconds: Double
    public let eventBytes: Int
    /// Bytes of the answer, or what was reported in its place.
    public let result: Result<Int, LambdaFailure>
}
