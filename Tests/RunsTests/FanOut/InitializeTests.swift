import Cloud
import Foundation
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Initialize")
struct InitializeTests {
    private func error(_ buckets: Buckets, _ more: [String: JSONValue]) throws -> String {
        let error = try #require(throws: Failure.self) { try buckets.initialize(more) }
        #expect(!error.description.contains("\n"))
        return error.description
    }

    @Test("Partitions are taken in natural order, from the folder alone")
    func naturalOrder() throws {
        let keys = ["p/1.pt", "p/10.pt", "p/100.pt", "p/2.pt", "p-old/3.pt", "p/notes.txt", "p/sub/4.pt"]
        try Buckets.with(Dictionary(uniqueKeysWithValues: keys.map { ($0, 0..<1) })) { buckets in
            let all = try buckets.initialize()
            #expect(all.items.flatMap(\.dataPaths) == ["p/1.pt", "p/2.pt", "p/10.pt", "p/100.pt", "p/sub/4.pt"])
            let some = try buckets.initialize(["file_limit": .string("3"), "result_path": .string("some")])
            #expect(some.items.map(\.dataPaths) == [["p/1.pt"], ["p/2.pt"], ["p/10.pt"]])
            #expect(some.items.map(\.worldSize) == [3, 3, 3])
        }
    }

    @Test(
        "Each rank gets ceil(left / ranks left) partitions",
        arguments: [
            (5, 2, [3, 2]), (5, 3, [2, 2, 1]), (3, 5, [1, 1, 1, 0, 0]), (4, 4, [1, 1, 1, 1]), (7, 1, [7]),
            (10, 4, [3, 3, 2, 2]),
        ])
    func shares(files: Int, ranks: Int, shares: [Int]) throws {
        let input = try InitializeInput(Buckets.input())
        let objects = (1...files).map { ObjectInfo(key: "p/\($0).pt", size: 1, etag: "e") }
        let manifest = try RunManifest(
            runID: "r", created: 1, input: input, shares: RankShares(objects, ranks: ranks), weightsETag: nil)
        #expect(manifest.shares.map(\.count) == shares)
        #expect(manifest.shares.joined().map(\.key) == objects.map(\.key))
        #expect(try RunManifest(manifest.json, name: "m") == manifest)
    }

    @Test("A missing bucket, prefix or weights is an error that names it")
    func missing() throws {
        try Buckets.with(["p-old/1.pt": 0..<1]) { (buckets: Buckets) throws in
            #expect(try error(buckets, ["data_bucket": .string("nowhere")]).contains("nowhere: no such bucket"))
            #expect(try error(buckets, ["data_prefix": .string("p-old"), "bucket": .string("no")]).contains("no such"))
            #expect(try error(buckets, [:]).contains("data_prefix 'p'"))
            let weights: [String: JSONValue] = ["data_prefix": .string("p-old"), "weights": .string("s3://data/w.pt")]
            #expect(try error(buckets, weights).contains("s3://data/w.pt: expected the weights"))
            #expect(try buckets.keys("").isEmpty)
        }
    }

    @Test("A result_path that holds a run is refused, unless it is resumed or overwritten")
    func refusal() throws {
        try Buckets.with(threePartitions) { buckets in
            let first = try buckets.initialize()
            #expect(try error(buckets, [:]).contains(first.manifest.runID))
            buckets.work(Array(first.items.prefix(2)))
            #expect(try error(buckets, [:]).contains("resume or overwrite"))

            let resumed = try buckets.initialize(["resume": .bool(true)])
            #expect(resumed.items.map(\.rank) == [2])
            #expect(resumed.manifest.runID == first.manifest.runID)
            #expect(try buckets.json("run/@/items.json").array.count == 1)

            let anew = try buckets.initialize(["overwrite": .bool(true)])
            #expect(anew.items.count == 3)
            #expect(anew.manifest.runID != first.manifest.runID)
            #expect(try buckets.keys() == [buckets.key("run/@/items.json"), "run/manifest.json"])
        }
    }

    @Test("Overwriting a run keeps objects of others")
    func overwriteSparesOthers() throws {
        try Buckets.with(threePartitions) { buckets in
            _ = try buckets.run(["result_path": .string("run/inner")])
            _ = try buckets.run()
            try buckets.store.put(bucket: "results", key: "run/notes.txt", [1])
            let inner = try buckets.keys("run/inner/")
            _ = try buckets.initialize(["overwrite": .bool(true)])
            let own = try [buckets.key("run/@/items.json"), "run/manifest.json", "run/notes.txt"]
            #expect(try Set(buckets.keys()) == Set(inner + own))
        }
    }

