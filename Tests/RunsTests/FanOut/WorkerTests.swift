import Cloud
import Foundation
import Inference
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

/// The keys of a rank in the published results of the reference, and of its later versions.
private let referenceKeys: Set = [
    "total_cpu_time (seconds)", "total_cpu_memory (MB)", "execution_time (seconds/batch)", "num_batches", "batch_size",
    "device", "throughput_bps", "sample_persec", "result_path", "data_path", "s3_num_requests", "s3_total_time",
    "s3_avg_time", "s3_min_time", "s3_max_time", "s3_first_request_time", "s3_last_response_time", "num_samples",
    "init_s", "payload_fetch_s", "scatter_s", "model_load_s", "inference_s", "barrier_s", "publish_s", "total_s",
]

@Suite("Worker")
struct WorkerTests {
    @Test("A rank's result has the published fields, with consistent values")
    func fields() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["ranks": .integer(2)])
            let encoded = try JSONFile.encoded(try buckets.handlers.worker.run(begun.items[0]))
            #expect(try buckets.bytes("run/@/0.json") == encoded)
            let result = try JSONValue.parse(encoded, name: "result")
            #expect(referenceKeys.isSubset(of: result.keys))
            #expect(result["data_path"] == .array([.string("p/2.pt"), .string("p/10.pt")]))
            #expect(result["num_samples"] == .integer(30))
            #expect(result["num_batches"] == .integer(6))
            #expect(result["batch_size"] == .integer(5))
            #expect(result["device"] == .string("cpu"))
            #expect(result["result_path"] == .string("run"))
            func number(_ key: String) throws -> Double { try #require(result[key]?.number) }
            let time = try number("total_cpu_time (seconds)")
            #expect(time > 0)
            #expect(try number("inference_s") == time)
            #expect(try number("execution_time (seconds/batch)") == time / 6)
            #expect(try number("sample_persec") == 30 / time)
            #expect(try number("throughput_bps") == 30 * 20_520 * 8 / time)
            #expect(try number("total_cpu_memory (MB)") > 1)
            let stages = ["init_s", "payload_fetch_s", "model_load_s", "inference_s", "publish_s"]
            #expect(try number("total_s") >= stages.reduce(0) { $0 + (try number($1)) })
            #expect(try number("s3_num_requests") >= 3)
            #expect(try number("s3_min_time") <= number("s3_avg_time"))
            #expect(try number("s3_avg_time") <= number("s3_max_time"))
            #expect(try number("s3_first_request_time") <= number("s3_last_response_time"))
            #expect(try number("finished") >= number("started"))
            #expect(try number("predictions_bytes") == Double(buckets.bytes("run/@/predictions/0.csv").count))
        }
    }

    @Test("A rank beyond the partitions writes a result with 0 galaxies")
    func nullRank() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["world_size": .string("4")])
            let encoded = try JSONFile.encoded(try buckets.handlers.worker.run(begun.items[3]))
            let result = try JSONValue.parse(encoded, name: "result")
            #expect(result["num_samples"] == .integer(0))
            #expect(result["data_path"] == .null)
            #expect(result["num_batches"] == .integer(0))
            #expect(result["sample_persec"]?.number == 0)
            #expect(referenceKeys.isSubset(of: result.keys))
            #expect(try buckets.bytes("run/@/predictions/3.csv") == RankTable.header)
        }
    }

    @Test("A rank that is run twice writes the same predictions")
    func twice() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            let first = try buckets.bytes("run/@/predictions/0.csv")
            buckets.work(begun.items)
            #expect(try buckets.bytes("run/@/predictions/0.csv") == first)
            #expect(try buckets.initialize(["resume": .bool(true)]).items.isEmpty)
        }
    }

    @Test("An item with the published keys alone runs")
    func referenceItem() throws {
        try Buckets.with(threePartitions) { buckets in
            let text = #"""
                {"S3_BUCKET":"results","S3_OBJECT_NAME":"n","SCRIPT":"s","S3_OBJECT_TYPE":"folder","WORLD_SIZE":"3",
                 "RANK":"1","DATA_BUCKET":"data","DATA_PREFIX":"p","DATA_PATH":"p/10.pt","RESULT_PATH":"theirs",
                 "BATCH_SIZE":512}
                """#
            let answer = try buckets.handlers.handle(.worker, event: Array(text.utf8), deadline: nil)
            let result = try JSONValue.parse(answer, name: "answer")
            #expect(result["num_samples"] == .integer(10))
            #expect(try buckets.keys("theirs/") == ["theirs/1.json", "theirs/predictions/1.csv"])
        }
    }

    @Test("A corrupt partition is an error that names it, and leaves no result")
    func corrupt() throws {
        try Buckets.with(threePartitions) { buckets in
            var bytes = try buckets.bytes("p/10.pt", in: "data")
            bytes.removeLast(100)
            try buckets.store.put(bucket: "data", key: "p/10.pt", bytes)
            let begun = try buckets.initialize()
            let errors = buckets.work(begun.items)
            #expect(errors.keys.sorted() == [1])
            let message = try #require(errors[1]).description
            #expect(message.hasPrefix("rank 1: "))
            #expect(message.contains("p/10.pt"))
            #expect(!message.contains("\n"))
            #expect(try !buckets.keys().contains(buckets.key("run/@/1.json")))
        }
    }

    @Test("An item that cannot run is an error of one line")
    func errors() throws {
        try Buckets.with(threePartitions) { buckets in
            let item = try buckets.initialize().items[0]
            func error(_ more: [String: JSONValue]) throws -> String {
                guard case .object(let fields) = item.json else { return "" }
                let changed = try WorkerItem(.object(fields.merging(more) { $1 }))
                return try #require(throws: Failure.self) { try buckets.handlers.worker.run(changed) }.description
            }
            #expect(try error(["DATA_PATH": .string("p/none.pt")]).contains("p/none.pt"))
            #expect(try error(["DATA_BUCKET": .string("none")]).contains("none: no such bucket"))
            #expect(try error(["WEIGHTS": .string("/none/w.pt")]).contains("/none/w.pt"))
            #expect(try error(["WEIGHTS": .string("s3://data/p/none")]).contains("s3://data/p/none"))
            #expect(try error(["WEIGHTS": .string("s3://data/p/2.pt")]).hasPrefix("rank 0: s3://data/p/2.pt: "))
            let twice = JSONValue.array([.string("p/2.pt"), .string("p//2.pt")])
            #expect(try error(["DATA_PATH": twice, "ETAGS": .null]).contains("distinct names"))
        }
    }

    @Test("A worker stops at its deadline and reports its progress", arguments: [-10.0, 0.5, 1.9])
    func deadline(seconds: Double) throws {
        try Buckets.with(threePartitions) { buckets in
            let item = try buckets.initialize().items[0]
            let error = try #require(throws: Failure.self) {
                try buckets.handlers.worker.run(item, deadline: Date().timeIntervalSince1970 + seconds)
            }
            #expect(error.description.contains("stopped at the deadline"))
            #expect(error.description.contains("0 galaxies done"))
            #expect(try !buckets.keys().contains(buckets.key("run/@/0.json")))
            _ = try buckets.handlers.worker.run(item, deadline: Date().timeIntervalSince1970 + 600)
            #expect(try buckets.keys().contains(buckets.key("run/@/0.json")))
        }
    }

    @Test("Weights in the store are fetched once for each ETag")
    func weights() throws {
        try Buckets.with(threePartitions) { buckets in
            let path = Fixture.path("tiny/plain-vit.pt")
            try buckets.store.put(bucket: "data", key: "w/vit.pt", contentsOf: path)
            let item = try buckets.initialize(["weights": .string("s3://data/w/vit.pt")]).items[0]
            let result = try buckets.handlers.worker.run(item)
            #expect(result.weights == "s3://data/w/vit.pt")
            #expect(result.weightsETag == (try buckets.store.head(bucket: "data", key: "w/vit.pt"))?.etag)
            func kept() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: buckets.root)
                    .filter { $0.hasPrefix("cai-weights-") }
            }
            #expect(try kept().count == 1)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == (try buckets.weightBytes(kept()[0])))
            let vit = try buckets.bytes("run/@/predictions/0.csv")

            // On a warm start they are neither fetched nor loaded again.
            let read = buckets.store.statistics.bytesRead
            let partition = try #require(try buckets.store.head(bucket: "data", key: "p/2.pt")).size
            _ = try buckets.handlers.worker.run(item)
            #expect(buckets.store.statistics.bytesRead - read < 2 * partition)

            try buckets.store.put(
                bucket: "data", key: "w/vit.pt", contentsOf: Fixture.path("tiny/normalcell.pt"))
            _ = try buckets.handlers.worker.run(item)
            #expect(try buckets.bytes("run/@/predictions/0.csv") != vit)
            #expect(try kept().count == 2)
        }
    }
}

extension Buckets {
    fileprivate func weightBytes(_ name: String) throws -> Int {
        try Data(contentsOf: URL(fileURLWithPath: root + "/" + name)).count
    }
}
