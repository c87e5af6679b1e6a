import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Commands
@testable import Platform

/// `cai launch` and executions that exist, with a Step Functions whose responses are scripted by the test.
@Suite("Following and stopping executions")
struct FollowTests {
    private static let machine = LaunchScript.machine
    private static let execution = LaunchScript.execution
    private static let input = #"{\"bucket\": \"out\", \"result_path\": \"r\", \"data_bucket\": \"data\"}"#

    /// What DescribeExecution answers.
    private static func state(_ status: String, output: String? = nil) -> String {
        let output = output.map { #", "output": "\#($0.replacingOccurrences(of: "\"", with: #"\""#))""# } ?? ""
        return #"{"status": "\#(status)", "input": "\#(input)"\#(output)}"#
    }

    private static func summary(_ run: String, galaxies: Int, seconds: Double = 4.5) -> String {
        #"{"run_id": "\#(run)", "galaxies": \#(galaxies), "ranks": 12, "failed": 0, "wall_s": \#(seconds)}"#
    }

    /// Runs `cai launch` with a folder of buckets whose summary is given, and a service that gives each answer to an action
    /// once and the last one for ever. An empty answer is a connection that is reset.
    private static func launch(
        _ arguments: [String], summary: String? = nil, combined: String? = nil, _ answers: [String: [String]],
        environment: [String: String] = [:]
    ) throws -> (command: Command, actions: [String]) {
        try Fixture.withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/out/r", withIntermediateDirectories: true)
            if let summary { try Data(summary.utf8).write(to: URL(fileURLWithPath: folder + "/out/r/summary.json")) }
            if let combined {
                try Data(combined.utf8).write(to: URL(fileURLWithPath: folder + "/out/r/combined_data.json"))
            }
            let left = Mutex(answers)
            let script: LoopbackServer.Script = { request, _ in
                let action = request.headers["x-amz-target"]?.split(separator: ".").last.map(String.init) ?? ""
                let body = left.withLock { left in
                    (left[action]?.count ?? 0) > 1 ? left[action]?.removeFirst() : left[action]?.first
                }
                guard let body else { return [.answer(400, Array(#"{"__type": "ExecutionDoesNotExist"}"#.utf8))] }
                guard !body.isEmpty else { return [.reset] }
                return [.answer(body.contains("__type") ? 400 : 200, Array(body.utf8))]
            }
            return try LoopbackServer.run(script) { server in
                let command = try Command.run(
                    ["launch", "--store", "file://" + folder] + arguments,
                    environment: LaunchScript.environment(server).merging(environment) { $1 })
                let actions = server.requests.compactMap { request in
                    request.headers["x-amz-target"].flatMap { $0.split(separator: ".").last.map(String.init) }
                }
                return (command, actions)
            }
        }
    }

    @Test(
        "An execution that runs is followed to its end, by its ARN or its name, and one that has ended is summarized",
        arguments: [[execution], ["run-1", "--state-machine", machine], [execution, "--json"]],
        [["RUNNING", "RUNNING", "SUCCEEDED"], ["SUCCEEDED"]])
    func follow(arguments: [String], states: [String]) throws {
        let answers = ["DescribeExecution": states.map { Self.state($0) }]
        let (command, actions) = try Self.launch(
            ["--follow"] + arguments, summary: Self.summary("run-1", galaxies: 1280), answers)
        #expect(command.status == 0, "\(command.errors)")
        #expect(command.errors.contains("1,280 galaxies by 12 ranks in 4.50 s"))
        #expect(actions.count { $0 == "DescribeExecution" } == states.count)
        if arguments.contains("--json") { #expect(try object(command.output)["galaxies"] as? Int == 1280) }
    }

    @Test("The summary of an execution is its own, though another one has written to its result_path since")
    func summaryOfAnother() throws {
        let output = Self.summary("run-1", galaxies: 7)
        let answers = ["DescribeExecution": [Self.state("SUCCEEDED", output: output)]]
        for other in [Self.summary("run-2", galaxies: 8), Self.summary("run-1", galaxies: 8, seconds: 9)] {
            let (command, _) = try Self.launch(["--follow", Self.execution, "--json"], summary: other, answers)
            #expect(command.status == 0)
            #expect(try object(command.output)["galaxies"] as? Int == 7)
            #expect(command.errors.contains("summary.json is now of another execution"))
        }
        let (same, _) = try Self.launch(["--follow", Self.execution, "--json"], summary: output, answers)
        #expect(same.errors.contains("summary.json and beside it"))
    }

    @Test("The cost is Lambda's own where its log can be read, and says so; else it is estimated")
    func bill() throws {
        let summary = """
            {"run_id": "run-1", "manifest": {"bucket": "out", "key": "r/manifest.json"}, "result_path": "r",
             "galaxies": 9, "ranks": 1, "failed": 0, "wall_s": 4.5, "billed_gb_s": 2.0, "cost_usd": 0.5}
            """
        let combined = """
            [{"total_cpu_time (seconds)": 1, "total_cpu_memory (MB)": 1, "throughput_bps": 1, "batch_size": 1,
              "num_samples": 9, "run_id": "run-1", "started": 1795000000, "finished": 1795000002,
              "request_id": "q", "log_group": "/aws/lambda/w"}]
            """
        let report = #"REPORT RequestId: q\tBilled Duration: 1500 ms\tMemory Size: 2048 MB\tInit Duration: 100 ms\t"#
        var answers = ["DescribeExecution": [Self.state("SUCCEEDED")]]
        let (estimated, _) = try Self.launch(
            ["--follow", Self.execution, "--json"], summary: summary, combined: combined, answers)
        #expect(estimated.errors.contains("estimated: 2.0 GB-s, $0.5000, by the workers' clocks"))
        #expect(try object(estimated.output)["cost_source"] as? String == "estimate")
        answers["FilterLogEvents"] = [#"{"events": [{"message": "\#(report)"}]}"#]
        let (billed, _) = try Self.launch(
            ["--follow", Self.execution, "--json"], summary: summary, combined: combined, answers)
        #expect(billed.errors.contains("billed by Lambda: 3.0 GB-s of 1 request, with 0.1 s of starts, $0.0001\n"))
        let json = try object(billed.output)
        #expect(json["cost_source"] as? String == "lambda")
        #expect(json["billed_gb_s"] as? Double == 3)
        #expect(json["billed_requests"] as? Int == 1)
        let cost = try #require(json["cost_usd"] as? Double)
        let expected: Double = 3 * 0.0000166667 + 3 * 2e-7
        #expect(abs(cost - expected) < 1e-12)

        // The execution has succeeded, and another one has resumed its run since: the results are no longer its own.
        let own = #"{"run_id": "run-1", "ranks": 1, "failed": 0, "wall_s": 3, "billed_gb_s": 1.0, "cost_usd": 0.25}"#
        answers["DescribeExecution"] = [Self.state("SUCCEEDED", output: own)]
        let (resumed, _) = try Self.launch(
            ["--follow", Self.execution, "--json"], summary: summary, combined: combined, answers)
        #expect(resumed.errors.contains("estimated: 1.0 GB-s, $0.2500"))
        #expect(try object(resumed.output)["cost_usd"] as? Double == 0.25)
    }

    @Test("A failed execution that is followed exits with 1, and one that does not exist, too")
    func failed() throws {
        let failed = #"{"status": "FAILED", "error": "Cai.Incomplete", "cause": "1 of 2 ranks failed"}"#
        let (command, _) = try Self.launch(["--follow", Self.execution], ["DescribeExecution": [failed]])
        #expect(command.status == 1)
        #expect(command.errors == "cai: error: \(Self.execution): FAILED: Cai.Incomplete: 1 of 2 ranks failed\n")
        let invalid = #"{"status": "FAILED", "error": "Cai.Data", "cause": "bucket: expected a name", "input": "{}"}"#
        let (refused, _) = try Self.launch(["--follow", Self.execution], ["DescribeExecution": [invalid]])
        #expect(refused.errors == "cai: error: \(Self.execution): FAILED: Cai.Data: bucket: expected a name\n")
        let (missing, _) = try Self.launch(["--follow", Self.execution], [:])
        #expect(missing.status == 1 && missing.errors.contains("ExecutionDoesNotExist"))
    }

    @Test("Following survives a service that is away, and reports that once")
    func outage() throws {
        let running = Self.state("RUNNING")
        let busy = #"{"__type": "ThrottlingException"}"#
        let answers = [running, "", "", "", "", busy, running, Self.state("SUCCEEDED")]
        let (command, actions) = try Self.launch(
            ["--follow", Self.execution], summary: Self.summary("run-1", galaxies: 9),
            ["DescribeExecution": answers], environment: ["AWS_MAX_ATTEMPTS": "1"])
        #expect(command.status == 0, "\(command.errors)")
        #expect(actions.count >= answers.count)
        let lines = command.errorLines
        #expect(lines.count { $0.hasPrefix("cai: warning: no answer from Step Functions (") } == 1)
        #expect(lines.count { $0 == "cai: Step Functions answers again" } == 1)
    }

    @Test("A service that never answers is exit status 3 and names how to follow the execution")
    func unknown() throws {
        let advice = "follow it with: cai launch --follow \(Self.execution)\n"
        let once = ["AWS_MAX_ATTEMPTS": "1"]
        let (followed, _) = try Self.launch(
            ["--follow", Self.execution], ["DescribeExecution": [""]], environment: once)
        #expect(followed.status == 3)
        #expect(followed.errors.hasSuffix(": the execution may continue; " + advice))
        let (stopped, _) = try Self.launch(
            ["--stop", Self.execution], ["DescribeExecution": [Self.state("RUNNING")], "StopExecution": [""]],
            environment: once)
        #expect(stopped.status == 3 && stopped.errors.hasSuffix(advice))
    }

    @Test("Waiting that loses sight of a started execution is exit status 3, with its ARN")
    func lost() throws {
        var retries = RetryPolicy()
        retries.sleep = { _ in }
        let configuration = AWSConfiguration(
            region: "eu-west-1", credentials: AWSCredentials(accessKey: "A", secretKey: "s", sessionToken: nil))
        struct Away: HTTPTransport {
            func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse {
                throw Failure(.unavailable, "states", "no connection")
            }
        }
        let client = try StepFunctionsClient(configuration, transport: Away(), retries: retries)
        let arn = try #require(ExecutionARN(Self.execution))
        let error = #expect(throws: Failure.self) { try Launch(client: client, isQuiet: true).follow(arn) }
        #expect(error?.kind == .unknown)
        #expect(error?.description.hasSuffix("follow it with: cai launch --follow \(Self.execution)") == true)
    }

    @Test("Stopping reports what happens, and that an execution had ended already")
    func stop() throws {
        let states = ["RUNNING", "ABORTED"].map { Self.state($0) }
        let (stopped, actions) = try Self.launch(
            ["--stop", "run-1", "--state-machine", Self.machine],
            ["DescribeExecution": states, "StopExecution": [#"{"stopDate": 1}"#]])
        #expect(stopped.status == 0)
        #expect(stopped.errors.hasPrefix("cai: stopped \(Self.execution): no rank starts any more"))
        #expect(actions == ["DescribeExecution", "StopExecution", "DescribeExecution"])
        for status in ["SUCCEEDED", "FAILED", "ABORTED"] {
            let (ended, actions) = try Self.launch(
                ["--stop", Self.execution], ["DescribeExecution": [Self.state(status)]])
            #expect(ended.status == 0)
            #expect(ended.errors == "cai: \(Self.execution) had ended already: \(status)\n")
            #expect(actions == ["DescribeExecution"])
        }
    }

    @Test("A stop that is refused is exit status 1: the execution is certainly not stopped by it")
    func refusedStop() throws {
        let (refused, _) = try Self.launch(
            ["--stop", Self.execution],
            [
                "DescribeExecution": [Self.state("RUNNING")],
                "StopExecution": [#"{"__type": "AccessDeniedException"}"#],
            ])
        #expect(refused.status == 1)
        #expect(refused.errors.hasSuffix(": the execution is not stopped\n"))
    }

    @Test(
        "Following and stopping refuse invalid command lines",
        arguments: [
            (["--follow", "run-1"], "--follow: expected the ARN of an execution, or its name and --state-machine"),
            (["--follow", machine], "--follow: expected the ARN of an execution"),
            (["--stop", execution.replacingOccurrences(of: "cai:", with: "cai/Workers:")], "--stop: expected the ARN"),
            (["--follow", "a b", "--state-machine", machine], "--follow: expected the ARN or the name"),
            (["--follow", execution, "--state-machine", machine + "2"], "--follow: expected an execution of"),
            (["--follow", execution, "--stop", execution], "--follow: expected no --stop with it"),
            (["--follow", execution, "--dry-run"], "--follow: expected no --dry-run with it"),
            (["--stop", execution, "--name", "a"], "--stop: expected no --name with it"),
            (["--stop", execution, "--json"], "--stop: expected no --json with it"),
            ([], "expected payload.json, --follow or --stop"),
        ])
    func usage(arguments: [String], message: String) throws {
        let command = try Command.run(["launch"] + arguments)
        #expect(command.status == 2)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(message))
    }
}
