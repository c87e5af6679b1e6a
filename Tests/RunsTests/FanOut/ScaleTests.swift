import AstroMAE
import Cloud
import Foundation
import Inference
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Runs of many partitions and many ranks")
struct ScaleTests {
    /// Partitions of one galaxy, whose names are long.
    private static func store(partitions: Int) -> FakeStore {
        FakeStore(
            Dictionary(
                uniqueKeysWithValues: (0..<partitions).map {
                    ("p/a-folder-with-a-name-and-another-one-in-it/\($0).pt", [1, 2, 3])
                }))
    }

    /// Writes what a worker does that has read the event, without computing.
    private static func work(_ event: [UInt8], in store: FakeStore) throws {
        let item = try WorkerItem(try JSONValue.parse(event, name: "item")).resolved(in: store)
        var table = RankTable.header
        for (key, label) in zip(item.dataPaths, item.objectLabels) {
            table += "\(label):0,\(InputList.lastComponent(key)),0,0.5,0.25,0\n".utf8
        }
        var result = RankResult()
        (result.rank, result.worldSize, result.runID) = (item.rank, item.worldSize, item.runID)
        (result.dataPaths, result.etags, result.rows) = (item.dataPaths, item.etags, item.rows)
        (result.galaxies, result.seconds, result.batchSize) = (item.dataPaths.count, 1, item.batchSize)
        (result.weightsSHA256, result.arithmetic) = ("00", try Arithmetic.usual.description)
        result.choices = ["missing": MissingValues.usual.text]
        (result.predictionBytes, result.predictionSHA256) = (table.count, SHA256Digest.hash(table).hexadecimal)
        result.predictionETag = try store.put(bucket: "r", key: item.keys.predictions(item.rank), table)
        try store.put(bucket: "r", key: item.keys.result(item.rank), try JSONFile.encoded(result))
        #expect(try FanOutHandlers.answer(result).count < 256 << 10)
    }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    @Test("Partitions in few ranks, and as many ranks, end in one table", arguments: [true, false])
    func manyEndurance(isFew: Bool) throws {
        let count = TestRun.isEndurance ? 100_000 : isFew ? 8_000 : 500
        let ranks = isFew ? TestRun.isEndurance ? 10 : 2 : count
        let store = Self.store(partitions: count)
        let handlers = FanOutHandlers(store: store, environment: [:], threads: 2)
        var input = Buckets.input(["bucket": .string("r")])
        if isFew { input = Buckets.input(["bucket": .string("r"), "ranks": .integer(ranks)]) }
        var times: [Double] = []
        var answer: [UInt8] = []
        times.append(
            try Self.seconds { answer = try handlers.handle(.initialize, event: input.encoded(), deadline: nil) })
        #expect(answer.count < 256 << 10)
        let begun = try JSONValue.parse(answer, name: "answer")
        let key = try #require(begun["items"]?["key"]?.string)
        let items = try JSONValue.parse(try store.get(bucket: "r", key: key), name: key).array
        #expect(items.count == ranks)
        // What is said of thousands of partitions is in an object of its own.
        #expect(isFew == (items[0]["ITEM"] != nil))
        try times.append(
            Self.seconds {
                for item in items {
                    let event = try item.encoded()
                    #expect(event.count < 256 << 10)
                    try Self.work(event, in: store)
                }
            })
        times.append(
            try Self.seconds { answer = try handlers.handle(.summarize, event: answer, deadline: nil) })
        #expect(answer.count < 256 << 10)
        #expect(try JSONValue.parse(answer, name: "answer")["galaxies"] == .integer(count))
        let table = try store.get(bucket: "r", key: "run/predictions.csv")
        #expect(table.count { $0 == 10 } == count + 1)
        // A second time: all results are valid.
        if isFew || !TestRun.isEndurance, case .object(var fields) = input {
            fields["resume"] = .bool(true)
            times.append(
                try Self.seconds {
                    answer = try handlers.handle(.initialize, event: JSONValue.object(fields).encoded(), deadline: nil)
                })
            #expect(try JSONValue.parse(answer, name: "answer")["pending"] == .integer(0))
            #expect(store.state.withLock { $0.objects.keys.contains { $0.contains("/items/") } } == false)
        }
        guard TestRun.isEndurance else { return }
        let text = times.map { String(format: "%.1f s", $0) }.joined(separator: ", ")
        print(
            "\(count) partitions, \(items.count) ranks: initialize, work, summarize, resume in \(text); peak memory of "
                + "the process \(ProcessFigures.peakMemory >> 20) MiB")
    }

    @Test("A short item whose whole is of another rank or run is refused")
    func whole() throws {
        try Buckets.with(threePartitions) { buckets in
            let items = try buckets.initialize(["ranks": .integer(2)]).items
            let place = S3Location(bucket: "results", key: items[0].keys.item(0))
            try buckets.store.put(bucket: place.bucket, key: place.key, try items[0].json.encoded())
            let short = try WorkerItem(items[0].json(whole: place))
            #expect(short.dataPaths.isEmpty)
            let result = try buckets.handlers.worker.run(short)
            #expect(result.dataPaths == items[0].dataPaths && result.galaxies == 30)
            let other = try WorkerItem(items[1].json(whole: place))
            let error = #expect(throws: Failure.self) { try buckets.handlers.worker.run(other) }
            #expect(error?.description.contains("expected the item of rank 1 of this run, found another") == true)
        }
    }
}
