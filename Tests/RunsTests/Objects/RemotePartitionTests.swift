import AstroMAE
@testable import Cloud
import Inference
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Partitions in a store, computed while they are fetched")
struct RemotePartitionTests {
    let model: RedshiftModel
    let table: TensorTable

    init() throws {
        model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")), numHeads: 3)
        table = try TensorTable.partition(copies: 4)
    }

    private func reader(_ source: some ByteSource) throws -> PartitionReader {
        try PartitionReader(
            TensorFile.open(source, checksums: .deferred), source: "p", label: "p", imageShape: model.imageShape,
            magnitudeCount: model.magnitudeCount)
    }

    private func pool(_ store: FakeStore, limit: Int = 2 << 20) -> FetchPool {
        FetchPool(store, exchanges: 4, residentLimit: limit, blockSize: 64 << 10)
    }

    private func archive(_ kind: String) -> [UInt8] {
        switch kind {
        case "torch": table.torch().bytes
        case "npz": table.npz(deflated: false).bytes
        case "deflated": table.npz(deflated: true).bytes
        default: table.bytes()
        }
    }

    private func run(_ partitions: [PartitionReader], threads: Int = 2) throws -> Predictions {
        try BatchRunner(model: model, threads: threads, batchSize: 4).run(partitions)
    }

    @Test(
        "The same bits as from memory, checksums compared and redshifts read, and every byte transferred once",
        arguments: ["torch", "npz", "safetensors", "deflated"], [1, 3])
    func once(kind: String, threads: Int) throws {
        let bytes = archive(kind)
        let expected = try run([reader(MemorySource(name: "m", bytes: bytes))])
        let store = FakeStore(["p": bytes])
        // Deflated entries are inflated whole, and not released block by block.
        let limit = kind == "deflated" ? 8 << 20 : 2 << 20
        let pool = pool(store, limit: limit)
        let partition = try reader(pool.open(bucket: "b", key: "p"))
        let predictions = try run([partition], threads: threads)
        #expect(predictions.redshifts.map(\.bitPattern) == expected.redshifts.map(\.bitPattern))
        #expect(try predictions.knownRedshifts().spectroscopic == expected.knownRedshifts().spectroscopic)
        #expect(store.transfers(of: bytes.count).allSatisfy { $0 == 1 })
        #expect(pool.peakResidentBytes <= limit)
    }

    @Test("The first galaxies are computed before the last have arrived")
    func overlap() throws {
        let bytes = archive("torch")
        let store = FakeStore(["p": bytes])
        // The last block of images, not the end of the file, which has the zip directory.
        let held = bytes.count - (700 << 10)
        store.state.withLock { $0.isHeld = { $0.contains(held) } }
        let partition = try reader(pool(store, limit: 16 << 20).open(bucket: "b", key: "p"))
        let predictions = try BatchRunner(model: model, threads: 2, batchSize: 4).run([partition]) { progress in
            // Without overlap this condition never holds, and the run does not end.
            if progress.done > 0 { store.state.change { $0.isHeld = { _ in false } } }
        }
        #expect(predictions.flagCounts.flagged == 0)
        #expect(store.transfers(of: bytes.count).allSatisfy { $0 == 1 })
    }

    @Test("A damaged entry is found, whichever it is", arguments: [0, 1, 2], [1, 3])
    func damaged(index: Int, threads: Int) throws {
        var zip = table.torch()
        zip.entries[index + 1].checksum ^= 1
        let partition = try reader(pool(FakeStore(["p": zip.bytes])).open(bucket: "b", key: "p"))
        let error = try #require(throws: Failure.self) { try run([partition], threads: threads) }
        #expect(error.description.hasPrefix("s3://b/p: zip: entry 'archive/data/\(index)': CRC-32 is "))
    }

    @Test("An object that cannot be read to its end is an error, and the run ends", arguments: [1, 3])
    func broken(threads: Int) throws {
        let bytes = archive("torch")
        let store = FakeStore(["p": bytes])
        let partition = try reader(pool(store).open(bucket: "b", key: "p"))
        store.state.withLock {
            $0.failure = { $0.contains(2_000_000) ? Failure(.unavailable, "s3://b/p", "answers 503") : nil }
        }
        let error = try #require(throws: Failure.self) { try run([partition], threads: threads) }
        #expect(error.description == "s3://b/p: answers 503")
    }

    @Test("At the deadline no thread waits for bytes that have not arrived", .timeLimit(.minutes(1)))
    func deadline() throws {
        let store = FakeStore(["p": archive("torch")])
        let partition = try reader(pool(store).open(bucket: "b", key: "p"))
        store.state.withLock { $0.isHeld = { $0.contains(1_000_000) } }
        defer { store.state.change { $0.isHeld = { _ in false } } }
        let error = try #require(throws: Failure.self) {
            try BatchRunner(model: model, threads: 2, batchSize: 4).run([partition], until: ContinuousClock.now)
        }
        #expect(error == .stopped(done: 0, total: 148))
    }

    @Test("With a limit, other rows are read for checksums alone, within the memory limit")
    func limited() throws {
        var zip = table.torch()
        let store = FakeStore(["p": zip.bytes])
        let pool = pool(store)
        let runner = BatchRunner(model: model, threads: 2, batchSize: 4)
        #expect(try runner.run([reader(pool.open(bucket: "b", key: "p"))], limit: 10).redshifts.count == 10)
        #expect(store.transfers(of: zip.bytes.count).allSatisfy { $0 == 1 })
        #expect(pool.peakResidentBytes <= 2 << 20)
        zip.entries[1].checksum ^= 1
        let damaged = try reader(self.pool(FakeStore(["p": zip.bytes])).open(bucket: "b", key: "p"))
        #expect(throws: Failure.self) { try runner.run([damaged], limit: 10) }
    }

    @Test("Partitions of one pool are fetched one after another, each byte once")
    func several() throws {
        let names = (1...5).map { "\($0).pt" }
        let bytes = archive("torch")
        let store = FakeStore(Dictionary(uniqueKeysWithValues: names.map { ($0, bytes) }))
        let pool = pool(store, limit: 8 << 20)
        let partitions = try names.map { try reader(pool.open(bucket: "b", key: $0)) }
        // Only the two ends have been fetched.
        #expect(store.state.withLock { $0.gets.count } == 2 * names.count)
        let predictions = try run(partitions)
        #expect(predictions.redshifts.count == 5 * 148)
        #expect(store.transfers(of: bytes.count).allSatisfy { $0 == names.count })
        #expect(pool.peakResidentBytes <= 8 << 20)
    }

    @Test("More partitions than the memory limit has room for are computed within it")
    func many() throws {
        let names = (1...12).map { "\($0).pt" }
        let bytes = archive("torch")
        let store = FakeStore(Dictionary(uniqueKeysWithValues: names.map { ($0, bytes) }))
        let pool = pool(store, limit: 4 << 20)
        let partitions = try names.map { try reader(pool.open(bucket: "b", key: $0)) }
        #expect(try run(partitions).redshifts.count == 12 * 148)
        #expect(pool.peakResidentBytes <= 4 << 20)
    }
}
