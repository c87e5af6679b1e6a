import Foundation
import TestSupport
import Testing

/// `cai launch` with a Step Functions whose responses are scripted by the test.
@Suite("Launching a fan-out")
struct LaunchTests {
    private typealias Script = LaunchScript

    @Test("cai launch starts an execution once with its input, and prints its summary", arguments: [false, true])
    func success(json: Bool) throws {
        try Script.withBuckets { store, payload in
            let summary = #"{"galaxies": 1280, "ranks": 12, "failed": 1, "wall_s": 4.5, "cost_usd": 0.001234}"#
            try Data(summary.utf8).write(to: URL(fileURLWithPath: store + "/out/r/summary.json"))
            let script = Script.script([
                "StartExecution": Script.started, "DescribeExecution": #"{"status": "SUCCEEDED"}"#,
            ])
            try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    [
                        "launch", payload, "--state-machine", Script.machine, "--name", "run-1", "--store",
                        "file://" + store,
                    ] + (json ? ["--json"] : []), environment: Script.environment(server))
                #expect(command.status == 0)
                #expect(command.errorLines.first?.contains("1 partition, 10.3 MB in ") == true)
                let plan = "about 500 galaxies by 1 rank, 1 at once (at most 500: the default)"
                #expect(command.errorLines.first?.contains(plan) == true)
                #expect(command.errors.contains("cai: started \(Script.execution)\n"))
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
                #expect(asked["stateMachineArn"] as? String == Script.machine)
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
        try Script.withBuckets { store, payload in
            let script = Script.script(["StartExecution": Script.started, "DescribeExecution": description])
            try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    ["launch", payload, "--state-machine", Script.machine, "--quiet", "--store", "file://" + store],
                    environment: Script.environment(server))
                #expect(command.status == 1)
                #expect(command.errors == "cai: error: \(Script.execution): \(line)\n")
            }
        }
    }

    @Test("cai launch reports a refusal of the service in one line without credentials")
    func refused() throws {
        try Script.withBuckets { store, payload in
            let quoted = #"{"__type": "UnrecognizedClientException", "message": "AKIDEXAMPLE is nobody"}"#
            try LoopbackServer.run({ _, _ in [.answer(400, Array(quoted.utf8))] }) { server in
                let command = try Command.run(
                    ["launch", payload, "--state-machine", Script.machine, "--store", "file://" + store],
                    environment: Script.environment(server))
                #expect(command.status == 1)
                #expect(
                    command.errors.hasSuffix(
                        "\ncai: error: \(Script.machine): StartExecution: UnrecognizedClientException: "
                            + "(hidden) is nobody; credentials from the environment\n"))
            }
        }
    }

    @Test("cai launch that is interrupted reports that the execution continues, and ends by the signal")
    func interrupted() throws {
        try Script.withBuckets { store, payload in
            let watches = DispatchSemaphore(value: 0)
            let script: LoopbackServer.Script = { request, _ in
                let isStart = request.headers["x-amz-target"]?.hasSuffix(".StartExecution") == true
                if request.headers["x-amz-target"]?.hasSuffix(".DescribeExecution") == true { watches.signal() }
                return [.answer(200, Array((isStart ? Script.started : #"{"status": "RUNNING"}"#).utf8))]
            }
            try LoopbackServer.run(script) { server in
                let words = ["launch", payload, "--state-machine", Script.machine, "--store", "file://" + store]
                let process = try ChildProcess([Command.path] + words, environment: Script.environment(server))
                try process.wait(for: "a question after the execution") { watches.wait(timeout: .now()) == .success }
                process.send(SIGINT)
                let ended = try process.end()
                #expect(ended.status == -SIGINT)
                let reported = String(ended.errors.drop { $0 != "\n" }.dropFirst())
                let expected = """
                    cai: started \(Script.execution)
                    cai: error: interrupted (SIGINT): the execution continues; follow it with: \
                    cai launch --follow \(Script.execution)

                    """
                #expect(reported == expected)
            }
        }
    }

    @Test("cai launch that is interrupted while it asks for the cost reports that the execution has ended")
    func interruptedAtTheEnd() throws {
        try Script.withBuckets { store, _ in
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
                let words = ["launch", "--follow", Script.execution, "--store", "file://" + store]
                let process = try ChildProcess([Command.path] + words, environment: Script.environment(server))
                try process.wait(for: "a question after the log") { asks.wait(timeout: .now()) == .success }
                process.send(SIGINT)
                let ended = try process.end()
                #expect(ended.status == -SIGINT)
                let line = "the execution has ended; its summary: cai launch --follow \(Script.execution)\n"
                #expect(ended.errors.hasSuffix(line))
            }
        }
    }

    @Test("cai launch follows an execution that exists under its name with the same input, and no other")
    func sameExecution() throws {
        try Script.withBuckets { store, payload in
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
                            "launch", payload, "--state-machine", Script.machine, "--name", "run-1", "--store",
                            "file://" + store,
                        ], environment: Script.environment(server))
                    #expect(command.status == status, "\(command.errors)")
                    let notice = "cai: notice: \(Script.execution) exists with this input, and is followed\n"
                    #expect(command.errors.contains(notice) == (status == 0))
                    #expect(command.errors.contains("ExecutionAlreadyExists") == (status == 1))
                }
            }
        }
    }

    @Test("An execution that exists under the name and cannot be seen may be the one asked for")
    func unseenExecution() throws {
        try Script.withBuckets { store, payload in
            let script: LoopbackServer.Script = { request, _ in
                let isStart = request.headers["x-amz-target"]?.hasSuffix(".StartExecution") == true
                let type = isStart ? "ExecutionAlreadyExists" : "AccessDeniedException"
                return [.answer(400, Array(#"{"__type": "\#(type)"}"#.utf8))]
            }
            try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    [
                        "launch", payload, "--state-machine", Script.machine, "--name", "run-1", "--store",
                        "file://" + store,
                    ],
                    environment: Script.environment(server))
                #expect(command.status == 3)
                #expect(command.errors.hasSuffix("follow it with: cai launch --follow \(Script.execution)\n"))
            }
        }
    }

    @Test(
        "cai launch refuses invalid command lines",
        arguments: [
            (["--state-machine", "cai"], "--state-machine: expected arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"),
            ([], "--state-machine: expected an ARN, or --dry-run"),
            (["--follow", Script.execution], "--follow: expected no payload.json with it"),
            (["--stop", Script.execution], "--stop: expected no payload.json with it"),
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
}
