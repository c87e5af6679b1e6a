import Foundation
import Synchronization
import Testing

@testable import Cloud
@testable import Platform

@Suite("The loop of a Lambda function")
struct LambdaRuntimeTests {
    private static let base = "http://127.0.0.1:9001/2018-06-01/runtime/"

    /// An event as the service sends it.
    private static func event(
        _ id: String, _ body: String = "{}", headers: [(name: String, value: String)] = []
    ) -> Result<HTTPResponse, Failure> {
        .success(
            HTTPResponse(
                status: 200,
                headers: [
                    ("lambda-runtime-aws-request-id", id), ("Lambda-Runtime-Deadline-Ms", "1795000000500"),
                    ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:worker"),
                ] + headers, body: Array(body.utf8)))
    }

    private static let taken = Result<HTTPResponse, Failure>.success(HTTPResponse(status: 202))

    private static func answer(_ status: Int, _ body: String = "") -> Result<HTTPResponse, Failure> {
        .success(HTTPResponse(status: status, body: Array(body.utf8)))
    }

    private static func runtime(
        _ transport: any HTTPTransport, setTraceID: @escaping @Sendable (String?) -> Void = { _ in }
    ) -> LambdaRuntime {
        LambdaRuntime(api: "127.0.0.1:9001", transport: transport, setTraceID: setTraceID)
    }

