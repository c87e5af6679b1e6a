import Glibc
import Platform
import Synchronization

/// The loop of a Lambda function over the Lambda Runtime API, version 2018-06-01: requests the next event, calls the handler
/// and sends its response or error.
public final class LambdaRuntime: Sendable {
    /// Limit of Lambda on the bytes of a response (6 MB).
    public static let responseLimit = 6 << 20

    private enum State {
        /// Between invocations: the process may end.
        case idle
        case busy
        case stopping
    }

    private let base: String
    private let transport: any HTTPTransport
    private let setTraceID: @Sendable (String?) -> Void
    private let state = Mutex(State.idle)

    /// - Parameters:
    ///   - api: host and port, as in `AWS_LAMBDA_RUNTIME_API`.
    ///   - setTraceID: called with the trace id before each event is handled, while no handler runs; by default it sets or
    ///     removes the variable in the environment of this process.
    public init(
        api: String, transport: any HTTPTransport,
        setTraceID: @escaping @Sendable (String?) -> Void = LambdaRuntime.putTraceIDIntoEnvironment
    ) {
        base = "http://\(api)/2018-06-01/runtime/"
        self.transport = transport
        self.setTraceID = setTraceID
    }

    /// Handles events until `stop` is called. After an error of the handler, which is reported, the next event is requested.
    /// - Parameters:
    ///   - log: called after each invocation.
    ///   - handler: returns the response to an event; both are JSON.
    /// - Throws: where the service is unreachable or gives up this environment; the process has to end then.
    public func run(
        log: (LambdaOutcome) -> Void = { _ in },
        _ handler: (_ event: [UInt8], _ context: LambdaContext) throws(LambdaFailure) -> [UInt8]
    ) throws(Failure) {
        let clock = ContinuousClock()
        while state.withLock({ $0 != .stopping }) {
            let (event, context) = try next()
            let start = clock.now
            let isTaken = state.withLock { state in
                guard state != .stopping else { return false }
                state = .busy
                return true
            }
            guard isTaken else { return }
            setTraceID(context.traceID)
            let result = try answer(event, context, handler)
            state.withLock { if $0 == .busy { $0 = .idle } }
            log(
                LambdaOutcome(
                    context: context, seconds: (clock.now - start) / .seconds(1), eventBytes: event.count,
                    result: result))
        }
    }

    /// Reports that the function cannot be initialised, instead of running the loop.
    public func report(initFailure failure: LambdaFailure) throws(Failure) {
        if let refusal = try post(failure, to: "init/error") {
            throw Failure(.unavailable, base + "init/error", refusal.message)
        }
    }

    /// Takes no further event. Any thread may call. Waiting for the next event, possibly for hours, cannot be interrupted:
    /// the caller ends the process if no event is being handled.
    /// - Returns: whether no event is being handled; otherwise `run` returns after the response to it.
    public func stop() -> Bool {
        state.withLock { state in
            defer { state = .stopping }
            return state != .busy
        }
    }

    /// Sets `_X_AMZN_TRACE_ID`, or removes it.
    public static func putTraceIDIntoEnvironment(_ id: String?) {
        if let id {
            unsafe setenv("_X_AMZN_TRACE_ID", id, 1)
        } else {
            unsafe unsetenv("_X_AMZN_TRACE_ID")
        }
    }

    private func next() throws(Failure) -> (event: [UInt8], context: LambdaContext) {
        let response = try transport.send(HTTPRequest("GET", base + "invocation/next", mayStall: true))
        guard response.status == 200 else { throw refusal("invocation/next", response) }
        guard let context = LambdaContext(response) else {
            throw Failure(base + "invocation/next", "an event without a Lambda-Runtime-Aws-Request-Id")
        }
        return (response.body, context)
    }

    /// Handles one event and sends the response or error.
    private func answer(
        _ event: [UInt8], _ context: LambdaContext,
        _ handler: (_ event: [UInt8], _ context: LambdaContext) throws(LambdaFailure) -> [UInt8]
    ) throws(Failure) -> Result<Int, LambdaFailure> {
        let path = "invocation/\(context.requestID)/"
        let body: [UInt8]
        do {
            body = try handler(event, context)
        } catch {
            return .failure(try post(error, to: path + "error") ?? error)
        }
        guard body.count <= Self.responseLimit else {
            let failure = LambdaFailure(
                type: "Cai.ResponseTooLarge",
                message: "the response has \(body.count) bytes; Lambda takes \(Self.responseLimit) at most")
            return .failure(try post(failure, to: path + "error") ?? failure)
        }
        return try post(body, to: path + "response").map { .failure($0) } ?? .success(body.count)
    }

    /// - Returns: nil where the service accepts it, otherwise the reason of its refusal.
    private func post(_ failure: LambdaFailure, to path: String) throws(Failure) -> LambdaFailure? {
        let report: [String: JSONValue] = [
            "errorMessage": .string(failure.message), "errorType": .string(failure.type), "stackTrace": .array([]),
        ]
        return try post(
            try JSONFile.encoded(report), to: path, headers: [("Lambda-Runtime-Function-Error-Type", failure.type)])
    }

    private func post(
        _ body: [UInt8], to path: String, headers: [(name: String, value: String)] = []
    ) throws(Failure) -> LambdaFailure? {
        let response = try transport.send(
            HTTPRequest(
                "POST", base + path, headers: [("Content-Type", "application/json")] + headers, body: body,
                timeout: 60))
        switch response.status {
        case 200..<300: return nil
        // Too late or too large: the invocation is closed.
        case 400..<500: return LambdaFailure(type: "Cai.Refused", message: refusal(path, response).description)
        default: throw refusal(path, response)
        }
    }

    private func refusal(_ path: String, _ response: HTTPResponse) -> Failure {
        let text = String(decoding: response.body.prefix(300), as: UTF8.self)
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return Failure(.unavailable, base + path, "status \(response.status)" + (line.isEmpty ? "" : ", \(line)"))
    }
}