    @Test("A run may be initialized again under its own name")
    func sameName() throws {
        try Buckets.with(threePartitions) { buckets in
            let name: [String: JSONValue] = ["run_id": .string("execution-1")]
            let first = try buckets.initialize(name)
            #expect(first.manifest.runID == "execution-1")
            buckets.work(Array(first.items.prefix(1)))
            #expect(try buckets.initialize(name).items.map(\.rank) == [1, 2])
            #expect(try error(buckets, ["run_id": .string("execution-2")]).contains("execution-1"))
        }
    }

    @Test("Resuming runs ranks with a broken result or without predictions")
    func resumeChecksResults() throws {
        try Buckets.with(threePartitions) { buckets in
            buckets.work(try buckets.initialize().items)
            #expect(try buckets.initialize(["resume": .bool(true)]).items.isEmpty)
            try buckets.store.put(bucket: "results", key: try buckets.key("run/@/1.json"), Array("{".utf8))
            try buckets.store.delete(bucket: "results", key: try buckets.key("run/@/predictions/2.csv"))
            #expect(try buckets.initialize(["resume": .bool(true)]).items.map(\.rank) == [1, 2])
        }
    }

    @Test("A run is not resumed over other partitions, weights or ranks")
    func resumeRefusals() throws {
        try Buckets.with(threePartitions) { buckets in
            let weights = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("tiny/normalcell.pt")))
            try buckets.store.put(bucket: "data", key: "w.pt", [UInt8](weights))
            let input: [String: JSONValue] = ["weights": .string("s3://data/w.pt")]
            _ = try buckets.initialize(input)
            let resume = input.merging(["resume": .bool(true)]) { $1 }
            #expect(try error(buckets, resume.merging(["ranks": .integer(2)]) { $1 }).contains("3 ranks"))
            #expect(try error(buckets, ["resume": .bool(true)]).contains("weights"))
            try buckets.store.put(bucket: "data", key: "w.pt", [UInt8](weights))
            #expect(try error(buckets, resume).contains("weights with ETag"))
            let other = try TensorTable.partition().rows(0..<3).bytes()
            try buckets.store.put(bucket: "data", key: "p/12.pt", other)
            #expect(try error(buckets, resume).contains("3 partitions"))
        }
    }

    @Test("A replaced partition is run again, and its earlier result is not used")
    func resumeReplaced() throws {
        try Buckets.with(threePartitions) { buckets in
            let items = try buckets.initialize().items
            buckets.work(items)
            let replaced = try #require(items.first { $0.dataPaths == ["p/10.pt"] }).rank
            let other = try TensorTable.partition().rows(0..<3).bytes()
            try buckets.store.put(bucket: "data", key: "p/10.pt", other)
            #expect(try buckets.initialize(["resume": .bool(true)]).items.map(\.rank) == [replaced])
            // Also when resumed a second time, when the manifest has the new partition and no change is seen.
            #expect(try buckets.initialize(["resume": .bool(true)]).items.map(\.rank) == [replaced])
        }
    }

    @Test("Results without a manifest are not overwritten")
    func resultsWithoutManifest() throws {
        try Buckets.with(threePartitions) { buckets in
            try buckets.store.put(bucket: "results", key: "run/7.json", Array("{}".utf8))
            #expect(try error(buckets, [:]).contains("run/7.json"))
            #expect(try error(buckets, ["resume": .bool(true)]).contains("without a manifest"))
            #expect(try buckets.initialize(["overwrite": .bool(true)]).items.count == 3)
            #expect(try !buckets.keys().contains("run/7.json"))
        }
    }

    @Test("Local weights have a fingerprint that changes with any part of them")
    func fingerprint() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/weights"
            var bytes = [UInt8](repeating: 7, count: 100_000)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let first = try ModelCache.fingerprint(path)
            #expect(try ModelCache.fingerprint(path) == first)
            for offset in [0, 50_000, 99_999] {
                bytes[offset] += 1
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                #expect(try ModelCache.fingerprint(path) != first)
                bytes[offset] -= 1
            }
            #expect(throws: Failure.self) { try ModelCache.fingerprint(folder + "/none") }
        }
    }
}
