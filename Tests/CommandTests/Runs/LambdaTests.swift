import Foundation
import Synchronization
import TestSupport
import Testing

/// The program as Lambda starts it, with a runtime API whose responses are scripted by the test.
@Suite("The program as a Lambda function")
struct LambdaTests {
    /// An event as the service sends it.
    private static func event(_ id: String, _ body: String, headers: [String: String] = [:]) -> [LoopbackServer.Step] {
        let deadline = Int((Date().timeIntervalSince1970 + 60) * 1000)
        let own = ["Lambda-Runtime-Aws-Request-Id": id, "Lambda-Runtime-Deadline-Ms": String(deadline)]
        return [.answer(200, Array(body.utf8), headers: own.merging(headers) { $1 })]
    }

    /// Starts the program and waits until it ends.
    private static func run(
        handler: String, argument: String? = nil, server: LoopbackServer,
        whenStarted: (ChildProcess) throws -> Void = { _ in }
    ) throws -> ChildProcess.Ended {
        let environment = [
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(server.port)", "_HANDLER": handler, "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        ]
        let process = try ChildProcess(
            [Command.path] + (argument.map { [$0] } ?? []), environment: environment, within: Command.bound)
        try whenStarted(process)
        return try process.end()
    }

    @Test("A Lambda function reports an error, requests the next event, and exits with 0 on SIGTERM while it waits")
    func failuresThenTermination() throws {
        let waits = DispatchSemaphore(value: 0)
        let script: LoopbackServer.Script = { request, index in
            switch (request.method, index) {
            case ("GET", 0): return Self.event("first", "[]")
            case ("GET", 2): return Self.event("second", #"{"RANK": "x"}"#)
            case ("GET", _):
                waits.signal()
                return [.stall]
            default: return [.answer(202)]
            }
        }
        try LoopbackServer.run(script) { server in
            let ended = try Self.run(handler: "cai.worker", server: server) { process in
                try process.wait(for: "the third event asked for") { waits.wait(timeout: .now()) == .success }
                process.send(SIGTERM)
            }
            #expect(ended.status == 0)
            let base = "/2018-06-01/runtime/invocation/"
            #expect(
                server.requests.map(\.target) == [
                    base + "next", base + "first/error", base + "next", base + "second/error", base + "next",
                ])
            let first = try #require(server.requests.dropFirst().first)
            let report = try object(String(decoding: first.body, as: UTF8.self))
            #expect(report["errorType"] as? String == "Cai.Data")
            #expect(
                report["errorMessage"] as? String
                    == "the worker's event: expected an object, found an array of 0")
            #expect(first.headers["lambda-runtime-function-error-type"] == "Cai.Data")
            #expect(server.connectionCount == 1)
            let lines = ended.errors.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.hasPrefix("cai: cai.worker first: failed, ") == true)
        }
    }

    @Test("A Lambda function that gets SIGTERM while it handles an event responds to it and exits with 0")
    func terminationWhileBusy() throws {
        let started = Mutex<ChildProcess?>(nil)
        let isKnown = DispatchSemaphore(value: 0)
        let script: LoopbackServer.Script = { request, _ in
            guard request.method == "POST" else { return Self.event("only", "[]") }
            // The loop is busy until its response is accepted.
            guard isKnown.wait(timeout: .now() + 60) == .success, let process = started.withLock({ $0 }) else {
                return [.answer(500)]
            }
            process.send(SIGTERM)
            // A separate thread receives the signal, and waits for the next one.
            let isTaken =
                (try? process.wait(for: "a signal that is taken") { !process.isPending(SIGTERM) && process.isIdle })
                != nil
            return [.answer(isTaken ? 202 : 500)]
        }
        try LoopbackServer.run(script) { server in
            let ended = try Self.run(handler: "cai.summarize", server: server) { process in
                started.withLock { $0 = process }
                isKnown.signal()
            }
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(server.requests.map(\.method) == ["GET", "POST"])
        }
    }

    @Test("An unknown Lambda handler is an initialization error", arguments: ["", "index.handler"])
    func unknownHandler(name: String) throws {
        try LoopbackServer.run({ _, _ in [.answer(202)] }) { server in
            let ended = try Self.run(handler: name, server: server)
            #expect(ended.status == 1)
            #expect(server.requests.map(\.target) == ["/2018-06-01/runtime/init/error"])
            let report = try object(String(decoding: try #require(server.requests.first).body, as: UTF8.self))
            #expect(report["errorType"] as? String == "Cai.Init")
            let line = "_HANDLER: expected cai.initialize, cai.worker, cai.summarize, found '\(name)'"
            #expect(report["errorMessage"] as? String == line)
            #expect(ended.errors == "cai: error: \(line)\n")
        }
    }

    @Test(
        "The Lambda handler may be an argument, such as the command of an image",
        arguments: ["", "/var/runtime/bootstrap"])
    func handlerAsArgument(variable: String) throws {
        let script: LoopbackServer.Script = { request, index in
            switch (request.method, index) {
            case ("GET", 0): Self.event("first", "[]")
            case ("GET", _): [.answer(500)]
            default: [.answer(202)]
            }
        }
        try LoopbackServer.run(script) { server in
            let ended = try Self.run(handler: variable, argument: "cai.initialize", server: server)
            #expect(ended.errors.hasPrefix("cai: cai.initialize first: failed, "))
        }
    }

    @Test("A runtime API that closes the connection ends the Lambda function with 1 and one line")
    func serviceGone() throws {
        try LoopbackServer.run({ _, _ in [.answer(500, Array("gone".utf8))] }) { server in
            let ended = try Self.run(handler: "cai.worker", server: server)
            #expect(ended.status == 1)
            #expect(ended.errors.contains("/runtime/invocation/next: status 500, gone\n"))
            #expect(ended.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("A program named bootstrap runs a command line that it is given, as in AWS Batch")
    func namedAndGivenACommand() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/bootstrap"
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: Command.path)
            let ended = try ChildProcess([path, "infer", "none.pt"], environment: [:]).end()
            #expect(ended.status == 1)
            #expect(ended.errors == "cai: error: none.pt: no such file or folder\n")
        }
    }

    @Test("A program named bootstrap is a Lambda function in any folder")
    func named() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/bootstrap"
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: Command.path)
            let ended = try ChildProcess([path], environment: [:]).end()
            #expect(ended.status == 1)
            #expect(
                ended.errors.contains(
                    "AWS_LAMBDA_RUNTIME_API: expected the host and port of Lambda's runtime, found nothing"))
        }
    }
}
