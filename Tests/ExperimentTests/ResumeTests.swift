import Foundation
import Platform
import TestSupport
import Testing

@testable import Experiment

@Suite("Resumed experiments")
struct ResumeTests {
    private func message(_ body: () throws -> Void) throws -> String {
        let error = try #require(throws: Failure.self) { try body() }
        #expect(!error.description.contains("\n"))
        return error.description
    }

    @Test("A resumed experiment keeps finished runs and makes the others")
    func resume() throws {
        try LocalTree.with { local in
            let plan = try LocalTree.plan(size: "25MB")
            let first = try local.run(plan, most: 3).record
            #expect(first.runs.count == 3)
            let resumed = try local.run(plan, .resume)
            #expect(resumed.record.runs.count == 4)
            #expect(Array(resumed.record.runs.prefix(3)) == first.runs)
            #expect(resumed.record.runs.map(\.path) == plan.runs.map(\.path))
            #expect(resumed.broken.isEmpty)
            #expect(try local.run(plan, .resume).record == resumed.record)
        }
    }

    @Test("A run with missing, broken or different results is run again and reported", arguments: 0..<4)
    func broken(kind: Int) throws {
        try LocalTree.with { local in
            let plan = try LocalTree.plan(threads: [2])
            let before = try local.run(plan).record
            let file = "\(local.tree.path)/\(before.runs[0].path)/combined_data.json"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            switch kind {
            case 0: try FileManager.default.removeItem(atPath: file)
            case 1: try Data(text.utf8.dropLast()).write(to: URL(fileURLWithPath: file))
            case 2:
                let other = text.replacingOccurrences(of: "\"batch_size\":512", with: "\"batch_size\":64")
                try Data(other.utf8).write(to: URL(fileURLWithPath: file))
            default:
                let twice = text.replacingOccurrences(of: "\"rank\":1", with: "\"rank\":0")
                try Data(twice.utf8).write(to: URL(fileURLWithPath: file))
            }
            let resumed = try local.run(plan, .resume)
            #expect(resumed.broken.map(\.path) == [before.runs[0].path])
            #expect(resumed.record.runs.count == 2)
            #expect(resumed.record.runs[0] == before.runs[1])
            #expect(resumed.record.runs[1].path == before.runs[0].path)
        }
    }

    @Test("Resuming with another plan, weights, program or machine is refused by name")
    func refusals() throws {
        try LocalTree.with { local in
            let plan = try LocalTree.plan(size: "25MB", threads: [2], runs: 1)
            try local.run(plan)
            #expect(try message { try local.run(plan) }.contains("holds an experiment already (1 runs of 1)"))
            #expect(
                try message { try local.run(try LocalTree.plan(size: "25MB", threads: [2], runs: 2), .resume) }
                    .contains("points[0].runs: expected 1, found 2"))
            #expect(
                try message { try local.run(try LocalTree.plan(size: "25MB", threads: [1, 2], runs: 1), .resume) }
                    .contains("another one: points"))
            var other = local
            other.weights = "kernel3.pt"
            #expect(try message { try other.run(plan, .resume) }.contains("weights.sha256"))
            other = local
            other.commit = "c2"
            #expect(try message { try other.run(plan, .extend) }.contains(#"cai.commit: expected "c1", found "c2""#))
            var record = try local.planned(plan)
            var machine = record.machine
            machine.processor = "another"
            record = ExperimentRecord(
                cai: record.cai, machine: machine, weights: record.weights, inputs: record.inputs, isRepeated: true,
                keepsPredictions: false, isWarmedUp: false, points: record.points)
            #expect(
                try message { _ = try local.tree.begin(record, .resume) }
                    .contains(#"machine.processor: expected "test", found "another""#))
        }
    }

    @Test("--extend adds points and runs, and refuses a point with other settings")
    func extend() throws {
        try LocalTree.with { local in
            try local.run(try LocalTree.plan(size: "25MB", threads: [2], runs: 1))
            let extended = try local.run(try LocalTree.plan(size: "25MB", threads: [1, 2], runs: 2), .extend).record
            let folder = "result-partition-25MB/25MB/Threads/"
            #expect(extended.points.map(\.path) == [folder + "2", folder + "1"])
            #expect(extended.runs.map(\.path) == ["2/1", "1/1", "2/2", "1/2"].map { folder + $0 })
            let other = try ExperimentPlan(
                sweeps: [.threads([2])],
                defaults: ExperimentDefaults(
                    size: try #require(DataVolume("25MB")), batchSize: 64, partition: 25, threads: 2), runs: 1,
                isGrid: false)
            #expect(try message { try local.run(other, .extend) }.contains("batch_size: expected 512, found 64"))
        }
    }

    @Test("An experiment refuses a foreign folder, and starts in an empty one")
    func folders() throws {
        try LocalTree.with { local in
            let plan = try LocalTree.plan(size: "25MB", threads: [2], runs: 1)
            let path = local.tree.path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: path + "/notes.txt"))
            #expect(try message { try local.run(plan) }.contains("found 'notes.txt'"))
            try Data().write(to: URL(fileURLWithPath: path + "/experiment.json"))
            #expect(try message { try local.run(plan, .resume) }.contains("expected the record of an experiment"))
            try FileManager.default.removeItem(atPath: path)
            #expect(try local.run(plan, .resume).record.runs.count == 1)
        }
    }

    /// By sha256sum.
    @Test("Weights are identified by their SHA-256")
    func digest() throws {
        let weights = try ExperimentRecord.Weights(name: "w", path: Fixture.path("tiny/normalcell.pt"))
        #expect(weights.sha256 == "7d8f8a3174ecba914a704c4cca78e118ac855d9f681d47d159576bda00e4b15b")
        #expect(throws: Failure.self) { try ExperimentRecord.Weights(name: "w", path: "/none") }
    }
}
