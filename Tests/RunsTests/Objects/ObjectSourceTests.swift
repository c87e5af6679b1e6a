import AstroMAE
@testable import Cloud
import Inference
import Synchronization
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

/// Bytes in which adjacent words differ.
private func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13 ^ $0) }
}

private let kilobyte = 1 << 10

@Suite("Objects are fetched ahead, in bounded memory, and once")
struct ObjectSourceTests {
    private func open(
        _ store: FakeStore, _ key: String = "o", threads: Int = 4, limit: Int = 1 << 30
    ) throws -> ObjectSource {
        try FetchPool(store, exchanges: threads, residentLimit: limit, blockSize: 64 * kilobyte)
            .open(bucket: "b", key: key)
    }

    @Test(
        "Every byte is right for concurrent readers and releases",
        arguments: [1, 100, 64 * kilobyte, 64 * kilobyte + 1, 600 * kilobyte, 3000 * kilobyte + 17],
        [64 * kilobyte, 1 << 30])
    func everyByte(size: Int, limit: Int) throws {
        let bytes = bytes(size)
        let source = try open(FakeStore(["o": bytes]), limit: limit)
        #expect(source.byteCount == size)
        let wrong = Atomic<Int>(0)
        let next = Atomic<Int>(0)
        ParallelLoop.threads(6)(6) { (thread: Int) throws(Never) in
            var random = UInt64(thread + 1)
            for _ in 0..<60 {
                random = random &* 6_364_136_223_846_793_005 &+ 1
                let start = Int(random >> 33) % size
                let end = min(size, start + 1 + Int(random >> 20) % 200_000)
                let isRight = try? source.withBytes(in: start..<end) { (span: RawSpan) in
                    span.withUnsafeBytes { Array($0) } == Array(bytes[start..<end])
                }
                if isRight != true { wrong.add(1, ordering: .relaxed) }
                if thread % 2 == 0 { source.release(start..<end) }
                if thread == 3 { source.prefetch(start..<end) }
                next.add(1, ordering: .relaxed)
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(next.load(ordering: .relaxed) == 360)
    }

    @Test("Ranges outside the object are refused, empty ones are empty")
    func ranges() throws {
        let source = try open(FakeStore(["o": bytes(1000)]))
        #expect(throws: Failure.self) { try source.withBytes(in: 999..<1001) { _ in } }
        #expect(try source.withBytes(in: 1000..<1000) { $0.byteCount } == 0)
    }

    @Test("A sequential read fetches every byte once, within the memory limit")
    func inOrder() throws {
        let size = 4000 * kilobyte
        let store = FakeStore(["o": bytes(size)])
        let limit = 1024 * kilobyte
        let pool = FetchPool(store, exchanges: 4, residentLimit: limit, blockSize: 64 * kilobyte)
        let source = try pool.open(bucket: "b", key: "o")
        for start in stride(from: 0, to: size, by: 10_000) {
            let range = start..<min(size, start + 10_000)
            _ = try source.withBytes(in: range) { $0.byteCount }
            source.release(range)
        }
        #expect(store.transfers(of: size).allSatisfy { $0 == 1 })
        #expect(pool.peakResidentBytes <= limit)
        #expect(pool.peakResidentBytes > limit / 2)
        #expect(store.state.withLock { $0.heads } == 1)
    }

    @Test("Prefetching stops at the limit, and continues when memory is released")
    func readsAhead() throws {
        let size = 4000 * kilobyte
        let store = FakeStore(["o": bytes(size)])
        store.state.withLock { $0.isHeld = { _ in true } }
        let source = try open(store, limit: 1024 * kilobyte)
        source.prefetch(0..<size)
        // All threads fetch at the same time.
        try store.wait(for: "four requests at the same time") { $0.underway == 4 }
        store.state.change { $0.isHeld = { _ in false } }
        // The two ends, and blocks of 64 KB up to the limit.
        try store.wait(for: "eight blocks") { $0.gets.count >= 8 && $0.underway == 0 }
        let first = try source.withBytes(in: 0..<1) { _ in store.state.withLock { $0.gets.count } }
        source.release(64 * kilobyte..<192 * kilobyte)
        try store.wait(for: "two more blocks") { $0.gets.count >= first + 2 }
        #expect(store.transfers(of: size).allSatisfy { $0 <= 1 })
    }

    @Test("One read may need more than the limit")
    func oneLargeRead() throws {
        let size = 2000 * kilobyte
        let bytes = bytes(size)
        let pool = FetchPool(
            FakeStore(["o": bytes]), exchanges: 2, residentLimit: 100 * kilobyte, blockSize: 64 * kilobyte)
        let source = try pool.open(bucket: "b", key: "o")
        #expect(try source.withBytes(in: 0..<size) { $0.byteCount } == size)
        #expect(pool.peakResidentBytes == size)
        source.release(0..<size)
        #expect(pool.residentBytes <= 64 * kilobyte + 576 * kilobyte)
    }

    @Test("Checksums are those of the bytes, read or not, in memory or not", arguments: [false, true])
    func checksums(isRead: Bool) throws {
        let size = 2000 * kilobyte + 5
        let bytes = bytes(size)
        let store = FakeStore(["o": bytes])
        let source = try open(store)
        let memory = MemorySource(name: "m", bytes: bytes)
        if isRead {
            for start in stride(from: 0, to: size, by: 50_000) {
                let range = start..<min(size, start + 50_000)
                _ = try source.withBytes(in: range) { $0.byteCount }
                if start > 0, start + 50_000 < size { source.release(range) }
            }
        }
        for range in [0..<size, 1..<size - 1, 70_000..<70_001, 65_536..<131_072, 100_000..<1_500_000, 5..<5] {
            #expect(try source.checksum(of: range) == memory.checksum(of: range))
        }
    }

    @Test("An error reaches every reader, names the object, and stays")
    func errors() throws {
        let size = 2000 * kilobyte
        let store = FakeStore(["o": bytes(size)])
        store.state.withLock {
            $0.failure = { $0.contains(1_000_000) ? Failure(.unavailable, "s3://b/o", "answers 503") : nil }
        }
        let source = try open(store)
        let errors = Mutex<[String]>([])
        ParallelLoop.threads(4)(4) { (_: Int) throws(Never) in
            do throws(Failure) {
                _ = try source.withBytes(in: 0..<size) { $0.byteCount }
            } catch {
                errors.withLock { $0.append(error.description) }
            }
        }
        #expect(errors.withLock { $0 } == [String](repeating: "s3://b/o: answers 503", count: 4))
        store.state.withLock { $0.failure = { _ in nil } }
        #expect(throws: Failure(.unavailable, "s3://b/o", "answers 503")) {
            try source.withBytes(in: 0..<1) { _ in }
        }
    }

    @Test("An object that changes while it is read is an error")
    func changed() throws {
        let store = FakeStore(["o": bytes(2000 * kilobyte)])
        let source = try open(store)
        _ = try source.withBytes(in: 0..<1) { $0.byteCount }
        try store.put(bucket: "b", key: "o", bytes(2000 * kilobyte))
        #expect(throws: Failure(.conflict, "s3://b/o", "has changed")) {
            try source.withBytes(in: 0..<source.byteCount) { _ in }
        }
    }

