import Runs
import Foundation
import Inference
import Platform
import TensorFiles
import TestSupport
import Testing

@testable import Experiment

@Suite("Experiments on this machine")
struct LocalEngineTests {
    @Test("A tree has each run's ranks in one array, and the record its times and rates")
    func tree() throws {
        try LocalTree.with { local in
            let record = try local.run(try LocalTree.plan()).record
            #expect(record.runs.count == 4)
            for run in record.runs {
                let ranks = try #require(try local.json(run.path + "/combined_data.json").array)
                #expect(ranks.map { $0["num_samples"] } == [.integer(1278), .integer(1278)])
                #expect(ranks.map { $0["rank"] } == [.integer(0), .integer(1)])
                #expect(ranks.map { $0["data_path"] } == [.string("25MB/1.pt"), .string("25MB/1.pt")])
                #expect(ranks.map { $0["result_path"] } == [.string(run.path), .string(run.path)])
                let threads = Int(try #require(run.path.split(separator: "/").dropLast().last))
                #expect(ranks.map { $0["threads"] } == [.integer(threads ?? 0), .integer(threads ?? 0)])
                let summary = try local.json(run.path + "/summary.json")
                #expect(summary["galaxies"] == .integer(2556))
                #expect(run.galaxies == 2556)
                #expect(run.wallSeconds > 0 && run.finished > run.started)
                #expect(run.galaxiesPerSecond == 2556 / run.wallSeconds)
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(local.tree.path)/\(run.path)")
                #expect(names.sorted() == ["combined_data.json", "summary.json"])
            }
            #expect(try local.tree.read() == record)
            #expect(try local.json("experiment.json")["runs"]?.array?.first?["wall_s"] != nil)
        }
    }

    @Test("Repeated galaxies keep their order, and one file serves all ranks")
    func repeated() throws {
        try LocalTree.with { local in
            var local = local
            local.keepsPredictions = true
            let plan = try ExperimentPlan(
                sweeps: [], defaults: try PlanTests.defaults(size: "200MB", threads: 2), runs: 1, isGrid: false)
            let run = try #require(try local.run(plan).record.runs.first)
            let files = try FileManager.default.contentsOfDirectory(atPath: local.tree.scratch + "/data/25MB")
            #expect(files == ["1.pt"])
            let text = try String(contentsOfFile: "\(local.tree.path)/\(run.path)/predictions.csv", encoding: .utf8)
            let rows = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
            // 8 partitions of 1,278 galaxies: the 37 galaxies 34 times, and then the first 20.
            #expect(rows.count == 8 * 1278)
            let redshifts = rows.map { $0[3] + "," + $0[4] }
            #expect(Set(redshifts).count == 37)
            for (index, redshift) in redshifts.enumerated() where redshift != redshifts[index % 1278 % 37] {
                Issue.record("row \(index)")
            }
            #expect(try local.json(run.path + "/summary.json")["quality"]?["galaxies"] == .integer(8 * 1278))
        }
    }

    @Test("An input that already is a partition of the size is linked")
    func linked() throws {
        try LocalTree.with { local in
            var local = local
            let table = try TensorTable.partition()
            let full = local.folder + "/full.pt"
            let split = try PartitionSplit(
                Array(repeating: try TensorFile.open(path: Fixture.path("tiny/partition.pt")), count: 40), rows: 1278)
            try split.write(0, to: full)
            try table.rows(0..<5).write(to: local.folder + "/rest.pt")
            local.inputs = [full, local.folder + "/rest.pt"]
            local.isRepeated = false
            let plan = try LocalTree.plan(threads: [2], runs: 1)
            let run = try #require(try local.run(plan).record.runs.first)
            #expect(run.galaxies == 1283)
            let data = local.tree.scratch + "/data/25MB"
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: data + "/1.pt") == full)
            // The last one also contains all galaxies of its input.
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: data + "/2.pt")
                    == local.folder + "/rest.pt")
        }
    }

    @Test("A failed rank ends the experiment, which keeps its finished runs")
    func failure() throws {
        try LocalTree.with { local in
            let plan = try LocalTree.plan(threads: [1], runs: 2)
            try local.run(plan, most: 1)
            let engine = try local.engine()
            try engine.prepare(plan.points) { _ in }
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: local.tree.scratch + "/data/25MB/1.pt"))
            let begun = try local.tree.begin(try local.planned(plan), .resume)
            var experiment = Experiment(local.tree, record: begun.record, broken: [], engine: engine)
            let error = try #require(throws: Failure.self) {
                try experiment.run(status: { _ in }, finished: { _, _, _ in })
            }
            #expect(error.description.contains("rank 0: "))
            #expect(error.description.contains("25MB/1.pt"))
            #expect(try local.tree.read()?.runs.count == 1)
        }
    }

    @Test("A scratch folder must be an experiment's or empty, and nothing else is removed")
    func scratch() throws {
        try Fixture.withTemporaryFolder { folder in
            let scratch = ScratchFolder(folder + "/s")
            try scratch.make()
            try scratch.make()
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 3)
            scratch.remove()
            #expect(!FileManager.default.fileExists(atPath: scratch.path))
            try FileManager.default.createDirectory(
                atPath: folder + "/other/data", withIntermediateDirectories: true)
            #expect(throws: Failure.self) { try ScratchFolder(folder + "/other").make() }
            ScratchFolder(folder + "/other").remove()
            #expect(FileManager.default.fileExists(atPath: folder + "/other/data"))
            // Left by a process that has ended.
            try scratch.make()
            try Data("1 never".utf8).write(to: URL(fileURLWithPath: scratch.path + "/cai-experiment"))
            try Data([1]).write(to: URL(fileURLWithPath: scratch.data + "/left"))
            try scratch.make()
            #expect(!FileManager.default.fileExists(atPath: scratch.data + "/left"))
            // A running process, identified by its start time: the parent of this one.
            let status = try String(contentsOfFile: "/proc/\(getppid())/stat", encoding: .utf8)
            let start = try #require(status.split(separator: ")").last).split(separator: " ")[19]
            try Data("\(getppid()) \(start)".utf8).write(to: URL(fileURLWithPath: scratch.path + "/cai-experiment"))
            let error = try #require(throws: Failure.self) { try scratch.make() }
            #expect(error.description.contains("process \(getppid()), is at work there"))
            scratch.remove()
            #expect(FileManager.default.fileExists(atPath: scratch.data))
        }
    }
}

extension JSONValue {
    var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}
