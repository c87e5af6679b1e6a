import Foundation
import Inference
import Platform
import Testing

@testable import Experiment

@Suite("Untrusted experiment.json files")
struct HostileRecordTests {
    /// A replaced string of a valid record, its replacement, and part of the error.
    private static let changes: [(String, String, String)] = [
        ("\"runs\" : 2,", "\"runs\" : -1,", "points[0].runs: expected 1 to 1000, found -1"),
        (
            "\"runs\" : 2,", "\"runs\" : 9223372036854775807,",
            "points[0].runs: expected 1 to 1000, found 9223372036854775807"
        ),
        ("\"partitions\" : 2,", "\"partitions\" : 1000000000,", "points[0].partitions: expected 1 to 100000"),
        (
            "\"partition_mb\" : 25,", "\"partition_mb\" : 0,",
            "points[0].partition_mb: expected 25, 50, 75 or 100, found 0"
        ),
        ("\"size\" : \"50MB\"", "\"size\" : \"..\"", "points[0].size: expected one such as 1GB, found '..'"),
        (
            "\"path\" : \"result-", "\"path\" : \"../../result-",
            "points[0].path: expected result-partition-25MB/50MB, found '../../re"
        ),
        ("50MB/Threads/1\"", "50MB/Threads/3\"", "points[0].path: expected result-partition-25MB/50MB, found"),
        ("50MB/Threads/1\"", "50MB\"", ""), ("50MB/Threads/1\"", "50MB/Batches/512\"", ""),
        ("\"batch_size\" : 512,", "\"batch_size\" : 0,", "points[0].batch_size: expected 1 to 1048576, found 0"),
        ("\"threads\" : 1\n", "\"threads\" : 2\n", "points[0].path: expected"),
        ("\"data_gb\" : 0.05,", "\"data_gb\" : 1e300,", "points[0].data_gb"),
        ("\"points\" : [", "\"points\" : {", "expected the record of an experiment, found something else"),
    ]

    private static func record() throws -> (LocalTree, String) {
        let local = LocalTree(folder: "", tree: ExperimentTree("t"))
        return (local, String(decoding: try local.planned(try LocalTree.plan()).encoded(), as: UTF8.self))
    }

    @Test("An experiment.json with a value that no experiment writes is refused in one line", arguments: changes)
    func refused(change: (String, String, String)) throws {
        let (local, sound) = try Self.record()
        let text = sound.replacingFirst(change.0, with: change.1)
        #expect(text != sound)
        guard !change.2.isEmpty else {
            #expect(try ExperimentRecord(json: Array(text.utf8), name: "e.json").plan.runs.count == 4)
            return
        }
        let error = #expect(throws: Failure.self) {
            try ExperimentRecord(json: Array(text.utf8), name: "e.json")
        }
        let line = error?.description ?? ""
        #expect(line.hasPrefix("e.json: ") && line.contains(change.2), "\(line)")
        #expect(try ExperimentRecord(json: Array(sound.utf8), name: "e.json") == local.planned(try LocalTree.plan()))
    }

    @Test("An experiment.json with a duplicate point or too many runs is refused")
    func lists() throws {
        let (local, _) = try Self.record()
        var record = try local.planned(try LocalTree.plan())
        record.points.append(record.points[0])
        #expect(throws: Failure.self) { try ExperimentRecord(json: try record.encoded(), name: "e") }
        record.points.removeLast()
        record.points = (1...101).map { (threads: Int) in
            ExperimentPoint(
                path: "result-partition-25MB/50MB/Threads/\(threads)", partition: 25, size: "50MB", gigabytes: 0.05,
                batchSize: 512, threads: threads, partitions: 2, runs: 1000, sweeps: [])
        }
        let error = #expect(throws: Failure.self) {
            try ExperimentRecord(json: try record.encoded(), name: "e")
        }
        #expect(error?.description.contains("expected at most 100000 runs in all, found 101000") == true)
        record.points.removeLast()
        #expect(try ExperimentRecord(json: try record.encoded(), name: "e") == record)
    }

    @Test("Counts of galaxies that overflow are refused")
    func galaxies() throws {
        let point = ExperimentPoint(
            path: "p", partition: 30, size: "50MB", gigabytes: 0.05, batchSize: 512, threads: 1, partitions: 2, runs: 1,
            sweeps: [])
        let rank = "\"num_samples\":9223372036854775807,\"batch_size\":512"
        #expect(throws: Failure.self) {
            try RunCheck(Array("[{\"rank\":0,\(rank)},{\"rank\":1,\(rank)}]".utf8), of: point, name: "p/1")
        }
    }
}

extension String {
    fileprivate func replacingFirst(_ text: String, with other: String) -> String {
        range(of: text).map { replacingCharacters(in: $0, with: other) } ?? self
    }
}
