import AstroMAE
import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

private func galaxies(_ folder: String, _ names: [String], for model: RedshiftModel) throws -> [PartitionReader] {
    try names.map { name in
        try PartitionReader(
            InputFile(path: "\(folder)/\(name)", label: name), for: model)
    }
}

private func tinyModel() throws -> RedshiftModel {
    try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")))
}

@Test("A run resumes from the journal of an interrupted one, galaxy by galaxy", arguments: [1, 5, 30, 70])
func resumesAnywhere(limit: Int) throws {
    let model = try tinyModel()
    try Fixture.withTemporaryFolder { folder in
        for name in ["a", "b"] { try TensorTable.partition().write(to: "\(folder)/\(name)") }
        let partitions = try galaxies(folder, ["a", "b"], for: model)
        let whole = try BatchRunner(model: model).run(partitions)
        let path = folder + "/z.partial"
        do {
            let journal = try PredictionJournal(path: path)
            try journal.begin(identity: "a run")
            _ = try BatchRunner(model: model, threads: 2, batchSize: 4)
                .run(partitions, galaxies: 0..<limit, journal: journal)
            #expect(journal.finished.ranges == [0..<limit])
        }
        let journal = try PredictionJournal(path: path)
        #expect(journal.identity == "a run")
        let earlier = try #require(try journal.replay(count: 74))
        #expect(earlier.finished.ranges == [0..<limit])
        let resumed = try BatchRunner(model: model, threads: 2, batchSize: 16)
            .run(partitions, galaxies: 0..<Int.max, journal: journal, earlier: earlier)
        #expect(resumed.run.computed == 74 - limit)
        #expect(resumed.redshifts.map(\.bitPattern) == whole.redshifts.map(\.bitPattern))
        #expect(journal.finished.ranges == [0..<74])
        #expect(journal.finished.verified.isSuperset(of: [0..<37, 37..<74]))
    }
}

@Test("Galaxies of a partition with wrong checksums are removed from the journal", arguments: [1, 2])
func rejectsDamagedPartition(threads: Int) throws {
    let model = try tinyModel()
    try Fixture.withTemporaryFolder { folder in
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixture.path("tiny/partition.pt"))))
        var bad = good
        bad[bad.count / 2] ^= 1
        for (name, bytes) in [("a.pt", good), ("b.pt", bad), ("c.pt", good)] {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let path = folder + "/z.partial"
        let partitions = try galaxies(folder, ["a.pt", "b.pt", "c.pt"], for: model)
        do {
            let journal = try PredictionJournal(path: path)
            try journal.begin(identity: "")
            #expect(throws: Failure.self) {
                try BatchRunner(model: model, threads: threads, batchSize: 4)
                    .run(partitions, galaxies: 0..<111, journal: journal)
            }
            #expect(journal.finished.gaps(in: 37..<74) == [37..<74])
        }
        try Data(good).write(to: URL(fileURLWithPath: folder + "/b.pt"))
        let journal = try PredictionJournal(path: path)
        let earlier = try #require(try journal.replay(count: 111))
        #expect(earlier.finished.gaps(in: 37..<74) == [37..<74])
        let mended = try galaxies(folder, ["a.pt", "b.pt", "c.pt"], for: model)
        let resumed = try BatchRunner(model: model, threads: threads)
            .run(mended, galaxies: 0..<111, journal: journal, earlier: earlier)
        let whole = try BatchRunner(model: model).run(mended)
        #expect(resumed.redshifts.map(\.bitPattern) == whole.redshifts.map(\.bitPattern))
    }
}

@Test("A galaxy removed from the journal has neither a redshift nor flags")
func takenBack() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z.partial"
        do {
            let journal = try PredictionJournal(path: path)
            try journal.begin(identity: "")
            try journal.append(0..<4, redshifts: [1, 2, 3, .nan], flags: [[], [], [], .imageZero])
            try journal.reject(2..<4)
        }
        let journal = try PredictionJournal(path: path)
        var earlier = try #require(try journal.replay(count: 6))
        #expect(earlier.finished.ranges == [0..<2])
        #expect(earlier.redshifts.prefix(2) == [1, 2] && earlier.redshifts.dropFirst(2).allSatisfy(\.isNaN))
        #expect(earlier.flags == [PredictionFlags](repeating: [], count: 6))
        try journal.drop(0..<1, from: &earlier)
        #expect(earlier.redshifts[0].isNaN && earlier.redshifts[1] == 2)
    }
}

@Test("In strict mode, flags of an earlier run are errors; a changed file is an error when rows are written")
func strictAndUnchanged() throws {
    let model = try tinyModel()
    try Fixture.withTemporaryFolder { folder in
        try TensorTable.partition().write(to: folder + "/a")
        let partitions = try galaxies(folder, ["a"], for: model)
        do {
            let journal = try PredictionJournal(path: folder + "/z.partial")
            try journal.begin(identity: "")
            try journal.append(3..<5, redshifts: [0.5, .nan], flags: [[], .imageZero])
        }
        let journal = try PredictionJournal(path: folder + "/z.partial")
        let earlier = try #require(try journal.replay(count: 37))
        let error = try #require(throws: Failure.self) {
            try BatchRunner(model: model).run(partitions, galaxies: 0..<37, earlier: earlier, isStrict: true)
        }
        #expect(error.description == "\(folder)/a: row 4: expected a galaxy, found image all zero")
        let predictions = try BatchRunner(model: model).run(partitions, galaxies: 0..<37, earlier: earlier)
        #expect(predictions.flags[4] == .imageZero && predictions.redshifts[3] == 0.5)
        // A few bytes less, within a page: redshifts of the last galaxies are read as zeros.
        let size = try Data(contentsOf: URL(fileURLWithPath: folder + "/a")).count
        #expect(truncate(folder + "/a", off_t(size - 100)) == 0)
        #expect(throws: Failure.self) {
            try PredictionWriter.write(predictions, to: folder + "/z.csv", format: .csv)
        }
        #expect(!FileManager.default.fileExists(atPath: folder + "/z.csv"))
    }
}

@Test("Closing removes a journal without galaxies, unless it was not read")
func emptyJournal() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z.partial"
        let journal = try PredictionJournal(path: path)
        try journal.begin(identity: "x")
        journal.close()
        #expect(!FileManager.default.fileExists(atPath: path))
        do {
            let journal = try PredictionJournal(path: path)
            try journal.begin(identity: "x")
            try journal.append(0..<2, redshifts: [0.5, .nan], flags: [[], .imageZero])
        }
        try PredictionJournal(path: path).close()
        let again = try PredictionJournal(path: path)
        let earlier = try #require(try again.replay(count: 2))
        #expect(earlier.redshifts[0] == 0.5 && earlier.redshifts[1].isNaN)
        #expect(earlier.flags == [[], .imageZero])
        // A journal of more galaxies than the run has is refused.
        #expect(throws: Failure.self) { try again.replay(count: 1) }
    }
}
