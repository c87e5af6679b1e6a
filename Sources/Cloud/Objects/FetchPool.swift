import CLinux
import Platform

/// Threads that fetch blocks of objects from a store, ahead of those who read them, and the memory they share.
///
/// Blocks that a reader waits for come first, then those that were asked for with `prefetch`, then the rest of the object
/// that is being read and the objects after it, in the order in which they were opened, as far as there is room. Each
/// block is let go of when all of its bytes were released, and fetched once more if it is asked for again.
///
/// The threads end when the pool and all of its sources are gone, or `close` is called; an exchange that is underway is
/// finished first; no caller waits for it.
public final class FetchPool: Sendable {
    public static let defaultThreads = 8
    public static let defaultResidentLimit = 256 << 20
    public static let defaultBlockSize = 4 << 20

    private let core: FetchCore
    private let blockSize: Int

    /// - Parameters:
    ///   - threads: exchanges at a time, at least 1.
    ///   - residentLimit: bytes of objects in memory; more where a single read needs more. Beside them each thread holds
    ///     the block that it has just received.
    ///   - blockSize: bytes of an exchange at most, rounded up to 64 KiB.
    public init(
        _ store: any ObjectStore, threads: Int = defaultThreads, residentLimit: Int = defaultResidentLimit,
        blockSize: Int = defaultBlockSize
    ) {
        _ = Self.blocksAreGivenBack
        core = FetchCore(store, residentLimit: residentLimit)
        self.blockSize = blockSize
        core.start(threads: max(1, threads))
    }

    deinit { core.close() }

    /// glibc maps what is large, and gives it back when it is freed; but each such block that it frees raises what it
    /// calls large, so that the next ones come from the heaps of the threads, and stay there: 30 MB more after some
    /// hundred partitions. A fixed size, the one that glibc begins with, keeps a process that runs for long as it was.
    private static let blocksAreGivenBack = cai_map_blocks_above(128 << 10) == 1

    /// An object as bytes; its two ends begin to be fetched.
    /// - Parameter info: what is known of it; nil asks the store. Every exchange demands its ETag.
    /// - Throws: `Failure` for an object that is not there, cannot be asked for, or is empty.
    public func open(bucket: String, key: String, info: ObjectInfo? = nil) throws(Failure) -> ObjectSource {
        let name = core.store.name(bucket: bucket, key: key)
        var found = info
        do throws(Failure) {
            if found == nil { found = try core.store.head(bucket: bucket, key: key) }
        } catch {
            throw error.reading(name)
        }
        guard let found else { throw Failure(name, "there is no such object") }
        guard found.size > 0 else { throw Failure(name, "is empty") }
        let object = FetchedObject(
            bucket: bucket, key: key, etag: found.etag, name: name,
            layout: BlockLayout(size: found.size, blockSize: blockSize),
            memory: try ObjectMemory(byteCount: found.size, name: name))
        core.state.change { $0.add(object) }
        return ObjectSource(object, in: self, core: core, byteCount: found.size)
    }

    /// The most bytes of objects that were in memory at a time, or underway into it.
    public var peakResidentBytes: Int { core.state.withLock { $0.peakResident } }
    /// Bytes of objects that are in memory now, or underway into it.
    public var residentBytes: Int { core.state.withLock { $0.resident } }

    /// Ends fetching: who waits for bytes, or asks for more, gets an error.
    public func close() { core.close() }

    /// Returns when no thread is left, be the pool gone or not.
    var waitForThreads: @Sendable () -> Void { { [core] in core.waitForThreads() } }
}

/// What the threads hold: not the pool, which would then never go away.
final class FetchCore: Sendable {
    let store: any ObjectStore
    let state: Monitor<FetchState>

    init(_ store: any ObjectStore, residentLimit: Int) {
        self.store = store
        state = Monitor(FetchState(residentLimit: residentLimit))
    }

    func start(threads count: Int) {
        for _ in 0..<count {
            state.withLock { $0.threads += 1 }
            guard let thread = WorkerThread({ [self] in run() }) else {
                state.change { $0.threads -= 1 }
                return
            }
            thread.detach()
        }
    }

    func close() { state.change { $0.isClosed = true } }

    func waitForThreads() { state.wait { $0.threads == 0 ? () : nil } }

    private func run() {
        // The next block, or nil once the pool is closed.
        while let place = state.wait(until: { $0.isClosed ? .some(nil) : $0.takeNext().map(Optional.some) }) {
            do throws(Failure) {
                let sum = try fetch(place)
                state.change { $0.finish(place, checksum: sum) }
            } catch {
                state.change { $0.fail(place, error) }
            }
        }
        state.change { $0.threads -= 1 }
    }

    /// Copies a block to its offset in memory; no other thread accesses it meanwhile.
    private func fetch(_ place: FetchState.Place) throws(Failure) -> CRC32 {
        let object = place.object
        let range = object.layout[place.block]
        let bytes: [UInt8]
        do throws(Failure) {
            bytes = try store.get(bucket: object.bucket, key: object.key, range: range, etag: object.etag)
        } catch {
            throw error.reading(object.name)
        }
        guard bytes.count == range.count else {
            throw Failure(
                object.name,
                "bytes \(range.lowerBound)..<\(range.upperBound): expected \(range.count), found \(bytes.count)")
        }
        object.memory.write(bytes, at: range.lowerBound)
        var sum = CRC32()
        try object.memory.withBytes(in: range) { (bytes: RawSpan) in sum.update(bytes) }
        return sum
    }
}
