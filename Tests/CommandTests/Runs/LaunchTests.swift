import Foundation
import TestSupport
import Testing

@testable import Cloud
@testable import cai

/// `cai launch` with a Step Functions whose responses are scripted by the test, and folders as S3.
@Suite("Launching a fan-out")
struct LaunchTests {
    private static let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:cai"
    private static let execution = "arn:aws:states:eu-west-1:123456789012:execution:cai:run-1"
    private static let payload = #"{"bucket": "out", "result_path": "r", "data_bucket": "data", "data_prefix": "p"}"#

    /// A folder of buckets with a partition of 500 galaxies, and a payload beside it.
    private static func withBuckets<R>(_ body: (_ store: String, _ payload: String) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { folder in
            for name in ["data/p", "out/r"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/store/\(name)", withIntermediateDirectories: true)
            }
            try Data(count: 20_528 * 500).write(to: URL(fileURLWithPath: folder + "/store/data/p/1.pt"))
            try Data(payload.utf8).write(to: URL(fileURLWithPath: folder + "/payload.json"))
            return try body(folder + "/store", folder + "/payload.json")
        }
    }

    /// Responses by the requested action.
    private static func script(_ answers: [String: String]) -> LoopbackServer.Script {
        { request, _ in
            let action = request.headers["x-amz-target"]?.split(separator: ".").last.map(String.init) ?? ""
            guard let body = answers[action] else {
                return [.answer(400, Array(#"{"__type": "UnknownOperationException"}"#.utf8))]
            }
            return [.answer(200, Array(body.utf8))]
        }
    }

    private static func environment(_ server: LoopbackServer) -> [String: String] {
        [
            "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        ]
    }

    private static let started = #"{"executionArn": "\#(execution)", "startDate": 1795000000}"#

    @Test("cai launch starts an execution once with its input, and prints its summary", arguments: [false, true])
    func success(json: Bool) throws {
        try Self.withBuckets { store, payload in
            let summary = #"{"galaxies": 1280, "ranks": 12, "failed": 1, "wall_s": 4.5, "cost_usd": 0.001234}"#
            try Data(summary.utf8).write(to: URL(fileURLWithPath: store + "/out/r/summary.json"))
            let script = Self.script(["StartExecution": Self.started, "DescribeExecution": #"{"status": "SUCCEEDED"}"#])
            try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    [
                        "launch", payload, "--state-machine", Self.machine, "--name", "run-1", "--store",
                        "file://" + store,
                    ] + (json ? ["--json"] : []), environment: Self.environment(server))
                #expect(command.status == 0)
                #expect(command.errorLines.first?.contains("1 partition, 10.3 MB in ") == true)
                let plan = "about 500 galaxies by 1 rank, 1 at once (at most 500: the default)"
                #expect(command.errorLines.first?.contains(plan) == true)
                #expect(command.errors.contains("cai: started \(Self.execution)\n"))
                #expect(command.errors.contains("1,280 galaxies by 12 ranks (1 failed) in 4.50 s"))
                if json {
                    #expect(try object(command.output)["cost_usd"] as? Double == 0.001234)
                } else {
                    #expect(command.output.isEmpty)
                }
                let actions = server.requests.compactMap { $0.headers["x-amz-target"] }
                #expect(actions == ["AWSStepFunctions.StartExecution", "AWSStepFunctions.DescribeExecution"])
                let request = try #require(server.requests.first { $0.headers["x-amz-target"] != nil })
                let asked = try object(String(decoding: request.body, as: UTF8.self))
                #expect(asked["stateMachineArn"] as? String == Self.machine)
                #expect(asked["name"] as? String == "run-1")
                #expect(
                    try object(asked["input"] as? String ?? "") as? [String: String]
                        == ["bucket": "out", "result_path": "r", "data_bucket": "data", "data_prefix": "p"])
                #expect(request.headers["authorization"]?.contains("/eu-west-1/states/aws4_request") == true)
            }
        }
    }

    @Test(
        "cai launch exits with 1 and one line with the cause if the execution fails",
        arguments: [
            (#"{"status": "TIMED_OUT"}"#, "TIMED_OUT"),
            (
                #"{"status": "FAILED", "error": "Cai.Failed", "cause": "{\"errorMessage\": \"1 of 2 ranks failed\"}"}"#,
                "FAILED: Cai.Failed: 1 of 2 ranks failed"
            ),
        ])
    func failure(description: String, line: String) throws {
        try Self.withBuckets { store, payload in
            let script = Self.script(["StartExecution": Self.started, "DescribeExecution": description])
            try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    ["launch", payload, "--state-machine", Self.machine, "--quiet", "--store", "file://" + store],
                    environment: Self.environment(server))
                #expect(command.status == 1)
                #expect(command.errors == "cai: error: \(Self.execution): \(line)\n")
            }
        }
    }

    @Test("cai launch reports a refusal of the service in one line without credentials")
    func refused() throws {
        try Self.withBuckets { store, payload in
            let quoted = #"{"__type": "UnrecognizedClientException", "message": "AKIDEXAMPLE is nobody"}"#
            try LoopbackServer.run({ _, _ in [.answer(400, Array(quoted.utf8))] }) { server in
                let command = try Command.run(
                    ["launch", payload, "--state-machine", Self.machine, "--store", "file://" + store],
                    environment: Self.environment(server))
                #expect(command.status == 1)
                #expect(
                    command.errors.hasSuffix(
                        "\ncai: error: \(Self.machine): StartExecution: UnrecognizedClientException: "
                            + "(hidden) is nobody; credentials from the environment\n"))
            }
        }
    }

    @Test("cai launch that is interrupted reports that the execution continues, and ends by the signal")
    func interrupted() throws {
        try Self.withBuckets { store, payload in
            let watches = DispatchSemaphore(value: 0)
            let script: LoopbackServer.Script = { request, _ in
                let isStart = request.headers["x-amz-target"]?.hasSuffix(".StartExecution") == true
                if request.headers["x-amz-target"]?.hasSuffix(".DescribeExecution") == true { watches.signal() }
                return [.answer(200, Array((isStart ? Self.started : #"{"status": "RUNNING"}"#).utf8))]
            }
            try LoopbackServer.run(script) { server in
                let words = ["launch", payload, "--state-machine", Self.machine, "--store", "file://" + store]
                let process = try ChildProcess([Command.path] + words, environment: Self.environment(server))
                try process.wait(for: "a question after the execution") { watches.wait(timeout: .now()) == .success }
                process.send(SIGINT)
                let ended = try process.end()
                #expect(ended.status == -SIGINT)
                let reported = String(ended.errors.drop { $0 != "\n" }.dropFirst())
                let expected = """
                    cai: started \(Self.execution)
                    cai: error: interrupted (SIGINT): the execution continues; follow it with: \
                    cai launch --follow \(Self.execution)

                    """
                #expect(reported == expected)
            }
        }
    }

    @Test("cai launch that is interrupted while it asks for the cost reports that the execution has ended")
    func interruptedAtTheEnd() throws {
        try Self.withBuckets { store, _ in
            let summary =
                #"{"run_id": "run-1", "result_path": "r", "manifest": {"bucket": "out", "key": "m"}, "ranks": 1, "#
                + #""galaxies": 9, "failed": 0, "wall_s": 4.5, "billed_gb_s": 2.0, "cost_usd": 0.5}"#
            let combined =
                #"[{"total_cpu_time (seconds)": 1, "total_cpu_memory (MB)": 1, "throughput_bps": 1, "batch_size": 1, "#
                + #""num_samples": 9, "run_id": "run-1", "started": 1795000000, "finished": 1795000002, "#
                + #""request_id": "q", "log_group": "g"}]"#
            try Data(summary.utf8).write(to: URL(fileURLWithPath: store + "/out/r/summary.json"))
            try Data(combined.utf8).write(to: URL(fileURLWithPath: store + "/out/r/combined_data.json"))
            let asks = DispatchSemaphore(value: 0)
            let script: LoopbackServer.Script = { request, _ in
                let isLog = request.headers["x-amz-target"]?.hasSuffix(".FilterLogEvents") == true
                if isLog { asks.signal() }
                let state = #"{"status": "SUCCEEDED", "input": "{\"bucket\": \"out\", \"result_path\": \"r\"}"}"#
                return [.answer(200, Array((isLog ? #"{"events": []}"# : state).utf8))]
            }
            try LoopbackServer.run(script) { server in
                let words = ["launch", "--follow", Self.execution, "--store", "file://" + store]
                let process = try ChildProcess([Command.path] + words, environment: Self.environment(server))
                try process.wait(for: "a question after the log") { asks.wait(timeout: .now()) == .success }
                process.send(SIGINT)
                let ended = try process.end()
                #expect(ended.status == -SIGINT)
                let line = "the execution has ended; its summary: cai launch --follow \(Self.execution)\n"
                #expect(ended.errors.hasSuffix(line))
            }
        }
    }

    @Test("cai launch --dry-run prints ranks, time and cost, and sends requests to the store only")
    func dryRun() throws {
        try Self.withBuckets { store, payload in
            for rank in 1...3 {
                try Data(count: 20_528 * 500 * rank).write(to: URL(fileURLWithPath: "\(store)/data/p/\(rank).pt"))
            }
            let arguments = ["launch", payload, "--dry-run", "--memory", "1024", "--store", "file://" + store]
            let command = try Command.run(arguments + ["--worker-rate", "100"])
            #expect(command.status == 0)
            #expect(command.errors.isEmpty)
            #expect(command.output.contains("data      3 partitions, 61.6 MB in "))
            #expect(command.output.contains("galaxies  about 3,000, by 20,528 bytes each\n"))
            #expect(command.output.contains("3 ranks of 1 file, 10.3 MB to 30.8 MB: 6.0 s to 16.0 s\n"))
            #expect(command.output.contains("1024 MB, x86_64, 100 galaxies/s a worker, 1.0 s beside it\n"))
            #expect(command.output.contains("time      Map 16.0 s, workers together 33.0 s"))
            let json = try object(try Command.run(arguments + ["--worker-rate", "100", "--json"]).output)
            #expect(json["galaxies"] as? Int == 3000)
            #expect(
                (json["ranks"] as? [[String: Any]])?.compactMap { $0["bytes"] as? Int }
                    == [1, 2, 3].map { 20_528 * 500 * $0 })
            // 33 s of three workers, and 2.015 s of Initialize and Summarize at 1,769 MB; 14 transitions; list prices.
            let gigabyteSeconds = 33 + 2 * 1.008 * 1769 / 1024
            #expect(abs(try #require(json["gb_s"] as? Double) - gigabyteSeconds) < 1e-9)
            let prices = try text(of: Fixture.root + "/Sources/Costs/prices.json")
                .replacingOccurrences(of: "0.000025", with: "1")
            try Data(prices.utf8).write(to: URL(fileURLWithPath: store + "/prices.json"))
            let dear = try object(try Command.run(arguments + ["--json", "--prices", store + "/prices.json"]).output)
            #expect(dear["state_machine_usd"] as? Double == 14)
            #expect(json["architecture"] as? String == "x86_64")
            #expect(try names(in: store + "/out/r").isEmpty)
        }
    }

    @Test("cai launch follows an execution that exists under its name with the same input, and no other")
    func sameExecution() throws {
        try Self.withBuckets { store, payload in
            try Data(#"{"galaxies": 7, "ranks": 1, "failed": 0, "wall_s": 1}"#.utf8)
                .write(to: URL(fileURLWithPath: store + "/out/r/summary.json"))
            for (prefix, status) in [("p", Int32(0)), ("other", 1)] {
                // The start was lost, and the execution has ended since.
                let input =
                    #"{\"bucket\":\"out\",\"data_bucket\":\"data\",\"data_prefix\":\"\#(prefix)\",\"result_path\":\"r\"}"#
                let script: LoopbackServer.Script = { request, _ in
                    let isDescribed = request.headers["x-amz-target"]?.hasSuffix(".DescribeExecution") == true
                    return isDescribed
                        ? [.answer(200, Array(#"{"status": "SUCCEEDED", "input": "\#(input)"}"#.utf8))]
                        : [.answer(400, Array(#"{"__type": "ExecutionAlreadyExists"}"#.utf8))]
                }
                try LoopbackServer.run(script) { server in
                    let command = try Command.run(
                        [
                            "launch", payload, "--state-machine", Self.machine, "--name", "run-1", "--store",
                            "file://" + store,
                        ], environment: Self.environment(server))
                    #expect(command.status == status, "\(command.errors)")
                    let notice = "cai: notice: \(Self.execution) exists with this input, and is followed\n"
                    #expect(command.errors.contains(notice) == (status == 0))
                    #expect(command.errors.contains("ExecutionAlreadyExists") == (status == 1))
                }
            }
        }
    }

    @Test("An execution that exists under the name and cannot be seen may be the one asked for")
    func unseenExecution() throws {
        try Self.withBuckets { store, payload in
            let script: LoopbackServer.Script = { request, _ in
                let isStart = request.headers["x-amz-target"]?.hasSuffix(".StartExecution") == true
                let type = isStart ? "ExecutionAlreadyExists" : "AccessDeniedException"
                return [.answer(400, Array(#"{"__type": "\#(type)"}"#.utf8))]
            }
            try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    [
                        "launch", payload, "--state-machine", Self.machine, "--name", "run-1", "--store",
                        "file://" + store,
                    ],
                    environment: Self.environment(server))
                #expect(command.status == 3)
                #expect(command.errors.hasSuffix("follow it with: cai launch --follow \(Self.execution)\n"))
            }
        }
    }

    @Test("cai launch starts nothing that cannot work, except with --force")
    func refusal() throws {
        try Self.withBuckets { store, payload in
            try FileManager.default.removeItem(atPath: store + "/data/p/1.pt")
            let script = Self.script(["StartExecution": Self.started, "DescribeExecution": #"{"status": "FAILED"}"#])
            try LoopbackServer.run(script) { server in
                let words = ["launch", payload, "--state-machine", Self.machine, "--store", "file://" + store]
                let refused = try Command.run(words, environment: Self.environment(server))
                #expect(refused.status == 1)
                #expect(refused.errorLines.count == 1)
                #expect(refused.errors.contains("expected at least one partition"))
                #expect(refused.errors.hasSuffix("(nothing was started: --force starts it anyway)\n"))
                #expect(!server.requests.contains { $0.headers["x-amz-target"] != nil })
                let forced = try Command.run(words + ["--force"], environment: Self.environment(server))
                #expect(forced.errors.contains("cai: warning: "))
                #expect(forced.errors.contains("cai: started \(Self.execution)\n"))
            }
        }
    }

    @Test("cai launch plans as many workers at once as Initialize will, by the account's limit")
    func concurrency() throws {
        try Self.withBuckets { store, payload in
            let settings = #"{"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}}"#
            try LoopbackServer.run({ _, _ in [.answer(200, Array(settings.utf8))] }) { server in
                let words = ["launch", payload, "--dry-run", "--state-machine", Self.machine, "--json"]
                let plan = try Command.run(
                    words + ["--store", "file://" + store], environment: Self.environment(server))
                #expect(plan.status == 0, "\(plan.errors)")
                #expect(try object(plan.output)["concurrency"] as? Int == 720)
                #expect(server.requests.map(\.target) == ["/2016-08-19/account-settings/"])
            }
        }
    }

    @Test(
        "cai launch refuses invalid command lines",
        arguments: [
            (["--state-machine", "cai"], "--state-machine: expected arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"),
            ([], "--state-machine: expected an ARN, or --dry-run"),
            (["--follow", execution], "--follow: expected no payload.json with it"),
            (["--stop", execution], "--stop: expected no payload.json with it"),
            (["--dry-run", "--memory", "64"], "--memory: expected"),
            (["--dry-run", "--worker-rate", "0"], "--worker-rate: expected a number above 0"),
            (["--dry-run", "--name", "a b"], "--name: expected up to 80 letters"),
            (["--dry-run", "--name", "a"], "--name: --dry-run starts nothing"),
            (["--dry-run", "--force"], "--force: --dry-run starts nothing"),
        ])
    func usage(arguments: [String], message: String) throws {
        let command = try Command.run(["launch", "payload.json"] + arguments)
        #expect(command.status == 2)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(message))
    }

    @Test(
        "The progress line of a Map fits the terminal",
        arguments: [
            (80, "312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:49 left"),
            (58, "312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:49 left"),
            (57, "312 of 517 ranks, 205 running, 3 failed, 4.2/s"), (17, "312 of 517 ranks"), (16, ""),
        ])
    func mapLine(columns: Int, text: String) {
        let counts = MapRun.ItemCounts(running: 205, succeeded: 309, failed: 2, timedOut: 1, total: 517)
        #expect(MapLine.text(counts, rate: 4.2, columns: columns) == text)
    }

    @Test("The progress line has no rate before the first rank is done")
    func mapLineAtTheStart() {
        let counts = MapRun.ItemCounts(pending: 517, total: 517)
        #expect(MapLine.text(counts, rate: 0, columns: 80) == "0 of 517 ranks, 517 pending")
    }
}
