import Cloud
import Foundation
import Inference
import Platform
import TensorFiles
import TestSupport
import Testing

@testable import Runs

@Suite("What may be wrong with the redshifts of a run, and its record")
struct RunDoubtsTests {
    /// Rows of the tiny partition with ids.
    private func table(_ rows: Range<Int>, ids: [Int64]) throws -> TensorTable {
        var table = try TensorTable.partition().rows(rows)
        table.add("object_id", [rows.count], ids, .i64)
        return table
    }

    @Test("Ids that repeat within a rank and between ranks are counted, with the first")
    func repeatedIDs() throws {
        try Buckets.with(["p/1.pt": 0..<5]) { buckets in
            try buckets.store.put(bucket: "data", key: "p/2.safetensors", table(5..<8, ids: [7, 8, 7]).bytes())
            try buckets.store.put(bucket: "data", key: "p/3.safetensors", table(8..<10, ids: [9, 8]).bytes())
            let report = try buckets.run()
            #expect(report.repeatedIDs == RepeatedIDs.Found(count: 2, first: "7"))
            let read = try JSONFile.decode(RunReport.self, buckets.bytes("run/summary.json"), name: "s")
            #expect(read.repeatedIDs == report.repeatedIDs && read.implausible == nil && read.warnings.isEmpty)
            #expect(
                report.repeatedIDs?.text
                    == "2 galaxies with an object id that an earlier one has; the first: '7'")
        }
    }

    @Test("Implausible redshifts are counted over all ranks, with the farthest, also where no predictions are written")
    func implausible() throws {
        try Buckets.with(["p/1.pt": 0..<5]) { buckets in
            for (name, rows, factor) in [("p/2.safetensors", 5..<8, 1e4), ("p/3.safetensors", 8..<10, 1e6)] {
                var table = try TensorTable.partition().rows(rows)
                table.remove("magnitudes")
                table.add("magnitudes", [rows.count, 5], (0..<rows.count * 5).map { Double($0 + 1) * factor }, .f64)
                try buckets.store.put(bucket: "data", key: name, table.bytes())
            }
            let report = try buckets.run()
            let redshifts = try [1, 2].flatMap { rank in
                var all: [Float] = []
                try PredictionFile(buckets.bytes("run/@/predictions/\(rank).csv"), name: "z.csv")
                    .forEach([]) { all.append($0.float) }
                return all
            }
            let expected = try #require(PlausibleRedshifts.usual.outside(redshifts))
            #expect(report.implausible == expected && expected.count > 1)
            let summary = try JSONFile.decode(RunReport.self, buckets.bytes("run/summary.json"), name: "s")
            #expect(summary.implausible == expected)
            let bare = try buckets.run(["result_path": .string("bare"), "predictions": .bool(false)])
            #expect(bare.implausible == expected && bare.repeatedIDs == nil)
        }
    }

    @Test("Warnings of the files and of the weights are in the results and the summary, each once")
    func warnings() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            buckets.work(begun.items)
            for rank in 0..<3 {
                guard case .object(var fields) = try buckets.json("run/@/\(rank).json") else { continue }
                // `notices` is the key of earlier versions.
                fields[rank == 2 ? "notices" : "warnings"] = .array([.string("one"), .string("rank \(rank)")])
                try buckets.store.put(
                    bucket: "results", key: try buckets.key("run/@/\(rank).json"),
                    try JSONValue.object(fields).encoded())
            }
            let report = try buckets.summarize(begun)
            #expect(report.warnings == ["one", "rank 0", "rank 1", "rank 2"])
            #expect(
                try JSONFile.decode(RunReport.self, buckets.bytes("run/summary.json"), name: "s").warnings
                    == report.warnings)
        }
    }

    @Test("The record beside predictions.csv states weights, program, inputs, choices and the file's checksum")
    func record() throws {
        try Buckets.with(threePartitions) { buckets in
            let report = try buckets.run()
            let predictions = try buckets.bytes("run/predictions.csv")
            let name = "predictions.csv.run.json"
            let record = try RunRecord(buckets.bytes("run/" + name), name: name)
            #expect(RunRecord.of(predictions, try buckets.bytes("run/" + name), name: name) { _ in } == record)
            #expect(record.galaxies == 37 && record.inputs.files == 3 && record.inputs.galaxies == 37)
            let weights = Fixture.path("tiny/normalcell.pt")
            let digest = SHA256Digest.hash(Array(try Data(contentsOf: URL(fileURLWithPath: weights)))).hexadecimal
            #expect(record.weights == WeightsIdentity(name: weights, identity: "sha256:" + digest))
            #expect(record.maker.version == Release.version)
            #expect([record.maker.instructionSet] == report.instructionSets.sorted())
            #expect(record.missing == .usual && record.choices["bands"] == "ugriz")
            #expect(record.choices["images"] == "images")
            // A run that is begun again leaves no record of the former.
            _ = try buckets.initialize(["overwrite": .bool(true)])
            #expect(try !buckets.keys().contains("run/" + name))
        }
    }
}
