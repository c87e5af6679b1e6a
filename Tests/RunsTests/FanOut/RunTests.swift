import Cloud
import Foundation
import Inference
import AstroMAE
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("A run from end to end")
struct RunTests {
    /// The output of `cai infer` for the folder `p` of the bucket `data`.
    private func inferred(_ buckets: Buckets, folders: [String]) throws -> [UInt8] {
        let model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")))
        let files = try InputList.expand(folders.map { "\(buckets.root)/data/\($0)" })
        let partitions = try files.map { try PartitionReader($0, for: model) }
        let predictions = try BatchRunner(model: model, threads: 1).run(partitions)
        let path = buckets.root + "/inferred.csv"
        try PredictionWriter.write(predictions, to: path, format: .csv)
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test("A run's predictions equal those of cai infer byte for byte", arguments: [1, 2, 3, 5])
    func bitEquality(ranks: Int) throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run(["ranks": .integer(ranks)])
            #expect(report.galaxies == 37)
            #expect(report.failed.isEmpty)
            #expect(try buckets.bytes("run/predictions.csv") == inferred(buckets, folders: ["p"]))
        }
    }

    @Test("Partitions of the same name keep distinct labels on any rank", arguments: [1, 2, 3])
    func labels(ranks: Int) throws {
        try Buckets.with(["p/a/1.pt": 0..<5, "p/a/2.pt": 5..<7, "p/b/1.pt": 7..<9]) { buckets in
            let report = try buckets.run(["ranks": .integer(ranks)])
            #expect(report.galaxies == 9)
            #expect(try buckets.bytes("run/predictions.csv") == inferred(buckets, folders: ["p/a", "p/b"]))
            let text = String(decoding: try buckets.bytes("run/predictions.csv"), as: UTF8.self)
            #expect(text.contains("\na/1:0,1.pt,0,"))
            #expect(text.contains("\n2:0,2.pt,0,"))
            #expect(text.contains("\nb/1:0,1.pt,0,"))
        }
    }

    @Test("combined_data.json is the ranks' results in one flat array, by rank")
    func combined() throws {
        try Buckets.with(threePartitions) { buckets in
            _ = try buckets.run(["ranks": .integer(4)])
            let results = try (0..<4).map { try buckets.json("run/@/\($0).json") }
            #expect(try buckets.json("run/combined_data.json") == .array(results))
        }
    }

    @Test("The summary has galaxies, times, rates, bytes and quality, and no bill for a local run")
    func summary() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run()
            let summary = try buckets.json("run/summary.json")
            #expect(summary["galaxies"] == .integer(37))
            #expect(summary["failed_ranks"] == .array([]))
            for key in ["wall_s", "map_s", "worker_s", "inference_s", "s3_s", "galaxies_per_s", "bytes_read"] {
                #expect(try #require(summary[key]?.number) > 0, "\(key)")
            }
            #expect(summary["weights"] == .array([.string(Fixture.path("tiny/normalcell.pt"))]))
            #expect(summary["instruction_sets"]?.array.count == 1)
            #expect(summary["cost_usd"] == .null)
            #expect(summary["billed_gb_s"] == .null)
            #expect(summary["quality"]?["galaxies"] == .integer(37))
            #expect(summary["quality"]?["reference"]?["MAE"]?.number == report.quality?.reference.meanAbsoluteError)
            #expect(summary["predictions"] == S3Location(bucket: "results", key: "run/predictions.csv").json)
        }
    }

    @Test("The bill on Lambda is configured memory x time, and the invocations")
    func bill() throws {
        try Buckets.with(threePartitions) { buckets in
            let environment = Buckets.environment(buckets.root)
                .merging(["AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048"]) { $1 }
            let handlers = FanOutHandlers(store: buckets.store, environment: environment, threads: 1)
            let begun = try buckets.initialize()
            var seconds = 0.0
            for item in begun.items {
                seconds += (try #require(try handlers.worker.run(item).totalSeconds) * 1000).rounded(.up) / 1000
            }
            let report = try handlers.summarize.run(SummarizeEvent(manifest: begun.manifest.place))
            let billed = try #require(report.billedGigabyteSeconds)
            #expect(abs(billed - 2 * seconds) < 1e-9)
            let price = RankResult.architecture == "arm64" ? 0.0000133334 : 0.0000166667
            #expect(abs(try #require(report.cost) - (billed * price + 5 * 0.0000002)) < 1e-12)
        }
    }

    @Test("Two simultaneous runs with different result paths are independent")
    func twoRuns() throws {
        try Buckets.with(threePartitions) { buckets in
            let inputs: [[String: JSONValue]] = [
                ["ranks": .integer(2)], ["result_path": .string("other"), "file_limit": .integer(2)],
            ]
            try ParallelLoop.threads(2)(2) { index throws(Failure) in
                do {
                    let report = try buckets.run(inputs[index])
                    #expect(report.failed.isEmpty)
                    #expect(report.galaxies == [37, 30][index])
                } catch {
                    throw Failure("\(error)")
                }
            }
            let runs = [
                try buckets.json("run/summary.json")["run_id"], try buckets.json("other/summary.json")["run_id"],
            ]
            #expect(runs[0] != runs[1])
            let whole = try buckets.bytes("run/predictions.csv")
            let part = try buckets.bytes("other/predictions.csv")
            #expect(whole == (try inferred(buckets, folders: ["p"])))
            #expect(part.count < whole.count && whole.starts(with: part))
            #expect(try buckets.keys("").allSatisfy { $0.hasPrefix("run/") || $0.hasPrefix("other/") })
        }
    }

    @Test("A rank that two workers run at once has complete files")
    func rankTwiceAtOnce() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["ranks": .integer(1)])
            try ParallelLoop.threads(4)(4) { _ throws(Failure) in
                _ = try buckets.handlers.worker.run(begun.items[0])
            }
            #expect(try buckets.summarize(begun).failed.isEmpty)
            #expect(try buckets.bytes("run/predictions.csv") == inferred(buckets, folders: ["p"]))
        }
    }

    @Test("A failed rank is named, and its run fails unless that is tolerated", arguments: [33.0, 34.0])
    func tolerance(percentage: Double) throws {
        try Buckets.with(threePartitions) { buckets in
            try buckets.store.put(bucket: "data", key: "p/10.pt", [1, 2, 3])
            let begun = try buckets.initialize(["tolerated_failure_percentage": .number(percentage)])
            #expect(buckets.work(begun.items).keys.sorted() == [1])
            let report = try buckets.summarize(begun)
            #expect(report.failed.map(\.rank) == [1])
            #expect(report.failed.first?.reason.contains("p/10.pt") == true)
            #expect(report.isTolerable == (percentage > 33.5))
            #expect(report.galaxies == 27)
            #expect(try buckets.json("run/combined_data.json").array.count == 2)
            #expect(try buckets.json("run/summary.json")["failed_ranks"]?.array.first?["rank"] == .integer(1))
            let event = try begun.json.encoded()
            if report.isTolerable {
                let answer = try buckets.handlers.handle(.summarize, event: event, deadline: nil)
                #expect(try JSONValue.parse(answer, name: "answer")["failed"] == .integer(1))
            } else {
                let error = try #require(throws: Failure.self) {
                    try buckets.handlers.handle(.summarize, event: event, deadline: nil)
                }
                #expect(error.description.contains("1 of 3 ranks failed"))
                #expect(error.description.contains("rank 1: "))
            }

            // After the repair, only this rank is run again.
            let galaxies = try TensorTable.partition().rows(20..<30).bytes()
            try buckets.store.put(bucket: "data", key: "p/10.pt", galaxies)
            let anew = try buckets.initialize(["result_path": .string("anew")])
            buckets.work(anew.items)
            #expect(try buckets.summarize(anew).failed.isEmpty)
        }
    }

    @Test("A resumed run computes its missing ranks and gives the same files")
    func resume() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work([begun.items[0], begun.items[2]])
            #expect(try buckets.summarize(begun).failed.map(\.rank) == [1])
            let kept = try buckets.bytes("run/@/0.json")
            let resumed = try buckets.initialize(["resume": .bool(true)])
            #expect(resumed.items.map(\.rank) == [1])
            buckets.work(resumed.items)
            let report = try buckets.summarize(resumed)
            #expect(report.failed.isEmpty)
            #expect(report.galaxies == 37)
            #expect(try buckets.bytes("run/@/0.json") == kept)
            #expect(try buckets.bytes("run/predictions.csv") == inferred(buckets, folders: ["p"]))
        }
    }

    @Test("Many partitions (endurance: 1,050) are listed, run and summarized, and no rank is lost")
    func manyPartitionsEndurance() throws {
        let count = TestRun.isEndurance ? 1050 : 105
        try Buckets.with { buckets in
            let table = try TensorTable.partition()
            let bytes = (0..<37).map { table.rows($0..<$0 + 1).bytes() }
            for index in 1...count {
                try buckets.store.put(bucket: "data", key: "p/\(index).pt", bytes[index % 37])
            }
            let begun = try buckets.initialize()
            #expect(begun.items.count == count)
            // Lists that exceed the size of a response are in the store only; those of the short form do not.
            #expect(try (begun.json["body"] == nil) == TestRun.isEndurance)
            #expect(buckets.work(begun.items).isEmpty)
            let report = try buckets.summarize(begun)
            #expect(report.failed.isEmpty)
            #expect(report.galaxies == count)
            let combined = try buckets.json("run/combined_data.json").array
            #expect(combined.map { $0["rank"]?.number } == (0..<count).map { Double($0) })
            let rows = String(decoding: try buckets.bytes("run/predictions.csv"), as: UTF8.self).split(separator: "\n")
            #expect(rows.count == count + 1)
            #expect(zip(rows.dropFirst(), 1...count).allSatisfy { $0.hasPrefix("\($1):0,\($1).pt,0,") })
        }
    }
}