    /// Runs the loop to the end of the script, after which the service is unreachable.
    private static func runToEnd(
        _ transport: ScriptedTransport,
        _ handler: ([UInt8], LambdaContext) throws(LambdaFailure) -> [UInt8]
    ) -> [LambdaOutcome] {
        var outcomes: [LambdaOutcome] = []
        #expect(throws: Failure.self) {
            try runtime(transport).run(log: { outcomes.append($0) }, handler)
        }
        return outcomes
    }

    @Test("Events are handled in order, each with its own id")
    func events() {
        let transport = ScriptedTransport([Self.event("a", "1"), Self.taken, Self.event("b", "22"), Self.taken])
        let outcomes = Self.runToEnd(transport) { event, _ throws(LambdaFailure) in event + event }
        #expect(
            transport.lines == [
                "GET \(Self.base)invocation/next", "POST \(Self.base)invocation/a/response",
                "GET \(Self.base)invocation/next", "POST \(Self.base)invocation/b/response",
                "GET \(Self.base)invocation/next",
            ])
        #expect(transport.requests.map(\.text) == ["", "11", "", "2222", ""])
        #expect(outcomes.map(\.context.requestID) == ["a", "b"])
        #expect(outcomes.map(\.eventBytes) == [1, 2])
        #expect(outcomes.map(\.result) == [.success(2), .success(4)])
    }

    @Test("Waiting for an event has no time limit, responding has")
    func limits() {
        let transport = ScriptedTransport([Self.event("a"), Self.taken])
        _ = Self.runToEnd(transport) { event, _ throws(LambdaFailure) in event }
        #expect(transport.requests.map(\.mayStall) == [true, false, true])
        #expect(transport.requests[0].timeout == nil)
        #expect(transport.requests[1].timeout != nil)
    }

    @Test("The context has the id of the request, deadline, function and trace id")
    func context() throws {
        let transport = ScriptedTransport([
            Self.event("a", headers: [("Lambda-Runtime-Trace-Id", "Root=1-5-6")]), Self.taken,
        ])
        var contexts: [LambdaContext] = []
        _ = Self.runToEnd(transport) { event, context throws(LambdaFailure) in
            contexts.append(context)
            return event
        }
        #expect(
            contexts == [
                LambdaContext(
                    requestID: "a", deadline: 1_795_000_000.5, traceID: "Root=1-5-6")
            ])
    }

    @Test("An invalid deadline is ignored", arguments: ["nan", "inf", "-1", "1e300", "soon", "", "-0x1p1000"])
    func noDeadline(text: String) throws {
        let headers = [(name: "Lambda-Runtime-Aws-Request-Id", value: "a"), ("Lambda-Runtime-Deadline-Ms", text)]
        let context = try #require(LambdaContext(HTTPResponse(status: 200, headers: headers)))
        #expect(context.deadline == nil)
    }

    @Test("The trace id is set before each event is handled, and removed without one")
    func traceIDs() {
        let traced = Mutex<[String]>([])
        let transport = ScriptedTransport([
            Self.event("a", headers: [("Lambda-Runtime-Trace-Id", "Root=1")]), Self.taken, Self.event("b"), Self.taken,
        ])
        let runtime = Self.runtime(transport) { id in traced.withLock { $0.append(id ?? "none") } }
        #expect(throws: Failure.self) {
            try runtime.run { event, context throws(LambdaFailure) in
                traced.withLock { $0.append("handles \(context.requestID)") }
                return event
            }
        }
        #expect(traced.withLock { $0 } == ["Root=1", "handles a", "none", "handles b"])
    }

    @Test("A failure of the handler is reported with its type, and the loop continues")
    func failure() throws {
        let transport = ScriptedTransport([Self.event("a"), Self.taken, Self.event("b"), Self.taken])
        let failure = LambdaFailure(type: "Cai.FanOut", message: "s3://b/k: no \"such\" object")
        let outcomes = Self.runToEnd(transport) { event, context throws(LambdaFailure) in
            if context.requestID == "a" { throw failure }
            return event
        }
        #expect(transport.lines[1] == "POST \(Self.base)invocation/a/error")
        #expect(transport.lines[3] == "POST \(Self.base)invocation/b/response")
        let report = transport.requests[1]
        #expect(report.header("Lambda-Runtime-Function-Error-Type") == "Cai.FanOut")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(report.body ?? [])) as? [String: Any])
        #expect(body["errorType"] as? String == "Cai.FanOut")
        #expect(body["errorMessage"] as? String == failure.message)
        #expect((body["stackTrace"] as? [String])?.isEmpty == true)
        #expect(outcomes.map(\.result) == [.failure(failure), .success(2)])
    }

    @Test("A response of 6 MB is sent, one byte more is reported as an error", arguments: [0, 1])
    func responseLimit(excess: Int) throws {
        let transport = ScriptedTransport([Self.event("a"), Self.taken])
        let count = LambdaRuntime.responseLimit + excess
        let outcomes = Self.runToEnd(transport) { _, _ throws(LambdaFailure) in [UInt8](repeating: 32, count: count) }
        let request = try #require(transport.requests.dropFirst().first)
        if excess == 0 {
            #expect(request.url.hasSuffix("/a/response"))
            #expect(request.body?.count == 6_291_456)
        } else {
            #expect(request.url.hasSuffix("/a/error"))
            #expect(request.text.contains("the response has 6291457 bytes; Lambda takes 6291456 at most"))
            #expect(outcomes[0].result.isFailure)
        }
    }

    @Test("A response that is refused is logged, and the loop continues", arguments: [400, 403, 413])
    func refused(status: Int) {
        let transport = ScriptedTransport([
            Self.event("a"), Self.answer(status, #"{"errorMessage": "State\ntransition"}"#), Self.event("b"),
            Self.taken,
        ])
        let outcomes = Self.runToEnd(transport) { event, _ throws(LambdaFailure) in event }
        #expect(transport.lines.last == "GET \(Self.base)invocation/next")
        #expect(outcomes.count == 2)
        guard case .failure(let failure) = outcomes[0].result else {
            Issue.record("the response counts as accepted")
            return
        }
        #expect(failure.message.contains("status \(status)"))
        #expect(!failure.message.contains("\n"))
    }

    @Test("A service that fails or is unreachable ends the loop with an error")
    func gone() {
        let away = Result<HTTPResponse, Failure>.failure(Failure(.unavailable, "127.0.0.1:9001", "refused"))
        let scripts: [[Result<HTTPResponse, Failure>]] = [
            [], [away, Self.event("a")], [Self.answer(500), Self.event("a")], [Self.answer(403), Self.event("a")],
            [.success(HTTPResponse(status: 200)), Self.event("a")], [Self.event("../x"), Self.event("a")],
            [Self.event("a"), Self.answer(500), Self.event("a")], [Self.event("a"), away, Self.event("a")],
        ]
        for (index, script) in scripts.enumerated() {
            let transport = ScriptedTransport(script)
            #expect(Self.runToEnd(transport) { event, _ throws(LambdaFailure) in event }.isEmpty, "\(index)")
            #expect(transport.requests.count == max(1, script.count - 1), "\(index)")
        }
    }

    @Test("A failed initialisation is reported")
    func initFailure() throws {
        let transport = ScriptedTransport([Self.taken, Self.answer(403)])
        let runtime = Self.runtime(transport)
        try runtime.report(initFailure: LambdaFailure(type: "Cai.Handler", message: "no such handler"))
        #expect(transport.lines == ["POST \(Self.base)init/error"])
        #expect(transport.requests[0].header("Lambda-Runtime-Function-Error-Type") == "Cai.Handler")
        #expect(transport.requests[0].text.contains(#""errorMessage":"no such handler""#))
        #expect(throws: Failure.self) {
            try runtime.report(initFailure: LambdaFailure(type: "Cai.Handler", message: "no such handler"))
        }
    }

    @Test("A loop that is stopped while it waits handles no further event")
    func stopWhileWaiting() throws {
        let runtime = Mutex<LambdaRuntime?>(nil)
        let wasIdle = Mutex<Bool?>(nil)
        let transport = ScriptedTransport([Self.event("a"), Self.taken]) { _ in
            let stopped = runtime.withLock { $0?.stop() }
            wasIdle.withLock { $0 = stopped }
        }
        let made = Self.runtime(transport)
        runtime.withLock { $0 = made }
        // The transport and the runtime refer to each other.
        defer { runtime.withLock { $0 = nil } }
        var handled = 0
        try made.run { event, _ throws(LambdaFailure) in
            handled += 1
            return event
        }
        #expect(wasIdle.withLock { $0 } == true)
        #expect(handled == 0)
        #expect(transport.requests.count == 1)
    }

    @Test("A loop that is stopped while it handles an event responds to it and ends")
    func stopWhileBusy() throws {
        let transport = ScriptedTransport([Self.event("a"), Self.taken, Self.event("b"), Self.taken])
        let runtime = Self.runtime(transport)
        var wasIdle: Bool?
        try runtime.run { event, _ throws(LambdaFailure) in
            wasIdle = runtime.stop()
            return event
        }
        #expect(wasIdle == false)
        #expect(transport.lines.last == "POST \(Self.base)invocation/a/response")
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
