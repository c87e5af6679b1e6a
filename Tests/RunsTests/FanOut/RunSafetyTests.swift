import Cloud
import Foundation
import Inference
import Platform
import TensorFiles
import TestSupport
import Testing

@testable import Runs

@Suite("A result belongs to its run, its bytes and its program")
struct RunSafetyTests {
    private static let resume: [String: JSONValue] = ["resume": .bool(true)]

    @Test("Of runs that begin at one result_path at the same time, one does, and the others name it")
    func raced() throws {
        for _ in 0..<(TestRun.isEndurance ? 200 : 10) {
            try Buckets.with(threePartitions) { buckets in
                let input = try InitializeInput(Buckets.input())
                let results = ParallelLoop.threads(4).map(4) { _ in
                    Result { () throws(Failure) in try buckets.handlers.initialize.run(input) }
                }
                let begun = results.compactMap { try? $0.get() }
                #expect(begun.count == 1)
                let id = begun.first?.manifest.runID ?? ""
                for case .failure(let error) in results { #expect(error.description.contains(id), "\(error)") }
                #expect(try RunManifest.read(begun[0].manifest.place, from: buckets.store) == begun[0].manifest)
                #expect(try buckets.json("run/@/items.json").array.count == 3)
            }
        }
    }

    @Test("Of two resumptions at the same time at most one begins, and a caller that tries again finds its own run")
    func racedResumptions() throws {
        try Buckets.with(threePartitions) { buckets in
            _ = try buckets.initialize()
            let input = try InitializeInput(Buckets.input(Self.resume))
            let results = ParallelLoop.threads(4).map(4) { _ in
                Result { () throws(Failure) in try buckets.handlers.initialize.run(input) }
            }
            #expect(results.contains { (try? $0.get()) != nil })
            let own = try InitializeInput(
                Buckets.input(["run_id": .string("own"), "result_path": .string("own")]))
            let again = ParallelLoop.threads(2).map(2) { _ in
                Result { () throws(Failure) in try buckets.handlers.initialize.run(own) }
            }
            for result in again { #expect(try result.get().manifest.runID == "own") }
        }
    }

    @Test("A late worker of another run reaches nothing of this one")
    func lateWorker() throws {
        try Buckets.with(threePartitions) { buckets in
            let other = try buckets.initialize()
            let begun = try buckets.initialize(["overwrite": .bool(true)])
            buckets.work(begun.items)
            let before = try buckets.bytes("run/@/1.json")
            let weights = Fixture.path("tiny/plain-vit.pt")
            guard case .object(var fields) = other.items[1].json else { return }
            fields["WEIGHTS"] = .string(weights)
            _ = try buckets.handlers.worker.run(try WorkerItem(.object(fields)))
            #expect(try buckets.bytes("run/@/1.json") == before)
            #expect(try buckets.summarize(begun).failed.isEmpty)
            let late = SummarizeEvent(manifest: other.manifest.place, runID: other.manifest.runID)
            let error = #expect(throws: Failure.self) { try buckets.handlers.summarize.run(late) }
            #expect(error?.description.contains(begun.manifest.runID) == true)
        }
    }

    /// Changes a digit of rank 1's first z_phot.
    private func changeDigit(_ buckets: Buckets) throws {
        let key = try buckets.key("run/@/predictions/1.csv")
        var bytes = try buckets.bytes(key)
        let row = RankTable.header.count
        let dot = try #require(bytes[row...].lastIndex { $0 == UInt8(ascii: ".") })
        bytes[dot - 1] = bytes[dot - 1] == UInt8(ascii: "9") ? UInt8(ascii: "8") : UInt8(ascii: "9")
        try buckets.store.put(bucket: "results", key: key, bytes)
    }

    @Test("A table with one digit changed is refused by summarize and by resume")
    func changedDigit() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            #expect(try buckets.summarize(begun).table == "run/predictions.csv")
            try changeDigit(buckets)
            let report = try buckets.summarize(begun)
            #expect(report.failed.map(\.rank) == [1])
            #expect(report.failed.first?.reason.contains("SHA-256") == true)
            // Also where a summary of before had written a table.
            let keys = try buckets.keys()
            #expect(report.table == nil && keys.allSatisfy { !$0.hasPrefix("run/predictions") })
            let resumed = try buckets.initialize(Self.resume)
            #expect(resumed.items.map(\.rank) == [1])
            buckets.work(resumed.items)
            #expect(try buckets.summarize(resumed).failed.isEmpty)
        }
    }

