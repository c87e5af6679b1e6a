import Foundation
import TestSupport
import Testing

/// What `cai launch` plans and refuses before an execution starts.
@Suite("Planning a fan-out")
struct LaunchPlanTests {
    private typealias Script = LaunchScript

    @Test("cai launch --dry-run prints ranks, time and cost, and sends requests to the store only")
    func dryRun() throws {
        try Script.withBuckets { store, payload in
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
            #expect(command.output.contains("1024 MB, x86_64, 100 galaxies/s a worker, 1.0 s of overhead\n"))
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

    @Test("cai launch starts nothing that cannot work, except with --force")
    func refusal() throws {
        try Script.withBuckets { store, payload in
            try FileManager.default.removeItem(atPath: store + "/data/p/1.pt")
            let script = Script.script([
                "StartExecution": Script.started, "DescribeExecution": #"{"status": "FAILED"}"#,
            ])
            try LoopbackServer.run(script) { server in
                let words = ["launch", payload, "--state-machine", Script.machine, "--store", "file://" + store]
                let refused = try Command.run(words, environment: Script.environment(server))
                #expect(refused.status == 1)
                #expect(refused.errorLines.count == 1)
                #expect(refused.errors.contains("expected at least one partition"))
                #expect(refused.errors.hasSuffix("(nothing was started: --force starts it anyway)\n"))
                #expect(!server.requests.contains { $0.headers["x-amz-target"] != nil })
                let forced = try Command.run(words + ["--force"], environment: Script.environment(server))
                #expect(forced.errors.contains("cai: warning: "))
                #expect(forced.errors.contains("cai: started \(Script.execution)\n"))
            }
        }
    }

    @Test("cai launch plans as many workers at once as Initialize will, by the account's limit")
    func concurrency() throws {
        try Script.withBuckets { store, payload in
            let settings = #"{"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}}"#
            try LoopbackServer.run({ _, _ in [.answer(200, Array(settings.utf8))] }) { server in
                let words = ["launch", payload, "--dry-run", "--state-machine", Script.machine, "--json"]
                let plan = try Command.run(
                    words + ["--store", "file://" + store], environment: Script.environment(server))
                #expect(plan.status == 0, "\(plan.errors)")
                #expect(try object(plan.output)["concurrency"] as? Int == 720)
                #expect(server.requests.map(\.target) == ["/2016-08-19/account-settings/"])
            }
        }
    }
}
