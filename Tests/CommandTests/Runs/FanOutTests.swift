import Foundation
import TensorFiles
import TestSupport
import Testing

/// A folder of buckets, and commands that use it.
private struct Store {
    let folder: String
    let payload: String

    static func with<R>(_ more: String = "", _ body: (Store) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { folder in
            for path in ["data/p", "results"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
            }
            let table = try TensorTable.partition()
            for (name, rows) in [("1", 0..<20), ("2", 20..<30), ("10", 30..<37)] {
                try table.rows(rows).write(to: "\(folder)/data/p/\(name).pt")
            }
            let store = Store(folder: folder, payload: folder + "/payload.json")
            try store.write(more)
            return try body(store)
        }
    }

    /// The run's input, with further keys: `,"ranks":2`.
    func write(_ more: String) throws {
        let text = #"{"bucket":"results","result_path":"r","data_bucket":"data","data_prefix":"p""# + more + "}"
        try text.write(toFile: payload, atomically: true, encoding: .utf8)
    }

    func run(_ arguments: [String]) throws -> Command {
        try Command.run(
            arguments + ["--store", "file://" + folder],
            environment: ["CAI_WEIGHTS": Fixture.path("tiny/normalcell.pt"), "TMPDIR": folder])
    }

    func breakPartition() throws {
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/data/p/2.pt"))
    }
}