    @Test("A table that was copied, with another ETag and the same bytes, is used")
    func copied() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            let key = try buckets.key("run/@/predictions/1.csv")
            try buckets.store.put(bucket: "results", key: key, buckets.bytes(key))
            #expect(try buckets.initialize(Self.resume).items.isEmpty)
            #expect(try buckets.summarize(begun).failed.isEmpty)
        }
    }

    @Test(
        "Results of another arithmetic, other partitions or other missing values are computed again",
        arguments: [
            ("arithmetic", JSONValue.string("0 packed float32")), ("data_etags", .string("x")),
            ("choices", .object(["missing": .string("none")])), ("predictions_sha256", .null),
        ])
    func others(key: String, value: JSONValue) throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            guard case .object(var fields) = try buckets.json("run/@/1.json") else { return }
            fields[key] = value
            try buckets.store.put(
                bucket: "results", key: try buckets.key("run/@/1.json"), try JSONValue.object(fields).encoded())
            let report = try buckets.summarize(begun)
            #expect(report.failed.map(\.rank) == [1])
            #expect(report.failed.first?.reason.contains(key) == true, "\(report.failed)")
            #expect(try buckets.initialize(Self.resume).items.map(\.rank) == [1])
        }
    }

    @Test("A worker reads only the partitions that the run began with")
    func changedPartition() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            try buckets.store.put(bucket: "data", key: "p/10.pt", TensorTable.partition().rows(0..<3).bytes())
            let errors = buckets.work(begun.items)
            #expect(errors.keys.sorted() == [1])
            #expect(errors[1]?.description.contains("p/10.pt: expected the object that the run began with") == true)
        }
    }

    @Test(
        "A run of which ranks failed has no predictions.csv; a tolerated one has the others in a table of another name")
    func partial() throws {
        try Buckets.with(threePartitions) { buckets in
            let good = try buckets.bytes("p/10.pt", in: "data")
            try buckets.store.put(bucket: "data", key: "p/10.pt", [1, 2, 3])
            let failed = try buckets.run()
            #expect(!failed.isTolerable && failed.table == nil)
            #expect(try buckets.keys().allSatisfy { !$0.hasPrefix("run/predictions") })
            let tolerated = try buckets.initialize(
                Self.resume.merging(["tolerated_failure_percentage": .integer(40)]) { $1 })
            buckets.work(tolerated.items)
            let report = try buckets.summarize(tolerated)
            #expect(report.isTolerable && report.table == "run/predictions.partial.csv")
            let table = try buckets.bytes("run/predictions.partial.csv")
            let own = try [0, 2].flatMap {
                try buckets.bytes("run/@/predictions/\($0).csv").dropFirst(RankTable.header.count)
            }
            #expect(table == RankTable.header + own)
            let name = "run/predictions.partial.csv.run.json"
            let record = try RunRecord(buckets.bytes(name), name: name)
            #expect(record.choices["missing_ranks"] == "1" && record.galaxies == 27)
            #expect(try !buckets.keys().contains("run/predictions.csv"))

            try buckets.store.put(bucket: "data", key: "p/10.pt", good)
            let resumed = try buckets.initialize(Self.resume)
            #expect(try !buckets.keys().contains("run/predictions.partial.csv"))
            buckets.work(resumed.items)
            #expect(try buckets.summarize(resumed).table == "run/predictions.csv")
            #expect(try buckets.keys().filter { $0.contains("partial") }.isEmpty)
        }
    }

    @Test("Why a worker failed is kept, and the summary has it, until the rank is run again")
    func reasons() throws {
        try Buckets.with(threePartitions) { buckets in
            let good = try buckets.bytes("p/10.pt", in: "data")
            try buckets.store.put(bucket: "data", key: "p/10.pt", Array(good.dropLast(100)))
            let begun = try buckets.initialize()
            let errors = buckets.work(begun.items)
            buckets.work([begun.items[1]])
            let reason = try #require(buckets.summarize(begun).failed.first?.reason)
            let thrown = try #require(errors[1]).description
            #expect("rank 1: " + reason == thrown + " (attempt 2)")
            let failure = try buckets.json("run/@/errors/1.json")
            #expect(failure["partition"] == .string("p/10.pt") && failure["attempt"] == .integer(2))
            #expect(failure["kind"] == .string("input"))
            try buckets.store.put(bucket: "data", key: "p/10.pt", good)
            let resumed = try buckets.initialize(Self.resume)
            #expect(try !buckets.keys().contains(buckets.key("run/@/errors/1.json")))
            #expect(try buckets.summarize(resumed).failed.first?.reason.contains("is missing") == true)
        }
    }

    @Test("With combine false the tables stay by rank, and there is no joined one")
    func uncombined() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run(["combine": .bool(false)])
            #expect(report.failed.isEmpty && report.table == nil && report.quality == nil)
            #expect(try buckets.keys().filter { $0.hasSuffix(".csv") }.count == 3)
            #expect(try buckets.json("run/summary.json")["predictions"] == .null)
        }
    }

    @Test("With combine false a changed table is refused, too")
    func uncombinedChange() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["combine": .bool(false)])
            buckets.work(begun.items)
            try changeDigit(buckets)
            #expect(try buckets.summarize(begun).failed.map(\.rank) == [1])
        }
    }

    @Test(
        "Overwriting removes only what runs write: partitions and other runs in the run's folder stay, or are an error")
    func overwriteInFolder() throws {
        try Buckets.with(threePartitions) { buckets in
            for key in ["run/data/a.safetensors", "run/data/notes.csv"] {
                try buckets.store.put(bucket: "results", key: key, TensorTable.partition().rows(0..<3).bytes())
            }
            let input: [String: JSONValue] = [
                "data_bucket": .string("results"), "data_prefix": .string("run/data"), "run_id": .string("data"),
                "overwrite": .bool(true),
            ]
            for _ in 0..<2 { #expect(try buckets.run(input).galaxies == 3) }
            #expect(try buckets.keys("run/data/").contains("run/data/notes.csv"))

            _ = try buckets.run(["result_path": .string("top/inner")])
            let before = try buckets.keys("top/inner/")
            let inner: [String: JSONValue] = ["result_path": .string("top"), "run_id": .string("inner")]
            for more in [inner, inner.merging(["overwrite": .bool(true)]) { $1 }] {
                let error = #expect(throws: Failure.self) { try buckets.initialize(more) }
                #expect(error?.description.contains("is of another run") == true)
            }
            #expect(try buckets.keys("top/inner/") == before)
        }
    }

    @Test(
        "Names of runs that are no folder of their own are refused",
        arguments: ["a/b", "..", "predictions", "1.json", "map"])
    func names(name: String) throws {
        let error = #expect(throws: Failure.self) { try InitializeInput(Buckets.input(["run_id": .string(name)])) }
        #expect(error?.description.contains("run_id") == true)
    }
}
