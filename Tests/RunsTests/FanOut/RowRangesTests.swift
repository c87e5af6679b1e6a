import Cloud
import Foundation
import Inference
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Partitions that are split among ranks by rows")
struct RowRangesTests {
    @Test("Ranks have at most so many galaxies, and partitions that fit are whole")
    func shares() throws {
        func ranks(_ counts: [Int?], _ most: Int, isJoined: Bool = true) throws -> [[String]] {
            let objects = counts.indices.map { ObjectInfo(key: "\($0)", size: 1, etag: "e") }
            let shares = try RankShares(objects, galaxies: counts, most: most, isJoined: isJoined)
            var ranks = [[String]](repeating: [], count: shares.ranks)
            for part in shares.partitions {
                ranks[part.rank].append(part.key + (part.rows.map { ":\($0)" } ?? ""))
            }
            return ranks
        }
        #expect(try ranks([20, 10, 7], 37) == [["0", "1", "2"]])
        #expect(try ranks([20, 10, 7], 30) == [["0", "1"], ["2"]])
        #expect(
            try ranks([20, 10, 7], 9) == [["0:0..<7"], ["0:7..<14"], ["0:14..<20"], ["1:0..<5"], ["1:5..<10"], ["2"]])
        #expect(try ranks([2, 2, 5, 1], 4) == [["0", "1"], ["2:0..<3"], ["2:3..<5"], ["3"]])
        #expect(try ranks([3, nil, 20, 3], 10, isJoined: false) == [["0"], ["1"], ["2:0..<10"], ["2:10..<20"], ["3"]])
        let error = #expect(throws: Failure.self) { try ranks([1 << 50, 1 << 50], 1) }
        #expect(error?.kind == .usage)
    }

    @Test("The table of a run with cut partitions has the bytes of one without", arguments: [1, 4, 9, 25, 1000])
    func table(most: Int) throws {
        try Buckets.with(threePartitions) { buckets in
            #expect(try buckets.run(["result_path": .string("whole"), "ranks": .integer(1)]).isTolerable)
            let begun = try buckets.initialize(["rank_galaxies": .integer(most)])
            #expect(try RunManifest(begun.manifest.json, name: "m") == begun.manifest)
            #expect(begun.items.allSatisfy { $0.rows.isEmpty == ($0.json["ROWS"] == nil) })
            #expect(try begun.items.map(\.json) == begun.items.map { try WorkerItem($0.json).json })
            #expect(buckets.work(begun.items).isEmpty)
            let report = try buckets.summarize(begun)
            #expect((report.failedCount, report.galaxies) == (0, 37))
            #expect(try buckets.bytes("run/predictions.csv") == buckets.bytes("whole/predictions.csv"))
            for key in ["inputs", "weights", "settings"] {
                let (cut, whole) = (
                    try buckets.json("run/predictions.csv.run.json")[key],
                    try buckets.json("whole/predictions.csv.run.json")[key]
                )
                #expect(cut == whole && cut != nil)
            }
        }
    }

    @Test("A result of other rows is refused, and a resumed run has to be cut in the same way")
    func checks() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["rank_galaxies": .integer(8)])
            #expect(begun.items.count == 6 && begun.items[1].rows == [7..<14])
            buckets.work(begun.items)
            let key = try buckets.key("run/@/1.json")
            let text = String(decoding: try buckets.bytes(key), as: UTF8.self)
            #expect(text.contains("\"data_rows\":[[7,14]]"))
            let other = text.replacing("\"data_rows\":[[7,14]]", with: "\"data_rows\":[[6,13]]")
            try buckets.store.put(bucket: "results", key: key, Array(other.utf8))
            let resumed = try buckets.initialize(["rank_galaxies": .integer(8), "resume": .bool(true)])
            #expect(resumed.items.map(\.rank) == [1])
            #expect(
                resumed.warnings.contains { $0.contains("data_rows: expected '7-13', found '6-12'") },
                "\(resumed.warnings)")
            for change in [["rank_galaxies": JSONValue.integer(6)], [:]] {
                let error = #expect(throws: Failure.self) {
                    try buckets.initialize(change.merging(["resume": .bool(true)]) { $1 })
                }
                #expect(error?.description.contains("resume: expected") == true)
            }
        }
    }

    @Test("rank_galaxies excludes what states the number of ranks", arguments: ["ranks", "world_size", "repeat"])
    func exclusive(key: String) throws {
        let error = #expect(throws: Failure.self) {
            try InitializeInput(Buckets.input([key: .integer(2), "rank_galaxies": .integer(2)]))
        }
        #expect(error?.kind == .usage && error?.message.contains("rank_galaxies or \(key)") == true)
    }

    @Test("A partition with more galaxies than a worker can compute in its time is split with a warning")
    func unasked() throws {
        try Buckets.with(threePartitions) { buckets in
            // 16 galaxies a second, in 0.8 s of which one is for the start.
            let environment = ["CAI_WORKER_MEMORY": "128", "CAI_WORKER_TIMEOUT": "2.3"]
            let begun = try Initialize(store: buckets.store, environment: environment)
                .run(try InitializeInput(Buckets.input()))
            #expect(begun.items.map(\.rows) == [[0..<10], [10..<20], [], []])
            #expect(begun.warnings.contains { $0.contains("p/2.pt: has more galaxies than a worker can") })
            let asked = try Initialize(store: buckets.store, environment: environment)
                .run(try InitializeInput(Buckets.input(["ranks": .integer(2), "result_path": .string("asked")])))
            #expect(asked.items.allSatisfy(\.rows.isEmpty) && asked.warnings.isEmpty)
        }
    }

    @Test("A resumed run keeps its ranks where the memory and time of workers have changed")
    func otherWorkers() throws {
        try Buckets.with(threePartitions) { buckets in
            func initialize(_ seconds: String, _ more: [String: JSONValue] = [:]) throws -> InitializeResult {
                let environment = ["CAI_WORKER_MEMORY": "128", "CAI_WORKER_TIMEOUT": seconds]
                return try Initialize(store: buckets.store, environment: environment)
                    .run(try InitializeInput(Buckets.input(more)))
            }
            let (resume, whole) = (["resume": JSONValue.bool(true)], ["result_path": JSONValue.string("whole")])
            let begun = try initialize("2.3")
            #expect(begun.items.map(\.rows) == [[0..<10], [10..<20], [], []])
            let resumed = try initialize("900", resume)
            #expect(resumed.items == begun.items && resumed.manifest.ranks == 4 && resumed.warnings.isEmpty)
            #expect(try initialize("900", whole).items.map(\.rows) == [[], [], []])
            let other = try initialize("2.3", whole.merging(resume) { $1 })
            #expect(other.items.map(\.rows) == [[], [], []] && other.warnings.isEmpty)
            #expect(buckets.work(other.items).isEmpty && buckets.work(begun.items).isEmpty)
            #expect(try buckets.summarize(begun).isTolerable && buckets.summarize(other).isTolerable)
            #expect(try buckets.bytes("run/predictions.csv") == buckets.bytes("whole/predictions.csv"))

            // Rows of another object are not those of the run.
            try buckets.store.put(
                bucket: "data", key: "p/2.pt", try TensorTable.partition().rows(0..<25).bytes())
            let error = #expect(throws: Failure.self) { try initialize("900", resume) }
            #expect(error?.description.contains("resume: expected the 4 partitions") == true)
        }
    }

    @Test("A file that is not a partition fails its rank, not the run, unless galaxies have to be counted")
    func unreadable() throws {
        try Buckets.with(threePartitions) { buckets in
            try buckets.store.put(bucket: "data", key: "p/10.pt", [UInt8](repeating: 7, count: 1 << 20))
            let environment = ["CAI_WORKER_MEMORY": "128", "CAI_WORKER_TIMEOUT": "2.3"]
            let begun = try Initialize(store: buckets.store, environment: environment)
                .run(try InitializeInput(Buckets.input()))
            #expect(begun.items.map(\.rows) == [[0..<10], [10..<20], [], []])
            #expect(buckets.work(begun.items).keys.sorted() == [2])
            let error = #expect(throws: Failure.self) {
                try buckets.initialize(["rank_galaxies": .integer(10), "result_path": .string("other")])
            }
            #expect(error?.description.contains("p/10.pt") == true)
        }
    }

    @Test("Whole partitions may be more than the ranks that a split makes at most")
    func limit() throws {
        let objects = (0...InitializeInput.mostRanks).map { ObjectInfo(key: "\($0).pt", size: 1, etag: "") }
        let whole = [Int?](repeating: 1, count: objects.count)
        #expect(try RankShares(objects, galaxies: whole, most: 10, isJoined: false).ranks == objects.count)
        let error = #expect(throws: Failure.self) {
            try RankShares(objects, galaxies: whole, most: 1, isJoined: true)
        }
        #expect(error?.kind == .usage && error?.message.contains("at most 100000 ranks, found more") == true)
    }

    @Test("A rank reads the rows that it has")
    func bytes() throws {
        let bytes = try TensorTable.partition(copies: 12).bytes()
        let store = FakeStore(["p/1.pt": bytes])
        try Fixture.withTemporaryFolder { folder in
            let begun = try Initialize(store: store).run(
                try InitializeInput(Buckets.input(["rank_galaxies": .integer(111)])))
            let headers = store.state.withLock { state in state.gets.reduce(0) { $0 + $1.count } }
            #expect(headers < 1 << 20)
            #expect(begun.items.count == 4)
            let worker = Worker(store: store, environment: Buckets.environment(folder), threads: 2)
            for item in begun.items.dropFirst() {
                let read = try #require(try worker.run(item).store?.bytesRead)
                // Its rows, the ends of the object, and the rest of the blocks of 1 MiB at the ends of the rows.
                #expect(read < bytes.count / 4 + (5 << 19) + (64 << 10), "rank \(item.rank) read \(read)")
            }
        }
    }
}