@Suite("cai run, initialize, worker, summarize")
struct FanOutTests {
    @Test("cai run gives the predictions of cai infer")
    func sameAsInfer() throws {
        try Store.with(#","ranks":"2""#) { store in
            let command = try store.run(["run", store.payload])
            #expect(command.status == 0, "\(command.errors)")
            #expect(command.output.isEmpty)
            #expect(command.errors.contains("37 galaxies by 2 ranks"))
            #expect(command.errors.contains("MAE "))
            let inferred = try Command.infer([store.folder + "/data/p", "--quiet"])
            #expect(try text(of: store.folder + "/results/r/predictions.csv") == inferred.output)
            let results = store.folder + "/results/r"
            let run = try object(text(of: results + "/manifest.json"))["run_id"] as? String ?? ""
            #expect(
                try names(in: results)
                    == [
                        "0.json", "1.json", run, "combined_data.json", "manifest.json", "predictions.csv",
                        "predictions.csv.run.json", "summary.json",
                    ].sorted())
            #expect(try names(in: results + "/" + run) == ["0.json", "1.json", "items.json", "predictions"])
            #expect(try CommandTests.names(in: store.folder) == ["data", "payload.json", "results"])
        }
    }

    @Test("cai run --json prints the summary only")
    func json() throws {
        try Store.with { store in
            let command = try store.run(["run", store.payload, "--json", "--quiet"])
            #expect(command.status == 0)
            #expect(command.errors.isEmpty)
            let summary = try object(command.output)
            #expect(summary["galaxies"] as? Int == 37)
            #expect(summary["failed"] as? Int == 0)
        }
    }

    @Test("cai run --repeat overrides the input's number of partitions, and repeats the same rows")
    func repeated() throws {
        try Store.with(#","repeat":2"#) { store in
            let command = try store.run(["run", store.payload, "--repeat", "7", "--json", "--quiet"])
            #expect(command.status == 0, "\(command.errors)")
            // 20, 10 and 7 galaxies, twice, and the first 20 once more.
            #expect(try object(command.output)["galaxies"] as? Int == 94)
            let results = store.folder + "/results/r/"
            let manifest = try object(text(of: results + "manifest.json"))
            let input = try #require(manifest["input"] as? [String: Any])
            let run = results + (manifest["run_id"] as? String ?? "") + "/"
            #expect(input["repeat"] as? Int == 7)
            for (rank, first) in [(3, 0), (4, 1), (5, 2), (6, 0)] {
                let rows = try text(of: run + "predictions/\(rank).csv")
                #expect(try rows == text(of: run + "predictions/\(first).csv"))
            }
            let once = try Command.infer([store.folder + "/data/p/2.pt", "--quiet"])
            #expect(try text(of: run + "predictions/4.csv") == once.output)
        }
    }

    @Test("A failed rank is named and stops no other, and the exit status depends on the tolerance")
    func failure() throws {
        try Store.with { store in
            try store.breakPartition()
            let failed = try store.run(["run", store.payload])
            #expect(failed.status == 1)
            #expect(failed.errors.contains("cai: warning: rank 1: "))
            #expect(failed.errors.contains("data/p/2.pt"))
            #expect(failed.errorLines.last?.hasPrefix("cai: error: 1 of 3 ranks failed") == true)
            #expect(FileManager.default.fileExists(atPath: store.folder + "/results/r/2.json"))

            let refused = try store.run(["run", store.payload])
            #expect(refused.status == 1)
            #expect(refused.errors.contains("resume or overwrite"))
            try store.write(#","resume":true,"tolerated_failure_percentage":40"#)
            let tolerated = try store.run(["run", store.payload])
            #expect(tolerated.status == 0, "\(tolerated.errors)")
            #expect(tolerated.errors.contains("27 galaxies by 3 ranks (1 failed)"))
        }
    }

    @Test("cai initialize, worker and summarize give the same results as cai run")
    func stepByStep() throws {
        try Store.with(#","batchsize":4"#) { store in
            let begun = try store.run(["initialize", store.payload])
            #expect(begun.status == 0)
            #expect(begun.errors.contains("batchsize"))
            let event = store.folder + "/begun.json"
            try begun.output.write(toFile: event, atomically: true, encoding: .utf8)
            let items = try #require(try object(begun.output)["body"] as? [[String: Any]])
            for item in items {
                try JSONSerialization.data(withJSONObject: item)
                    .write(to: URL(fileURLWithPath: store.folder + "/item.json"))
                let worker = try store.run(["worker", store.folder + "/item.json", "--threads", "1"])
                #expect(worker.status == 0, "\(worker.errors)")
                #expect(try object(worker.output)["data_path"] as? String == item["DATA_PATH"] as? String)
            }
            let summarized = try store.run(["summarize", event])
            #expect(summarized.status == 0, "\(summarized.errors)")
            #expect(try object(summarized.output)["galaxies"] as? Int == 37)
            let inferred = try Command.infer([store.folder + "/data/p", "--quiet"])
            #expect(try text(of: store.folder + "/results/r/predictions.csv") == inferred.output)
            let run = try #require(try object(begun.output)["run_id"] as? String)
            try FileManager.default.removeItem(atPath: store.folder + "/results/r/\(run)/1.json")
            let missing = try store.run(["summarize", event])
            #expect(missing.status == 1)
            #expect(missing.errors.contains("rank 1: "))
            #expect(missing.errors.contains("is missing"))
        }
    }

    @Test(
        "Invalid events and stores are refused in one line",
        arguments: [
            (["run", "none.json", "--store", "file:///"], 1, "none.json: no such file"),
            (["run", Tiny.partition, "--store", "file:///"], 1, "expected JSON"),
            (["worker", "none.json", "--store", "file:///none/here"], 1, "none.json: no such file"),
            (["summarize", "-", "--store", "file:///"], 1, "standard input: expected JSON, found nothing"),
            (["run", "p.json", "--store", "folder"], 2, "--store: expected file:///dir"),
            (["run", "p.json", "--threads", "0"], 2, "--threads"),
            (["run", "p.json", "--repeat", "0"], 2, "--repeat: expected 1 to 100000, found 0"),
            (["run", "p.json", "--repeat", "100001"], 2, "--repeat: expected 1 to 100000"),
            (["initialize"], 2, "event.json"), (["initialize", ""], 2, "event.json"),
        ])
    func errors(arguments: [String], status: Int, part: String) throws {
        let command = try Command.run(arguments)
        #expect(command.status == Int32(status))
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(part), "\(command.errors)")
        #expect(command.output.isEmpty)
    }
}