    @Test("An answer that is too short is an error")
    func short() throws {
        let store = FakeStore(["o": bytes(1000)])
        store.state.withLock { $0.missing = 1 }
        let source = try open(store)
        #expect(throws: Failure("s3://b/o", "bytes 0..<1000: expected 1000, found 999")) {
            try source.withBytes(in: 0..<1) { _ in }
        }
    }

    @Test("Missing and empty objects are refused")
    func notThere() {
        let store = FakeStore(["e": []])
        #expect(throws: Failure("s3://b/o", "there is no such object")) { try open(store) }
        #expect(throws: Failure("s3://b/e", "is empty")) { try open(store, "e") }
    }

    @Test("No thread is left when the sources are gone, even if they went while blocks were underway")
    func threadsEnd() throws {
        let size = 2000 * kilobyte
        let store = FakeStore(["o": bytes(size)])
        var pool: FetchPool? = FetchPool(store, exchanges: 5, blockSize: 64 * kilobyte)
        var source = try pool?.open(bucket: "b", key: "o")
        let wait = try #require(pool?.waitForThreads)
        store.state.change { $0.isHeld = { !$0.contains(0) } }
        source?.prefetch(0..<size)
        #expect(try source?.withBytes(in: 0..<10) { $0.byteCount } == 10)
        pool = nil
        try store.wait(for: "five requests at the same time") { $0.underway == 5 }
        source = nil
        store.state.change { $0.isHeld = { _ in false } }
        wait()
        #expect(store.state.withLock { $0.underway } == 0)
    }

    @Test("A closed pool gives waiting readers an error, however many exchanges stall", arguments: [2, 16])
    func closed(exchanges: Int) throws {
        let store = FakeStore(["o": bytes(2000 * kilobyte)])
        store.state.withLock { $0.isHeld = { !$0.contains(0) } }
        let pool = FetchPool(store, exchanges: exchanges, blockSize: 64 * kilobyte)
        let source = try pool.open(bucket: "b", key: "o")
        let closer = try #require(
            WorkerThread {
                try? store.wait(for: "\(exchanges) requests at the same time") { $0.underway == exchanges }
                pool.close()
            })
        #expect(throws: Failure(.cancelled, "s3://b/o", "cannot be read: fetching was stopped")) {
            try source.withBytes(in: 0..<source.byteCount) { _ in }
        }
        closer.join()
        store.state.change { $0.isHeld = { _ in false } }
        pool.waitForThreads()
    }
}
