/// The context of one invocation.
public struct LambdaContext: Sendable, Equatable {
    public let requestID: String
    /// Seconds since 1970; nil where the service does not report it.
    public let deadline: Double?
    /// The value of `_X_AMZN_TRACE_ID` during the invocation.
    public let traceID: String?

}

extension LambdaContext {
    /// - Returns: nil where the request has no id, which a response requires.
    init?(_ response: HTTPResponse) {
        guard let requestID = response.header("Lambda-Runtime-Aws-Request-Id"), !requestID.isEmpty,
            requestID.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
        else { return nil }
        let milliseconds = response.header("Lambda-Runtime-Deadline-Ms").flatMap(Double.init)
            .flatMap { (0...1e15).contains($0) ? $0 : nil }
        self.requestID = requestID
        deadline = milliseconds.map { $0 / 1000 }
        traceID = response.header("Lambda-Runtime-Trace-Id")
    }
}

/// The error of a handler, as Step Functions reports it.
public struct LambdaFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// A name without spaces, such as `Cai.FanOut`, for Retry and Catch.
    public let type: String
    /// One line.
    public let message: String

    public init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    public var description: String { "\(type): \(message)" }
}

/// The result of one invocation.
public struct LambdaOutcome: Sendable {
    public let context: LambdaContext
    /// Seconds from receiving the event until the service accepted the response.
    public let seconds: Double
    public let eventBytes: Int
    /// Bytes of the response, or the reported error.
    public let result: Result<Int, LambdaFailure>
}
