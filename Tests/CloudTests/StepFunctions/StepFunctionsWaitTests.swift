import Foundation
import Synchronization
import Testing

@testable import Cloud
@testable import Platform

@Suite("Waiting for an execution of Step Functions")
struct StepFunctionsWaitTests {
    private typealias Script = StepFunctionsScript

    @Test("Waiting polls until the end and reports the items of all Map runs")
    func wait() throws {
        let pauses = Mutex<[Double]>([])
        func run(_ done: Int) -> Result<HTTPResponse, Failure> {
            let counts = #""running": 1, "failed": 0, "timedOut": 0, "aborted": 0, "pending": 0"#
            return Script.answer(
                200, #"{"status": "RUNNING", "itemCounts": {\#(counts), "succeeded": \#(done), "total": 9}}"#)
        }
        let transport = ScriptedTransport([
            Script.answer(200, #"{"status": "RUNNING"}"#), Script.answer(200, #"{"mapRuns": []}"#),
            Script.answer(200, #"{"status": "RUNNING"}"#),
            Script.answer(200, #"{"mapRuns": [{"mapRunArn": "a"}, {"mapRunArn": "b"}]}"#), run(2), run(3),
            Script.answer(200, #"{"status": "RUNNING"}"#), Script.answer(400, #"{"__type": "AccessDeniedException"}"#),
            Script.answer(200, #"{"status": "FAILED", "error": "Cai.Failed"}"#), Script.answer(500, ""),
        ])
        var seen: [MapRun.ItemCounts] = []
        let client = try Script.client(transport) { pause in pauses.withLock { $0.append(pause) } }
        let execution = try client.wait(for: Script.execution, interval: 77) { seen.append($0) }
        #expect(execution.failureLine == "FAILED: Cai.Failed")
        #expect(seen == [MapRun.ItemCounts(running: 2, succeeded: 5, total: 18)])
        #expect(pauses.withLock { $0 }.filter { $0 == 77 }.count == 3)
    }

    @Test("Without a progress callback only the execution is polled")
    func waitInSilence() throws {
        let transport = ScriptedTransport([
            Script.answer(200, #"{"status": "RUNNING"}"#), Script.answer(200, #"{"status": "SUCCEEDED"}"#),
        ])
        #expect(try Script.client(transport).wait(for: Script.execution).hasSucceeded)
        #expect(
            transport.requests.map { $0.header("X-Amz-Target") }
                == Array(repeating: "AWSStepFunctions.DescribeExecution", count: 2))
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
                AWSConfiguration(region: region, credentials: Script.credentials), transport: transport,
                retries: retries)
        }
    }

    @Test("Waiting survives minutes without an answer, and reports once that it is missing and once that it is back")
    func outage() throws {
        // Delays of 0.1, 0.2, ... 6.4 and then 10 s: 20 failures take more than two minutes.
        let failures = (0..<20).map { Script.faults[$0 % Script.faults.count] }
        let running = Script.answer(200, #"{"status": "RUNNING"}"#)
        let outage = Outage([running] + failures + [running, Script.answer(200, #"{"status": "SUCCEEDED"}"#)])
        var sights: [Sight] = []
        let execution = try outage.client().wait(for: Script.execution, sight: { sights.append($0) })
        #expect(execution.hasSucceeded)
        #expect(outage.seconds.withLock { $0 } > 120)
        #expect(sights == [.lost("DescribeExecution: status 503"), .regained])
    }

    @Test("A few failures in a row are not reported", arguments: [1, 2])
    func hiccup(failures: Int) throws {
        let answers = Array(Script.faults.prefix(failures)) + [Script.answer(200, #"{"status": "SUCCEEDED"}"#)]
        var sights: [Sight] = []
        #expect(
            try Outage(answers).client().wait(for: Script.execution, sight: { sights.append($0) }).hasSucceeded)
        #expect(sights.isEmpty)
    }

    @Test("After 15 minutes without an answer the state of the execution is unknown")
    func lost() throws {
        let outage = Outage([Script.answer(200, #"{"status": "RUNNING"}"#)])
        let error = try #require(throws: Failure.self) { try outage.client().wait(for: Script.execution) }
        #expect(error.kind == .unknown)
        #expect(error.description.hasPrefix("script: connection refused (after "))
        #expect(900...920 ~= outage.seconds.withLock { $0 })
    }

    @Test("A refusal while waiting leaves the state unknown, except that there is no such execution")
    func refusedWhileWaiting() throws {
        for (type, kind) in [("AccessDeniedException", Failure.Kind.unknown), ("ExecutionDoesNotExist", .notFound)] {
            let outage = Outage([Script.answer(400, #"{"__type": "\#(type)"}"#)])
            let error = try #require(throws: Failure.self) { try outage.client().wait(for: Script.execution) }
            #expect(error.kind == kind)
            #expect(outage.transport.requests.count == 1)
        }
    }
}
