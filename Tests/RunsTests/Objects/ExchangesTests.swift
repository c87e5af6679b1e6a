import Glibc
import Inference
import Synchronization
import TensorFiles
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Exchanges at a time")
struct ExchangesTests {
    private static let bytes = (0..<3000 << 10).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    private static let block = 64 << 10

    /// Reads the object in order, and releases it.
    private func read(_ source: ObjectSource) throws -> [UInt8] {
        var found: [UInt8] = []
        for start in stride(from: 0, to: source.byteCount, by: 100_000) {
            let range = start..<min(source.byteCount, start + 100_000)
            try source.withBytes(in: range) { (span: RawSpan) in found += span.withUnsafeBytes { Array($0) } }
            source.release(range)
        }
        return found
    }

    @Test("Bytes and checksums do not depend on their number", arguments: [1, 3, 40, nil] as [Int?])
    func bytes(exchanges: Int?) throws {
        let store = FakeStore(["o": Self.bytes])
        let pool = FetchPool(store, exchanges: exchanges, residentLimit: 1 << 20, blockSize: Self.block)
        let source = try pool.open(bucket: "b", key: "o")
        #expect(try read(source) == Self.bytes)
        #expect(try source.checksum(of: 0..<Self.bytes.count) == CRC32(Self.bytes))
        #expect(pool.peakResidentBytes <= 1 << 20)
    }

    @Test("However many are allowed, blocks underway are within the memory limit")
    func memory() throws {
        let store = FakeStore(["o": Self.bytes])
        store.state.withLock { $0.isHeld = { _ in true } }
        let pool = FetchPool(store, exchanges: 200, residentLimit: 1 << 20, blockSize: Self.block)
        let source = try pool.open(bucket: "b", key: "o")
        source.prefetch(0..<source.byteCount)
        // Two ends of 64 and up to 576 KiB, and blocks of 64 KiB.
        try store.wait(for: "as many as fit") { $0.underway >= 7 }
        #expect(pool.residentBytes <= 1 << 20)
        store.state.change { $0.isHeld = { _ in false } }
        #expect(try read(source) == Self.bytes)
        #expect(store.state.withLock { $0.mostUnderway } <= 16)
        #expect(pool.peakResidentBytes <= 1 << 20)
    }

    @Test("A refusal for too many requests halves them, once for those that had begun")
    func refusals() throws {
        let store = FakeStore(["o": Self.bytes])
        store.state.withLock { $0.isHeld = { _ in true } }
        let pool = FetchPool(store, residentLimit: 32 << 20, blockSize: Self.block)
        #expect(pool.exchangeLimit == FetchPool.initialExchanges)
        let source = try pool.open(bucket: "b", key: "o")
        source.prefetch(0..<source.byteCount)
        // All of the first have begun before one is refused; the others are held.
        let (all, half) = (FetchPool.initialExchanges, FetchPool.initialExchanges / 2)
        try store.wait(for: "the first requests") { $0.underway == all }
        store.state.change { state in
            let first = Set(state.gets)
            state.isThrottled = { first.contains($0) }
            state.isHeld = { !first.contains($0) }
        }
        try store.wait(for: "half as many requests") { $0.gets.count == all + half && $0.underway == half }
        #expect(pool.exchangeLimit == half)
        store.state.change { $0.isHeld = { _ in false } }
        #expect(try read(source) == Self.bytes)
    }

    @Test("No thread is left when there is nothing to fetch")
    func threads() throws {
        let store = FakeStore(["o": Self.bytes])
        let pool = FetchPool(store, exchanges: 8, blockSize: Self.block)
        let source = try pool.open(bucket: "b", key: "o")
        source.prefetch(0..<source.byteCount)
        #expect(try read(source) == Self.bytes)
        pool.waitForThreads()
        #expect(store.state.withLock { $0.underway } == 0)
    }

    @Test("Readers fetch what they wait for where the system gives no thread, or few", arguments: [nil, 1, 3], [1, 4])
    func fewThreads(every: Int?, readers: Int) throws {
        let store = FakeStore(["o": Self.bytes])
        let starts = Mutex(0)
        let pool = FetchPool(store, exchanges: 4, residentLimit: 1 << 20, blockSize: Self.block) { body in
            let number = starts.withLock { count in
                count += 1
                return count
            }
            guard let every, number % (every + 1) == 0 else { return nil }
            return WorkerThread(body)
        }
        let source = try pool.open(bucket: "b", key: "o")
        let right = Mutex(0)
        let count = WorkerThreads.run(count: readers, whileWaiting: {}) {
            let isRight = (try? read(source)) == Self.bytes
            right.withLock { $0 += isRight ? 1 : 0 }
        }
        #expect(count == readers && right.withLock { $0 } == readers)
        #expect(try source.checksum(of: 0..<Self.bytes.count) == CRC32(Self.bytes))
        pool.waitForThreads()
    }

    @Test(
        "A reader that fetches wakes the others that wait for its block, also where it fails", arguments: [false, true])
    func readersOfOneBlock(fails: Bool) throws {
        let store = FakeStore(["o": Array(Self.bytes.prefix(Self.block))])
        store.state.withLock { state in
            state.isHeld = { _ in true }
            if fails { state.failure = { _ in Failure(.unavailable, "s3://b/o", "answers 503") } }
        }
        let pool = FetchPool(store, exchanges: 4, residentLimit: 1 << 20, blockSize: Self.block) { _ in nil }
        let source = try pool.open(bucket: "b", key: "o")
        let ended = Mutex(0)
        for _ in 0..<3 {
            let reader = WorkerThread {
                _ = try? read(source)
                ended.withLock { $0 += 1 }
            }
            try #require(reader != nil)
        }
        try store.wait(for: "a request underway") { $0.underway > 0 }
        // The other readers begin to wait; one that comes later ends at once.
        usleep(20_000)
        store.state.change { $0.isHeld = { _ in false } }
        try wait(for: "the end of all readers", found: { "\(ended.withLock { $0 }) of 3" }) {
            ended.withLock { $0 } == 3
        }
    }

    @Test("An error that a reader meets while it fetches is the object's")
    func failureWithoutThreads() throws {
        let store = FakeStore(["o": Self.bytes])
        store.state.withLock { $0.failure = { _ in Failure(.unavailable, "s3://b/o", "answers 503") } }
        let pool = FetchPool(store, exchanges: 4, residentLimit: 1 << 20, blockSize: Self.block) { _ in nil }
        let source = try pool.open(bucket: "b", key: "o")
        let error = #expect(throws: Failure.self) { try read(source) }
        #expect(error?.description == "s3://b/o: answers 503")
    }
}
