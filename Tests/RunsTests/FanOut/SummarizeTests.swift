import Cloud
import Foundation
import Inference
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Summarize")
struct SummarizeTests {
    /// The summary's state of rank 1 after a change to its objects.
    private func reason(_ change: (Buckets, InitializeResult) throws -> Void) throws -> String {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            try change(buckets, begun)
            let report = try buckets.summarize(begun)
            #expect(report.failed.map(\.rank) == [1])
            #expect(!report.isTolerable)
            #expect(try buckets.json("run/combined_data.json").array.count == 2)
            return report.failed.first?.reason ?? ""
        }
    }

    /// Rank 1's result with replaced fields.
    private func rewrite(_ buckets: Buckets, _ more: [String: JSONValue]) throws {
        guard case .object(let fields) = try buckets.json("run/@/1.json") else { return }
        let changed = JSONValue.object(fields.merging(more) { $1 })
        try buckets.store.put(bucket: "results", key: try buckets.key("run/@/1.json"), try changed.encoded())
    }

    @Test("A result that is missing, unreadable or of another run is named")
    func results() throws {
        #expect(
            try reason { buckets, _ in try buckets.store.delete(bucket: "results", key: try buckets.key("run/@/1.json"))
            }
            .hasSuffix("/1.json: is missing"))
        #expect(
            try reason { buckets, _ in
                try buckets.store.put(bucket: "results", key: try buckets.key("run/@/1.json"), Array("{\"a".utf8))
            }
            .contains("expected JSON"))
        #expect(
            try reason { buckets, begun in try rewrite(buckets, ["run_id": .string("another")]) }
                .contains("found one of another"))
        #expect(
            try reason { buckets, _ in try rewrite(buckets, ["data_path": .string("p/2.pt")]) }.contains("data_path"))
    }

    @Test("A result of other weights than most ranks' is refused, also without an expected ETag")
    func otherWeights() throws {
        #expect(
            try reason { buckets, _ in try rewrite(buckets, ["weights_sha256": .string("1-2")]) }
                .contains("found one of 1-2"))
    }

    @Test("Numbers beyond the limits are refused without a crash")
    func largeNumbers() throws {
        let large = JSONValue.integer(Int.max)
        for key in ["num_samples", "s3_bytes_read", "s3_num_requests", "non_finite"] {
            #expect(try reason { buckets, _ in try rewrite(buckets, [key: large]) }.contains(key))
        }
        let event = #"{"S3_BUCKET":"b","RANK":"9223372036854775807","RESULT_PATH":"r"}"#
        #expect(throws: Failure.self) { try WorkerItem(try JSONValue.parse(Array(event.utf8), name: "event")) }
    }

    @Test("Predictions that are missing, truncated or of another size are named")
    func predictions() throws {
        let key = "run/@/predictions/1.csv"
        #expect(
            try reason { buckets, _ in try buckets.store.delete(bucket: "results", key: try buckets.key(key)) }
                .hasSuffix("predictions/1.csv: is missing"))
        #expect(
            try reason { buckets, _ in
                try buckets.store.put(
                    bucket: "results", key: try buckets.key(key), Array(buckets.bytes(key).dropLast()))
            }.contains("bytes, found"))
        #expect(
            try reason { buckets, _ in try rewrite(buckets, ["num_samples": .integer(9)]) }
                .contains("expected 9 rows, found 10"))
        #expect(
            try reason { buckets, _ in
                var bytes = try buckets.bytes(key)
                bytes[0] = UInt8(ascii: "x")
                try buckets.store.put(bucket: "results", key: try buckets.key(key), bytes)
            }.contains("header"))
    }

    @Test("Unknown keys of a rank's result are kept")
    func extraKeys() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            try rewrite(buckets, ["max_memory_used (MB)": .number(12.5)])
            #expect(try buckets.summarize(begun).failed.isEmpty)
            let combined = try buckets.json("run/combined_data.json").array
            #expect(combined[1]["max_memory_used (MB)"] == .number(12.5))
        }
    }

    @Test("The Map's error is kept, and a missing manifest is named")
    func events() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            let place = begun.manifest.place
            let report = try buckets.handlers.summarize.run(SummarizeEvent(manifest: place, mapError: "States.X"))
            #expect(report.mapError == "States.X")
            #expect(try buckets.json("run/summary.json")["map_error"] == .string("States.X"))
            let error = try #require(throws: Failure.self) {
                try buckets.handlers.summarize.run(
                    SummarizeEvent(manifest: S3Location(bucket: "results", key: "none/manifest.json")))
            }
            #expect(error.description.contains("none/manifest.json"))
        }
    }

    @Test("Rows with line breaks in quotes are read, and broken rows are refused")
    func rows() throws {
        func rows(_ text: String, _ count: Int = 1) throws -> RankTable {
            let bytes = RankTable.header + Array(text.utf8)
            return try RankTable(
                MemorySource(name: "z.csv", bytes: bytes), galaxies: count,
                sha256: SHA256Digest.hash(bytes).hexadecimal, isMeasured: true
            ) { _ in }
        }
        let table = try rows("\"a\n\"\",b:0\",a.pt,0,0.1,,0\n1:0,1.pt,0,0.25,0.3,0\n1:1,1.pt,1,nan,nan,5\n", 3)
        #expect(table.ids.count == 3)
        #expect(table.predicted.first == 0.25)
        #expect(table.spectroscopic.first == 0.3)
        #expect(table.predicted.count == 2)
        #expect(try rows("", 0).ids.isEmpty)
        for text in [
            "1:0,1.pt,0,0.25,0.3,0", "1:0,1.pt,0,0.25,0.3\n", "1:0,1.pt,0,x,0.3,0\n", "1:0,1.pt,0,0.25,y,0\n",
            "1:0,1.pt,0,0.25,0.3,\n", "1:0,1.pt,0,0.25,0.3,-1\n", "\"1\n",
        ] {
            #expect(throws: Failure.self) { try rows(text) }
        }
    }

    @Test("The time of the Map is that since the run was resumed, also of ranks that continue from an earlier attempt")
    func mapSeconds() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            var last = 0.0
            for (rank, earlier) in [(0, ["started"]), (1, ["started", "finished"]), (2, [])] {
                let key = try buckets.key("run/@/\(rank).json")
                guard case .object(var fields) = try buckets.json(key) else { return }
                for name in earlier { fields[name] = .number(try #require(fields[name]?.number) - 1000) }
                last = max(last, try #require(fields["finished"]?.number))
                try buckets.store.put(bucket: "results", key: key, try JSONValue.object(fields).encoded())
            }
            #expect(try buckets.summarize(begun).mapSeconds == last - begun.manifest.started)
        }
    }
}
