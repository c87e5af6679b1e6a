import Cloud
import Glibc
import TestSupport
import Testing

@testable import Runs
@testable import Platform

/// Runs with repeated partitions, and runs that keep no predictions, as sweeps use them.
@Suite("Repeated partitions, and runs without predictions")
struct RepeatTests {
    @Test("Repeated partitions start again from the first, and each is computed each time")
    func repeated() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run(["repeat": .string("5"), "file_limit": .integer(2)])
            let manifest = try RunManifest(try buckets.json("run/manifest.json"), name: "manifest")
            #expect(manifest.partitions.map(\.key) == ["p/2.pt", "p/10.pt", "p/2.pt", "p/10.pt", "p/2.pt"])
            #expect(manifest.ranks == 5 && report.ranks == 5)
            #expect(report.failed.isEmpty)
            // 20 and 10 galaxies: 3 x 20 + 2 x 10.
            #expect(report.galaxies == 80)
            let combined = try buckets.json("run/combined_data.json").array
            #expect(combined.map { $0["num_samples"]?.number } == [20, 10, 20, 10, 20])
            #expect(try buckets.bytes("run/@/predictions/0.csv") == buckets.bytes("run/@/predictions/4.csv"))
        }
    }

    @Test("Fewer ranks share repeated partitions, as long as no rank gets one twice")
    func ranks() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["repeat": .integer(6), "ranks": .integer(2)])
            #expect(
                begun.items.map(\.dataPaths) == [["p/2.pt", "p/10.pt", "p/11.pt"], ["p/2.pt", "p/10.pt", "p/11.pt"]])
            let error = try #require(throws: Failure.self) {
                try buckets.initialize(["repeat": .integer(7), "ranks": .integer(2), "overwrite": .bool(true)])
            }
            #expect(error.description.contains("repeat: expected at most 3 partitions for each of 2 ranks"))
        }
    }

    @Test("Repeated partitions of one name keep distinct labels")
    func labels() throws {
        try Buckets.with(["p/a/1.pt": 0..<2, "p/b/1.pt": 2..<3]) { buckets in
            _ = try buckets.run(["repeat": .integer(3)])
            let rows = String(decoding: try buckets.bytes("run/predictions.csv"), as: UTF8.self).split(separator: "\n")
            #expect(
                rows.dropFirst().map { $0.split(separator: ",")[0] } == ["a/1:0", "a/1:1", "b/1:0", "a/1:0", "a/1:1"])
        }
    }

    @Test("A run without predictions has all other files, and runs again when predictions are asked for")
    func withoutPredictions() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run(["predictions": .bool(false)])
            #expect(report.failed.isEmpty)
            #expect(report.galaxies == 37)
            #expect(report.quality == nil)
            let published = ["0", "1", "2", "combined_data", "manifest", "summary"].map { "run/\($0).json" }
            let own = try ["0", "1", "2", "items"].map { try buckets.key("run/@/\($0).json") }
            #expect(try Set(buckets.keys()) == Set(published + own))
            #expect(try buckets.json("run/@/0.json")["predictions_bytes"] == .null)
            #expect(try buckets.json("run/summary.json")["predictions"] == .null)
            let resume: [String: JSONValue] = ["resume": .bool(true)]
            #expect(try buckets.initialize(resume.merging(["predictions": .bool(false)]) { $1 }).items.isEmpty)
            let again = try buckets.initialize(resume)
            #expect(again.items.count == 3)
            buckets.work(again.items)
            #expect(try buckets.summarize(again).quality != nil)
        }
    }

    @Test("An item has the key PREDICTIONS only where predictions are off")
    func item() throws {
        try Buckets.with(threePartitions) { buckets in
            let plain = try buckets.initialize().items[0].json
            #expect(plain["PREDICTIONS"] == nil)
            let off = try buckets.initialize(["predictions": .string("false"), "overwrite": .bool(true)]).items[0]
            #expect(off.json["PREDICTIONS"] == .bool(false))
            #expect(try WorkerItem(off.json) == off)
        }
    }

    @Test(
        "Peak memory is measured for each run separately",
        .enabled(if: access("/proc/self/clear_refs", W_OK) == 0, "the system does not allow it"))
    func memory() {
        let size = 256 << 20
        var bytes = [UInt8](repeating: 1, count: size)
        bytes[size / 2] = 2
        let before = ProcessFigures.peakMemory
        bytes = []
        ProcessFigures.forgetPeakMemory()
        #expect(before > size)
        #expect(ProcessFigures.peakMemory < before)
    }
}
