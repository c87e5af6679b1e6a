import Cloud
import Foundation
import Inference
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Partitions of a run by their endings")
struct FormatTests {
    @Test("A run takes every format that cai infer takes, and leaves out hidden and other objects, which it counts")
    func formats() throws {
        try Buckets.with(["p/1.pt": 0..<5, "p/2.pt": 5..<9, "p/._1.pt": 0..<1]) { buckets in
            let table = try TensorTable.partition()
            try buckets.store.put(bucket: "data", key: "p/3.npz", table.rows(9..<20).npz(deflated: true).bytes)
            try buckets.store.put(bucket: "data", key: "p/4.safetensors", table.rows(20..<30).bytes())
            try buckets.store.put(bucket: "data", key: "p/5.PTH", table.rows(30..<37).torch().bytes)
            for key in ["p/notes.txt", "p/a.csv", "p/b.CSV", "p/README", "p/.pt"] {
                try buckets.store.put(bucket: "data", key: key, [1])
            }
            let begun = try buckets.initialize()
            #expect(
                begun.items.flatMap(\.dataPaths) == ["p/1.pt", "p/2.pt", "p/3.npz", "p/4.safetensors", "p/5.PTH"])
            #expect(
                begun.warnings.contains {
                    $0.hasSuffix("data/p/: 6 objects are left out: 2 .csv, 2 hidden, 1 .txt, 1 no ending")
                }, "\(begun.warnings)")
            #expect(buckets.work(begun.items).isEmpty)
            let report = try buckets.summarize(begun)
            #expect(report.galaxies == 37)
            let summary = try buckets.json("run/summary.json")
            #expect(summary["left_out"]?[".csv"] == .integer(2) && summary["left_out"]?["hidden"] == .integer(2))
            #expect(
                try JSONFile.decode(RunReport.self, buckets.bytes("run/summary.json"), name: "s").leftOut
                    == report.leftOut)
            #expect(try RunManifest(begun.manifest.json, name: "m") == begun.manifest)
        }
    }

    @Test("Results below the partitions' prefix are not counted as left out, and partitions there are run")
    func resultsBelow() throws {
        try Buckets.with(["run/1.pt": 0..<5]) { buckets in
            let input: [String: JSONValue] = ["bucket": .string("data"), "data_prefix": .string("run")]
            let begun = try buckets.initialize(input)
            #expect(buckets.work(begun.items).isEmpty)
            let again = try buckets.initialize(input.merging(["resume": .bool(true)]) { $1 })
            #expect(again.items.isEmpty && again.warnings.isEmpty, "\(again.warnings)")
        }
    }

    @Test("Files whose library the workers lack are refused before anything is written", arguments: ["h5", "fits.gz"])
    func noLibrary(ending: String) throws {
        try Buckets.with(["p/1.pt": 0..<5]) { buckets in
            try buckets.store.put(bucket: "data", key: "p/2." + ending, [1])
            let initialize = Initialize(store: buckets.store) { name throws(Failure) in
                if !name.hasSuffix(".pt") { throw Failure(name, "HDF5: needs HDF5, which is not installed") }
            }
            let error = #expect(throws: Failure.self) { try initialize.run(InitializeInput(Buckets.input())) }
            let message = error?.description ?? ""
            #expect(message.contains("data/p/2.\(ending): HDF5: needs HDF5, which is not installed: the workers run"))
            #expect(message.contains("convert the file to .npz"))
            #expect(try buckets.keys("").isEmpty)
        }
    }

    @Test("A rank's flags and their reasons are counted in the summary")
    func flags() throws {
        try Buckets.with(["p/1.pt": 0..<5]) { buckets in
            var table = try TensorTable.partition().rows(5..<20)
            table.change("magnitudes") { entry in
                for (row, value) in [(2, -9999.0), (3, 99.0), (4, -9999.0)] {
                    let offset = row * 5 * 8
                    entry.bytes.replaceSubrange(offset..<offset + 8, with: withUnsafeBytes(of: value) { Array($0) })
                }
            }
            try buckets.store.put(bucket: "data", key: "p/2.safetensors", table.bytes())
            let report = try buckets.run()
            #expect(report.nonFinite == 3 && report.flags.flagged == 3)
            #expect(
                report.flags.text
                    == "3 with magnitudes missing or not finite; missing values: -9999 in 2, 99 in 1")
            let summary = try JSONFile.decode(RunReport.self, buckets.bytes("run/summary.json"), name: "s")
            #expect(summary.flags == report.flags)
        }
    }

    @Test("Ranks whose results have other missing values are run again, with a warning")
    func otherMissingValues() throws {
        try Buckets.with(threePartitions) { buckets in
            _ = try buckets.run()
            for rank in 0..<2 {
                let key = try buckets.key("run/@/\(rank).json")
                guard case .object(var fields) = try buckets.json(key) else { return }
                fields["choices"] = .null
                try buckets.store.put(bucket: "results", key: key, JSONValue.object(fields).encoded())
            }
            let resumed = try buckets.initialize(["resume": .bool(true)])
            #expect(resumed.items.map(\.rank) == [0, 1])
            let warning = try #require(resumed.warnings.first)
            #expect(warning.contains("the results of 2 ranks are not used"), "\(warning)")
            #expect(warning.contains("choices.missing: expected '-9999,"), "\(warning)")
            #expect(buckets.work(resumed.items).isEmpty)
            #expect(try buckets.initialize(["resume": .bool(true)]).items.isEmpty)
        }
    }

    @Test("A resumed run without pending ranks is refused where its weights are others now")
    func otherWeights() throws {
        try Buckets.with(threePartitions) { buckets in
            _ = try buckets.run()
            let same = try buckets.initialize(["resume": .bool(true)])
            #expect(same.items.isEmpty)
            let resume = try InitializeInput(Buckets.input(["resume": .bool(true)]))
            #expect(try buckets.handlers.begin(resume).items.isEmpty)
            _ = try buckets.summarize(same)
            let before = try buckets.keys()
            let environment = Buckets.environment(buckets.root)
                .merging(["CAI_WEIGHTS": Fixture.path("tiny/kernel3.pt")]) { $1 }
            let others = FanOutHandlers(store: buckets.store, environment: environment, threads: 1)
            let error = #expect(throws: Failure.self) { try others.begin(resume) }
            #expect(error?.description.contains("resume: expected the weights of its results, ") == true)
            #expect(error?.description.contains("kernel3.pt") == true)
            #expect(try buckets.keys() == before)
            // A run that keeps no result may have any weights.
            _ = try others.begin(InitializeInput(Buckets.input(["overwrite": .bool(true)])))
        }
    }
}
