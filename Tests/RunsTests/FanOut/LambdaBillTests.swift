import Cloud
import Costs
import Foundation
import Testing

@testable import Platform
@testable import Runs

@Suite("The cost of a run by Lambda's log")
struct LambdaBillTests {
    private static let group = "/aws/lambda/cai-worker"

    /// As Lambda writes it, with the tab at the end.
    private static func line(_ id: String, billed: Int, memory: Int = 2048, start: Double? = nil) -> String {
        "REPORT RequestId: \(id)\tDuration: \(Double(billed) - 0.41) ms\tBilled Duration: \(billed) ms\t"
            + "Memory Size: \(memory) MB\tMax Memory Used: 103 MB\t" + (start.map { "Init Duration: \($0) ms\t" } ?? "")
            + "\n"
    }

    @Test("The fields of a report are read in any order, and other lines are not reports")
    func report() throws {
        let report = try #require(LambdaReport(Self.line("a-1", billed: 1500, start: 250.5)))
        #expect(report.requestID == "a-1" && report.billed == 1.5 && report.memory == 2048)
        #expect(abs(report.start - 0.2505) < 1e-12)
        let emulated =
            "REPORT RequestId: b\tInit Duration: 0.1 ms\tDuration: 9 ms\tBilled Duration: 10 ms\t"
            + "Memory Size: 3008 MB\t"
        #expect(LambdaReport(emulated)?.billed == 0.01)
        for line in [
            "", "END RequestId: a-1", "REPORT RequestId: a-1",
            "REPORT RequestId: a\tBilled Duration: x ms\tMemory Size: 1 MB",
            "REPORT RequestId: a\tBilled Duration: -1 ms\tMemory Size: 1 MB",
            "REPORT RequestId: a\tBilled Duration: 1 ms\tMemory Size: 1e99 MB", "cai: REPORT RequestId: a",
        ] { #expect(LambdaReport(line) == nil, "\(line)") }
    }

    /// A run on Lambda of three ranks, of which the first failed once before.
    private static func run(_ buckets: Buckets) throws -> RunReport {
        let environment = Buckets.environment(buckets.root).merging([
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048", "AWS_LAMBDA_LOG_GROUP_NAME": group,
        ]) { $1 }
        let handlers = FanOutHandlers(store: buckets.store, environment: environment, threads: 2)
        let begun = try buckets.initialize()
        let item = try JSONFile.encoded(begun.items[0].json)
        for id in ["failed-1", "failed-2"] {
            _ = try? handlers.handle(
                .worker, event: item, deadline: Date().timeIntervalSince1970 - 1, requestID: id)
        }
        for (rank, item) in begun.items.enumerated() {
            _ = try handlers.handle(
                .worker, event: try JSONFile.encoded(item.json), deadline: nil, requestID: "rank-\(rank)")
        }
        return try buckets.summarize(begun)
    }

    private static func bill(
        _ report: RunReport, _ buckets: Buckets, pauses: inout Int, _ pages: [[String]]
    ) throws -> LambdaBill {
        var asked = 0
        var waited = 0
        defer { pauses = waited }
        let results = try RankResult.read(try buckets.bytes("run/combined_data.json"), name: "combined")
        return try LambdaBill(of: report, in: buckets.store, prices: .published, pause: { waited += 1 }) {
            (name, period, pattern, body) throws(Failure) in
            #expect(name == group && pattern == "\"REPORT RequestId\"")
            #expect(
                results.allSatisfy { period.contains($0.started ?? 0) && period.contains($0.finished ?? 0) })
            pages[min(asked, pages.count - 1)].forEach(body)
            asked += 1
        }
    }

    @Test("Only invocations of the run are billed, with those that failed, by Lambda's time and memory")
    func bill() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try Self.run(buckets)
            var pauses = 0
            let lines = [
                Self.line("rank-0", billed: 1000, start: 300), Self.line("of-another-run", billed: 100_000),
                Self.line("rank-1", billed: 500), Self.line("failed-1", billed: 200), "START RequestId: rank-2",
                Self.line("failed-2", billed: 300), Self.line("rank-1", billed: 500),
            ]
            // The last line is not in the log at once.
            let all = lines + [Self.line("rank-2", billed: 2000)]
            let bill = try Self.bill(report, buckets, pauses: &pauses, [lines, all])
            #expect(pauses == 1)
            #expect(bill.requests == 5)
            #expect(abs(bill.gigabyteSeconds - 4.0 * 2) < 1e-9)
            #expect(abs(bill.startSeconds - 0.3) < 1e-12)
            #expect(abs(bill.cost - (8 * PriceList.published.firstTier(on: .x86) + 7 * 2e-7)) < 1e-12)
        }
    }

    @Test("Without all lines, or with results of another run, there is no bill")
    func incomplete() throws {
        try Buckets.with(threePartitions) { buckets in
            var report = try Self.run(buckets)
            var pauses = 0
            let lines = [Self.line("rank-0", billed: 1000), Self.line("rank-1", billed: 500)]
            let error = #expect(throws: Failure.self) {
                try Self.bill(report, buckets, pauses: &pauses, [lines])
            }
            #expect(error?.message == "the log has no report of some of the run's 5 invocations")
            #expect(pauses == 5)
            // An attempt that failed is billed, too.
            let results = (0..<3).map { Self.line("rank-\($0)", billed: 1) }
            #expect(throws: Failure.self) {
                try Self.bill(report, buckets, pauses: &pauses, [results + [Self.line("failed-1", billed: 1)]])
            }
            #expect(pauses == 5)
            report.runID = "another"
            #expect(throws: Failure.self) { try Self.bill(report, buckets, pauses: &pauses, [lines]) }
            #expect(pauses == 0)
        }
    }

    @Test("Files of failed attempts that are damaged, or of earlier versions, are errors or do not stop the bill")
    func failures() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try Self.run(buckets)
            let key = "run/\(report.runID)/errors/0.json"
            let lines = (0..<3).map { Self.line("rank-\($0)", billed: 1000) } + [Self.line("failed-1", billed: 1000)]
            let common = #""rank": 0, "kind": "input", "message": "m", "time": 1, "log_group": "\#(Self.group)""#
            var pauses = 0
            try buckets.store.put(
                bucket: "results", key: key,
                Array(#"{\#(common), "attempt": -5, "request_ids": ["failed-1"]}"#.utf8))
            #expect(try Self.bill(report, buckets, pauses: &pauses, [lines]).requests == 4)
            for broken in [#"{\#(common), "attempt": 1}"#, "{"] {
                try buckets.store.put(bucket: "results", key: key, Array(broken.utf8))
                #expect(throws: Failure.self) { try Self.bill(report, buckets, pauses: &pauses, [lines]) }
            }
        }
    }

    @Test("Results of machines and of earlier versions name no invocation")
    func elsewhere() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run()
            let result = try buckets.json("run/0.json")
            #expect(result["request_id"] == nil && result["log_group"] == nil)
            var pauses = 0
            let error = #expect(throws: Failure.self) { try Self.bill(report, buckets, pauses: &pauses, [[]]) }
            #expect(error?.message.contains("expected each rank's request_id and log_group") == true)
        }
    }
}
