import CLinux
import FoundationEssentials
import Glibc
import Platform

/// Fetches blocks of objects from a store ahead of those who read them, by threads that share one memory.
///
/// Blocks that a reader waits for come first, then those that were asked for with `prefetch`, then the rest of the object
/// that is being read and the objects after it, in the order in which they were opened, as far as there is room. Each
/// block is let go of when all of its bytes were released, and fetched once more if it is asked for again.
///
/// A thread ends when there is no block for it, or `close` is called, or the pool and all of its sources are gone; an
/// exchange that is underway is finished first; no caller waits for it.
public final class FetchPool: Sendable {
    /// Exchanges at a time in the beginning, before their number follows the line (`ExchangeLimit`).
    public static let initialExchanges = 8
    public static let defaultBlockSize = 4 << 20
    /// Of a machine with up to 16 processors, and of every pool on AWS Lambda.
    private static let leastResident = 256 << 20
    /// Beyond them: they compute as much faster, over a line that has the same delay.
    private static let residentPerProcessor = 16 << 20
    /// An exchange takes a thread, and a connection that is kept.
    private static let mostExchanges = 256
    /// libcurl's for one exchange: three, and one more for each other host.
    private static let descriptorsEach = 4
    private static let processors = Processors()

    private let core: FetchCore
    private let blockSize: Int

    /// - Parameters:
    ///   - exchanges: at most as many at a time, fewer after refusals; nil for as many as the line is worth, at most one
    ///     for each block that fits into the memory, and 256.
    ///   - residentLimit: bytes of objects in memory, received or underway; more where a single read needs more.
    ///   - blockSize: bytes of an exchange at most, rounded up to 64 KiB.
    public convenience init(
        _ store: any ObjectStore, exchanges: Int? = nil, residentLimit: Int = defaultResidentLimit,
        blockSize: Int = defaultBlockSize
    ) {
        self.init(
            store, exchanges: exchanges, residentLimit: residentLimit, blockSize: blockSize,
            startThread: { WorkerThread($0) })
    }

    /// - Parameter startThread: for tests.
    init(
        _ store: any ObjectStore, exchanges: Int?, residentLimit: Int, blockSize: Int,
        startThread: @escaping FetchCore.StartThread
    ) {
        _ = Self.blocksAreGivenBack
        let most = exchanges ?? Self.mostExchanges(residentLimit: residentLimit, blockSize: blockSize)
        let limit = ExchangeLimit(exchanges ?? Self.initialExchanges, most: most)
        core = FetchCore(
            store, FetchState(residentLimit: residentLimit, exchanges: limit), processors: Self.processors.allowed,
            startThread: startThread)
        self.blockSize = blockSize
    }

    deinit { core.close() }

    /// 256 MiB, or 16 MiB for each processor that this process may use.
    public static var defaultResidentLimit: Int {
        max(leastResident, min(defaultResidentLimit(processors: processors.threads), memory / 4))
    }

    /// Bytes of this machine, or of this container where it has a limit.
    private static let memory: Int = {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        let machine = pages > 0 && size > 0 ? pages * size : Int.max
        let limit = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
        return min(machine, limit.flatMap { Int($0.trimmingSpaces) } ?? machine)
    }()

    static func defaultResidentLimit(processors: Int) -> Int { max(leastResident, processors * residentPerProcessor) }

    /// - Parameter descriptors: that this process may open, of which half is for exchanges.
    static func mostExchanges(
        residentLimit: Int, blockSize: Int, descriptors: Int = sysconf(Int32(_SC_OPEN_MAX))
    ) -> Int {
        let allowed = descriptors > 0 ? descriptors / 2 / descriptorsEach : mostExchanges
        return max(1, min(residentLimit / max(1, blockSize), allowed, mostExchanges))
    }

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
        let object = try FetchedObject(
            bucket: bucket, key: key, etag: found.etag, name: name,
            size: found.size, blockSize: blockSize, isFirst: core.state.withLock { $0.count == 0 })
        core.change { $0.add(object) }
        return ObjectSource(object, in: self, core: core, byteCount: found.size)
    }

    /// The most bytes of objects that were in memory at a time, or underway into it.
    public var peakResidentBytes: Int { core.state.withLock { $0.peakResident } }
    /// Bytes of objects that are in memory now, or underway into it.
    public var residentBytes: Int { core.state.withLock { $0.resident } }

    /// Ends fetching: who waits for bytes, or asks for more, gets an error.
    public func close() { core.close() }

    /// Exchanges that may run now.
    var exchangeLimit: Int { core.state.withLock { $0.exchanges.count } }

    /// Returns when no thread is left, be the pool gone or not.
    var waitForThreads: @Sendable () -> Void { { [core] in core.waitForThreads() } }
}
