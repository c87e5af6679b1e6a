import Foundation
import Synchronization
import Testing

@testable import Cloud
@testable import Platform

@Suite("Step Functions")
struct StepFunctionsTests {
    private static let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:cai"
    private static let execution = "arn:aws:states:eu-west-1:123456789012:execution:cai:run"

    private static func answer(_ status: Int, _ body: String) -> Result<HTTPResponse, Failure> {
        .success(HTTPResponse(status: status, body: Array(body.utf8)))
    }

    private static let credentials = AWSCredentials(
        accessKey: "AKIDEXAMPLE", secretKey: "secret-of-the-test", sessionToken: "token-of-the-session")

    /// Four attempts without delays.
    private static func client(
        _ transport: ScriptedTransport, environment: [String: String] = [:], region: String = "eu-west-1",
        sleep: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> StepFunctionsClient {
        var retries = RetryPolicy()
        retries.attempts = 4
        retries.firstDelay = 1
        retries.random = { 1 }
        retries.sleep = sleep
        return try StepFunctionsClient(
            AWSConfiguration(region: region, credentials: credentials, environment: environment),
            transport: transport, retries: retries)
    }

    private static func json(_ request: HTTPRequest) throws -> [String: String] {
        try #require(try JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [String: String])
    }

    @Test("Starting sends the input as a string, signed, and returns the ARN")
    func start() throws {
        let transport = ScriptedTransport([
            Self.answer(200, #"{"executionArn": "\#(Self.execution)", "startDate": 1795000000.123}"#)
        ])
        let arn = try Self.client(transport)
            .startExecution(stateMachine: Self.machine, name: "run", input: #"{"bucket": "ü/b"}"#)
        #expect(arn == Self.execution)
        let request = try #require(transport.requests.first)
        #expect(transport.lines == ["POST https://states.eu-west-1.amazonaws.com/"])
        #expect(request.header("X-Amz-Target") == "AWSStepFunctions.StartExecution")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.0")
        let authorization = try #require(request.header("Authorization"))
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
        #expect(authorization.contains("/eu-west-1/states/aws4_request, "))
        #expect(request.header("X-Amz-Security-Token") == "token-of-the-session")
        #expect(
            try Self.json(request) == [
                "stateMachineArn": Self.machine, "name": "run", "input": #"{"bucket": "ü/b"}"#,
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
            Self.answer(
                200,
                #"{"status": "\#(status)", "startDate": 1795000000.5, "name": "run", "error": "E", "cause": "why"}"#)
        ])
        let execution = try Self.client(transport).describeExecution(Self.execution)
        #expect(execution.status == status)
        #expect(execution.isRunning == isRunning)
        #expect(execution.hasSucceeded == hasSucceeded)
        #expect(execution.startDate == 1_795_000_000.5)
        #expect(execution.stopDate == nil)
        #expect(execution.error == "E")
        #expect(execution.cause == "why")
        #expect(try Self.json(transport.requests[0]) == ["executionArn": Self.execution])
    }

    @Test("All pages of Map runs are listed")
    func listMapRuns() throws {
        let transport = ScriptedTransport([
            Self.answer(200, #"{"mapRuns": [{"mapRunArn": "a"}, {"mapRunArn": "b"}], "nextToken": "t1"}"#),
            Self.answer(200, #"{"mapRuns": [], "nextToken": "t2"}"#),
            Self.answer(200, #"{"mapRuns": [{"mapRunArn": "c"}], "nextToken": null}"#),
        ])
        #expect(try Self.client(transport).listMapRuns(of: Self.execution) == ["a", "b", "c"])
        #expect(try transport.requests.map { try Self.json($0)["nextToken"] } == [nil, "t1", "t2"])
    }

    @Test("A repeated page is an error, not a loop")
    func pageAgain() {
        let page = Self.answer(200, #"{"mapRuns": [{"mapRunArn": "a"}], "nextToken": "t"}"#)
        let transport = ScriptedTransport([page, page, page])
        #expect(throws: Failure.self) { try Self.client(transport).listMapRuns(of: Self.execution) }
        #expect(transport.requests.count == 2)
    }

    @Test("The item counts of a Map run are read")
    func describeMapRun() throws {
        let transport = ScriptedTransport([
            Self.answer(
                200,
                """
                {"mapRunArn": "a", "status": "RUNNING", "maxConcurrency": 0, "toleratedFailurePercentage": 5.0,
                 "itemCounts": {"pending": 1, "running": 2, "succeeded": 3, "failed": 4, "timedOut": 5, "aborted": 6,
                 "total": 21, "resultsWritten": 0}}
                """)
        ])
        let counts = try Self.client(transport).describeMapRun("a").itemCounts
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
            Self.answer(200, #"{"status": "RUNNING", "itemCounts": {\#(counts), "succeeded": \#(succeeded)}}"#)
        ])
        let error = #expect(throws: Failure.self) { try Self.client(transport).describeMapRun("a") }
        #expect(error?.message == "DescribeMapRun: invalid counts of items")
    }

    @Test("Requests to busy and unreachable services are retried with growing delays")
    func retries() throws {
        let pauses = Mutex<[Double]>([])
        let transport = ScriptedTransport([
            Self.answer(400, #"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#),
            .failure(Failure(.unavailable, "states.example", "connection reset")),
            Self.answer(503, "<html>"), Self.answer(200, #"{"status": "RUNNING"}"#),
        ])
        let client = try Self.client(transport) { pause in pauses.withLock { $0.append(pause) } }
        #expect(try client.describeExecution(Self.execution).isRunning)
        #expect(transport.requests.count == 4)
        let taken = pauses.withLock { $0 }
        #expect(taken == [1, 2, 4])
    }

    @Test("A service that stays busy is an error")
    func busy() {
        let throttled = Self.answer(429, #"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#)
        let transport = ScriptedTransport(Array(repeating: throttled, count: 9))
        #expect(
            throws: Failure(
                .unavailable, Self.execution, "DescribeExecution: ThrottlingException: Rate exceeded (after 4 attempts)"
            )
        ) {
            try Self.client(transport).describeExecution(Self.execution)
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
            Self.answer(status, #"{"__type": "\#(type)", "message": "two\nlines"}"#)
        ])
        let error = try #require(throws: Failure.self) {
            try Self.client(transport).startExecution(stateMachine: Self.machine, name: "run", input: "{}")
        }
        #expect(error.kind == kind)
        #expect(error.subject == Self.machine)
        let name = type.split(separator: "#").last.map(String.init) ?? "status \(status)"
        let source = kind == .denied ? "; credentials from the program" : ""
        #expect(error.message == "StartExecution: \(name): two lines\(source)")
        #expect(transport.requests.count == 1)
    }

    @Test(
        "A start whose answer has not its fields may have been done",
        arguments: ["", "[]", "{}", #"{"executionArn": 1}"#])
    func nonsense(body: String) throws {
        let transport = ScriptedTransport([Self.answer(200, body)])
        let error = try #require(throws: Failure.self) {
            try Self.client(transport).startExecution(stateMachine: Self.machine, name: "run", input: "{}")
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
        let transport = ScriptedTransport([Self.answer(200, #"{"status": "RUNNING"}"#)])
        _ = try Self.client(transport, environment: environment, region: region).describeExecution(Self.execution)
        #expect(transport.lines == ["POST " + url])
    }

    @Test("Secrets that a service quotes from the request are not shown")
    func hidden() throws {
        let quoted = #"{"__type": "InvalidSignatureException", "message": "no: token-of-the-session by AKIDEXAMPLE"}"#
        let transport = ScriptedTransport([Self.answer(400, quoted)])
        let error = try #require(throws: Failure.self) {
            try Self.client(transport).describeExecution(Self.execution)
        }
        #expect(error.kind == .denied)
        #expect(error.message.hasPrefix("DescribeExecution: InvalidSignatureException: no: (hidden) by (hidden); "))
    }

    @Test("Waiting polls until the end and reports the items of all Map runs")
    func wait() throws {
        let pauses = Mutex<[Double]>([])
        func run(_ done: Int) -> Result<HTTPResponse, Failure> {
            let counts = #""running": 1, "failed": 0, "timedOut": 0, "aborted": 0, "pending": 0"#
            return Self.answer(
                200, #"{"status": "RUNNING", "itemCounts": {\#(counts), "succeeded": \#(done), "total": 9}}"#)
        }
        let transport = ScriptedTransport([
            Self.answer(200, #"{"status": "RUNNING"}"#), Self.answer(200, #"{"mapRuns": []}"#),
            Self.answer(200, #"{"status": "RUNNING"}"#),
            Self.answer(200, #"{"mapRuns": [{"mapRunArn": "a"}, {"mapRunArn": "b"}]}"#), run(2), run(3),
            Self.answer(200, #"{"status": "RUNNING"}"#), Self.answer(400, #"{"__type": "AccessDeniedException"}"#),
            Self.answer(200, #"{"status": "FAILED", "error": "Cai.Failed"}"#), Self.answer(500, ""),
        ])
        var seen: [MapRun.ItemCounts] = []
        let client = try Self.client(transport) { pause in pauses.withLock { $0.append(pause) } }
        let execution = try client.wait(for: Self.execution, interval: 77) { seen.append($0) }
        #expect(execution.failureLine == "FAILED: Cai.Failed")
        #expect(seen == [MapRun.ItemCounts(running: 2, succeeded: 5, total: 18)])
        #expect(pauses.withLock { $0 }.filter { $0 == 77 }.count == 3)
    }

    @Test("Without a progress callback only the execution is polled")
    func waitInSilence() throws {
        let transport = ScriptedTransport([
            Self.answer(200, #"{"status": "RUNNING"}"#), Self.answer(200, #"{"status": "SUCCEEDED"}"#),
        ])
        #expect(try Self.client(transport).wait(for: Self.execution).hasSucceeded)
        #expect(
            transport.requests.map { $0.header("X-Amz-Target") }
                == Array(repeating: "AWSStepFunctions.DescribeExecution", count: 2))
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
        let transport = ScriptedTransport([Self.answer(200, body)])
        #expect(try Self.client(transport).describeExecution(Self.execution).failureLine == line)
    }

    /// A service that fails for some time by its clock, which only waiting moves.
    private final class Outage: Sendable {
        let seconds = Mutex(0.0)
        let transport: ScriptedTransport

        init(_ answers: [Result<HTTPResponse, Failure>]) { transport = ScriptedTransport(answers) }

        func client(region: String = "eu-west-1") throws -> StepFunctionsClient {
            var retries = RetryPolicy()
            // What AWS_MAX_ATTEMPTS sets, which does not limit the waiting.
            retries.attempts = 2
            retries.random = { 1 }
            retries.now = { [self] in 1_795_000_000 + seconds.withLock { $0 } }
            retries.sleep = { [self] pause in seconds.withLock { $0 += pause } }
            return try StepFunctionsClient(
                AWSConfiguration(region: region, credentials: credentials), transport: transport, retries: retries)
        }
    }

    private static let faults: [Result<HTTPResponse, Failure>] = [
        .failure(Failure(.unavailable, "states.example", "the name cannot be resolved")),
        .failure(Failure(.unavailable, "states.example", "no connection")), answer(503, "<html>"), answer(500, ""),
        answer(400, #"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#),
    ]

    @Test("Waiting survives minutes without an answer, and reports once that it is missing and once that it is back")
    func outage() throws {
        // Delays of 0.1, 0.2, ... 6.4 and then 10 s: 20 failures take more than two minutes.
        let failures = (0..<20).map { Self.faults[$0 % Self.faults.count] }
        let running = Self.answer(200, #"{"status": "RUNNING"}"#)
        let outage = Outage([running] + failures + [running, Self.answer(200, #"{"status": "SUCCEEDED"}"#)])
        var sights: [Sight] = []
        let execution = try outage.client().wait(for: Self.execution, sight: { sights.append($0) })
        #expect(execution.hasSucceeded)
        #expect(outage.seconds.withLock { $0 } > 120)
        #expect(sights == [.lost("DescribeExecution: status 503"), .regained])
    }

    @Test("A few failures in a row are not reported", arguments: [1, 2])
    func hiccup(failures: Int) throws {
        let answers = Array(Self.faults.prefix(failures)) + [Self.answer(200, #"{"status": "SUCCEEDED"}"#)]
        var sights: [Sight] = []
        #expect(
            try Outage(answers).client().wait(for: Self.execution, sight: { sights.append($0) }).hasSucceeded)
        #expect(sights.isEmpty)
    }

    @Test("After 15 minutes without an answer the state of the execution is unknown")
    func lost() throws {
        let outage = Outage([Self.answer(200, #"{"status": "RUNNING"}"#)])
        let error = try #require(throws: Failure.self) { try outage.client().wait(for: Self.execution) }
        #expect(error.kind == .unknown)
        #expect(error.description.hasPrefix("script: connection refused (after "))
        #expect(900...920 ~= outage.seconds.withLock { $0 })
    }

    @Test("A refusal while waiting leaves the state unknown, except that there is no such execution")
    func refusedWhileWaiting() throws {
        for (type, kind) in [("AccessDeniedException", Failure.Kind.unknown), ("ExecutionDoesNotExist", .notFound)] {
            let outage = Outage([Self.answer(400, #"{"__type": "\#(type)"}"#)])
            let error = try #require(throws: Failure.self) { try outage.client().wait(for: Self.execution) }
            #expect(error.kind == kind)
            #expect(outage.transport.requests.count == 1)
        }
    }

    @Test("A start without an answer is repeated, and then unknown: the execution may have started")
    func startWithoutAnswer() throws {
        let client = try Self.client(ScriptedTransport([.failure(Failure(.unavailable, "x", "broke off"))]))
        let error = try #require(throws: Failure.self) {
            try client.startExecution(stateMachine: Self.machine, name: "run", input: "{}")
        }
        #expect(error == Failure(.unknown, "script", "connection refused (after 4 attempts)"))
    }

    @Test("A refusal after an attempt without an answer does not mean that nothing was done")
    func refusedAfterNoAnswer() throws {
        for (type, kind) in [("AccessDeniedException", Failure.Kind.unknown), ("ExecutionAlreadyExists", .conflict)] {
            let answers = [Self.faults[1], Self.answer(400, #"{"__type": "\#(type)"}"#)]
            let starting = try #require(throws: Failure.self) {
                try Self.client(ScriptedTransport(answers))
                    .startExecution(stateMachine: Self.machine, name: "run", input: "{}")
            }
            #expect(starting.kind == kind)
            let stopping = try #require(throws: Failure.self) {
                try Self.client(ScriptedTransport(answers)).stopExecution(Self.execution, error: "e", cause: "c")
            }
            #expect(stopping.kind == kind)
        }
    }

    @Test("Stopping names the execution and the reason")
    func stop() throws {
        let transport = ScriptedTransport([Self.answer(200, #"{"stopDate": 1795000000.5}"#)])
        try Self.client(transport).stopExecution(Self.execution, error: "Cai.Stopped", cause: "by hand")
        let request = try #require(transport.requests.first)
        #expect(request.header("X-Amz-Target") == "AWSStepFunctions.StopExecution")
        #expect(
            try Self.json(request) == ["executionArn": Self.execution, "error": "Cai.Stopped", "cause": "by hand"])
    }

    @Test("The ARN of an execution has its region and name, and follows from the state machine's")
    func executionARNs() throws {
        let arn = try #require(ExecutionARN(Self.execution))
        #expect(arn.region == "eu-west-1" && arn.name == "run")
        let machine = try #require(StateMachineARN(Self.machine))
        #expect(ExecutionARN(machine, name: "run") == arn)
        #expect(arn.isOf(machine))
        // Executions of a version or an alias have the name of the machine alone.
        #expect(arn.isOf(try #require(StateMachineARN(Self.machine + ":7"))))
        #expect(!arn.isOf(try #require(StateMachineARN(Self.machine + "-2"))))
        #expect(ExecutionARN(machine, name: "a b") == nil)
        for text in [
            "", "run", Self.machine, Self.execution + ":x", Self.execution + "/Workers:x",
            "arn:aws:states:eu-west-1:123456789012:execution:cai/Workers:x",
        ] {
            #expect(ExecutionARN(text) == nil, "\(text)")
        }
    }

    @Test("The ARN of a state machine has its region")
    func arns() {
        #expect(StateMachineARN(Self.machine)?.region == "eu-west-1")
        #expect(StateMachineARN("arn:aws-cn:states:cn-north-1:1:stateMachine:cai:prod")?.region == "cn-north-1")
        for text in [
            "", "cai", Self.execution, "arn:aws:states::1:stateMachine:cai",
            "arn:aws:lambda:eu-west-1:1:stateMachine:cai",
            "arn:aws:states:e/x:1:stateMachine:cai", "arn:aws:states:eu-west-1:1:stateMachine:",
        ] {
            #expect(StateMachineARN(text) == nil, "\(text)")
        }
    }
}
