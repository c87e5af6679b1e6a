import Foundation
import Synchronization
import Testing

@testable import Cloud
@testable import Platform

@Suite("Step Functions")
struct StepFunctionsTests {
    private typealias Script = StepFunctionsScript

    @Test("Starting sends the input as a string, signed, and returns the ARN")
    func start() throws {
        let transport = ScriptedTransport([
            Script.answer(200, #"{"executionArn": "\#(Script.execution)", "startDate": 1795000000.123}"#)
        ])
        let arn = try Script.client(transport)
            .startExecution(stateMachine: Script.machine, name: "run", input: #"{"bucket": "ü/b"}"#)
        #expect(arn == Script.execution)
        let request = try #require(transport.requests.first)
        #expect(transport.lines == ["POST https://states.eu-west-1.amazonaws.com/"])
        #expect(request.header("X-Amz-Target") == "AWSStepFunctions.StartExecution")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.0")
        let authorization = try #require(request.header("Authorization"))
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
        #expect(authorization.contains("/eu-west-1/states/aws4_request, "))
        #expect(request.header("X-Amz-Security-Token") == "token-of-the-session")
        #expect(
            try Script.json(request) == [
                "stateMachineArn": Script.machine, "name": "run", "input": #"{"bucket": "ü/b"}"#,
            ])
    }

    @Test(
        "Describing an execution gives its state",
        arguments: [
            ("RUNNING", true, false), ("PENDING_REDRIVE", true, false), ("SUCCEEDED", false, true),
            ("FAILED", false, false), ("TIMED_OUT", false, false), ("ABORTED", false, false),
        ])
    func describe(status: String, isRunning: Bool, hasSucceeded: Bool) throws {
        let transport = ScriptedTransport([
            Script.answer(
                200,
                #"{"status": "\#(status)", "startDate": 1795000000.5, "name": "run", "error": "E", "cause": "why"}"#)
        ])
        let execution = try Script.client(transport).describeExecution(Script.execution)
        #expect(execution.status == status)
        #expect(execution.isRunning == isRunning)
        #expect(execution.hasSucceeded == hasSucceeded)
        #expect(execution.startDate == 1_795_000_000.5)
        #expect(execution.stopDate == nil)
        #expect(execution.error == "E")
        #expect(execution.cause == "why")
        #expect(try Script.json(transport.requests[0]) == ["executionArn": Script.execution])
    }

    @Test("All pages of Map runs are listed")
    func listMapRuns() throws {
        let transport = ScriptedTransport([
            Script.answer(200, #"{"mapRuns": [{"mapRunArn": "a"}, {"mapRunArn": "b"}], "nextToken": "t1"}"#),
            Script.answer(200, #"{"mapRuns": [], "nextToken": "t2"}"#),
            Script.answer(200, #"{"mapRuns": [{"mapRunArn": "c"}], "nextToken": null}"#),
        ])
        #expect(try Script.client(transport).listMapRuns(of: Script.execution) == ["a", "b", "c"])
        #expect(try transport.requests.map { try Script.json($0)["nextToken"] } == [nil, "t1", "t2"])
    }

    @Test("A repeated page is an error, not a loop")
    func pageAgain() {
        let page = Script.answer(200, #"{"mapRuns": [{"mapRunArn": "a"}], "nextToken": "t"}"#)
        let transport = ScriptedTransport([page, page, page])
        #expect(throws: Failure.self) { try Script.client(transport).listMapRuns(of: Script.execution) }
        #expect(transport.requests.count == 2)
    }

    @Test("The item counts of a Map run are read")
    func describeMapRun() throws {
        let transport = ScriptedTransport([
            Script.answer(
                200,
                """
                {"mapRunArn": "a", "status": "RUNNING", "maxConcurrency": 0, "toleratedFailurePercentage": 5.0,
                 "itemCounts": {"pending": 1, "running": 2, "succeeded": 3, "failed": 4, "timedOut": 5, "aborted": 6,
                 "total": 21, "resultsWritten": 0}}
                """)
        ])
        let counts = try Script.client(transport).describeMapRun("a").itemCounts
        #expect(
            counts
                == MapRun.ItemCounts(
                    pending: 1, running: 2, succeeded: 3, failed: 4, timedOut: 5, aborted: 6, total: 21))
        #expect(counts.done == 18)
        #expect(counts.lost == 15)
        var sum = counts
        sum += counts
        #expect(sum.total == 42)
    }

    @Test("Invalid counts, whose sums would overflow, are refused", arguments: ["9223372036854775807", "-1"])
    func countsThatAreNone(succeeded: String) throws {
        let counts = #""pending": 0, "running": 0, "failed": 1, "timedOut": 1, "aborted": 1, "total": 1"#
        let transport = ScriptedTransport([
            Script.answer(200, #"{"status": "RUNNING", "itemCounts": {\#(counts), "succeeded": \#(succeeded)}}"#)
        ])
        let error = #expect(throws: Failure.self) { try Script.client(transport).describeMapRun("a") }
        #expect(error?.message == "DescribeMapRun: invalid counts of items")
    }

    @Test("Requests to busy and unreachable services are retried with growing delays")
    func retries() throws {
        let pauses = Mutex<[Double]>([])
        let transport = ScriptedTransport([
            Script.answer(400, #"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#),
            .failure(Failure(.unavailable, "states.example", "connection reset")),
            Script.answer(503, "<html>"), Script.answer(200, #"{"status": "RUNNING"}"#),
        ])
        let client = try Script.client(transport) { pause in pauses.withLock { $0.append(pause) } }
        #expect(try client.describeExecution(Script.execution).isRunning)
        #expect(transport.requests.count == 4)
        let taken = pauses.withLock { $0 }
        #expect(taken == [1, 2, 4])
    }

    @Test("A service that stays busy is an error")
    func busy() {
        let throttled = Script.answer(429, #"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#)
        let transport = ScriptedTransport(Array(repeating: throttled, count: 9))
        #expect(
            throws: Failure(
                .unavailable, Script.execution,
                "DescribeExecution: ThrottlingException: Rate exceeded (after 4 attempts)"
            )
        ) {
            try Script.client(transport).describeExecution(Script.execution)
        }
        #expect(transport.requests.count == 4)
    }

    @Test(
        "A refusal is an error of one line and not retried",
        arguments: [
            (400, "StateMachineDoesNotExist", Failure.Kind.notFound), (400, "ExecutionDoesNotExist", .notFound),
            (400, "ExecutionAlreadyExists", .conflict), (400, "AccessDeniedException", .denied),
            (400, "UnrecognizedClientException", .denied), (403, "InvalidSignatureException", .denied),
            (400, "com.amazon.coral.service#ExpiredTokenException", .denied), (403, "", .denied),
            (400, "InvalidExecutionInput", .input),
        ])
    func refusals(status: Int, type: String, kind: Failure.Kind) throws {
        let transport = ScriptedTransport([
            Script.answer(status, #"{"__type": "\#(type)", "message": "two\nlines"}"#)
        ])
        let error = try #require(throws: Failure.self) {
            try Script.client(transport).startExecution(stateMachine: Script.machine, name: "run", input: "{}")
        }
        #expect(error.kind == kind)
        #expect(error.subject == Script.machine)
        let name = type.split(separator: "#").last.map(String.init) ?? "status \(status)"
        let source = kind == .denied ? "; credentials from the program" : ""
        #expect(error.message == "StartExecution: \(name): two lines\(source)")
        #expect(transport.requests.count == 1)
    }

    @Test(
        "A start whose answer has not its fields may have been done",
        arguments: ["", "[]", "{}", #"{"executionArn": 1}"#])
    func nonsense(body: String) throws {
        let transport = ScriptedTransport([Script.answer(200, body)])
        let error = try #require(throws: Failure.self) {
            try Script.client(transport).startExecution(stateMachine: Script.machine, name: "run", input: "{}")
        }
        #expect(error.kind == .unknown)
    }

    @Test(
        "The endpoint is that of the environment, or that of the region",
        arguments: [
            ([:], "eu-west-1", "https://states.eu-west-1.amazonaws.com/"),
            ([:], "cn-north-1", "https://states.cn-north-1.amazonaws.com.cn/"),
            (["AWS_ENDPOINT_URL": "http://a:1/"], "eu-west-1", "http://a:1/"),
            (["AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_SFN": "http://b:2"], "eu-west-1", "http://b:2/"),
            (["AWS_ENDPOINT_URL": ""], "eu-west-1", "https://states.eu-west-1.amazonaws.com/"),
        ])
    func endpoints(environment: [String: String], region: String, url: String) throws {
        let transport = ScriptedTransport([Script.answer(200, #"{"status": "RUNNING"}"#)])
        _ = try Script.client(transport, environment: environment, region: region).describeExecution(Script.execution)
        #expect(transport.lines == ["POST " + url])
    }

    @Test("Secrets that a service quotes from the request are not shown")
    func hidden() throws {
        let quoted = #"{"__type": "InvalidSignatureException", "message": "no: token-of-the-session by AKIDEXAMPLE"}"#
        let transport = ScriptedTransport([Script.answer(400, quoted)])
        let error = try #require(throws: Failure.self) {
            try Script.client(transport).describeExecution(Script.execution)
        }
        #expect(error.kind == .denied)
        #expect(error.message.hasPrefix("DescribeExecution: InvalidSignatureException: no: (hidden) by (hidden); "))
    }

    @Test(
        "A failure is described in one line",
        arguments: [
            (#"{"status": "TIMED_OUT"}"#, "TIMED_OUT"),
            (#"{"status": "ABORTED", "cause": "by\n hand", "error": ""}"#, "ABORTED: by hand"),
            (
                #"{"status": "FAILED", "error": "Cai.Failed", "cause": "{\"errorMessage\": \"no\\nbucket\"}"}"#,
                "FAILED: Cai.Failed: no bucket"
            ),
            (#"{"status": "FAILED", "cause": "{\"other\": 1}"}"#, #"FAILED: {"other": 1}"#),
        ])
    func failureLines(body: String, line: String) throws {
        let transport = ScriptedTransport([Script.answer(200, body)])
        #expect(try Script.client(transport).describeExecution(Script.execution).failureLine == line)
    }

    @Test("A start without an answer is repeated, and then unknown: the execution may have started")
    func startWithoutAnswer() throws {
        let client = try Script.client(ScriptedTransport([.failure(Failure(.unavailable, "x", "broke off"))]))
        let error = try #require(throws: Failure.self) {
            try client.startExecution(stateMachine: Script.machine, name: "run", input: "{}")
        }
        #expect(error == Failure(.unknown, "script", "connection refused (after 4 attempts)"))
    }

    @Test("A refusal after an attempt without an answer does not mean that nothing was done")
    func refusedAfterNoAnswer() throws {
        for (type, kind) in [("AccessDeniedException", Failure.Kind.unknown), ("ExecutionAlreadyExists", .conflict)] {
            let answers = [Script.faults[1], Script.answer(400, #"{"__type": "\#(type)"}"#)]
            let starting = try #require(throws: Failure.self) {
                try Script.client(ScriptedTransport(answers))
                    .startExecution(stateMachine: Script.machine, name: "run", input: "{}")
            }
            #expect(starting.kind == kind)
            let stopping = try #require(throws: Failure.self) {
                try Script.client(ScriptedTransport(answers)).stopExecution(Script.execution, error: "e", cause: "c")
            }
            #expect(stopping.kind == kind)
        }
    }

    @Test("Stopping names the execution and the reason")
    func stop() throws {
        let transport = ScriptedTransport([Script.answer(200, #"{"stopDate": 1795000000.5}"#)])
        try Script.client(transport).stopExecution(Script.execution, error: "Cai.Stopped", cause: "by hand")
        let request = try #require(transport.requests.first)
        #expect(request.header("X-Amz-Target") == "AWSStepFunctions.StopExecution")
        #expect(
            try Script.json(request) == ["executionArn": Script.execution, "error": "Cai.Stopped", "cause": "by hand"])
    }
}
