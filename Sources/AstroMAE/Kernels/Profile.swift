import Glibc
import Synchronization

/// Work and time of one operation, over any number of calls.
public struct OperationCounts: Sendable, Equatable {
    public var calls = 0
    /// Time in the kernels, of all threads together.
    public var nanoseconds = 0
    /// Two for each multiply-add of matrix products, convolutions and attention; elementwise work is not included.
    public var flops = 0
    /// Bytes of the operands, each counted once a call: the least that a call reads and writes.
    public var bytes = 0
    /// Elements of all other operations: norms, activations, exponentials, sums, pooling.
    public var elements = 0

    public init() {}

    static func += (left: inout Self, right: Self) {
        left.calls += right.calls
        left.nanoseconds += right.nanoseconds
        left.flops += right.flops
        left.bytes += right.bytes
        left.elements += right.elements
    }
}

/// How the time of forward passes divides among operations: give one to the workspaces of all threads, and read it when
/// they have ended.
///
/// Each thread counts separately, without locks; a workspace adds its counts here when it ends.
public final class Profile: Sendable {
    private let totals = Mutex([OperationCounts](repeating: OperationCounts(), count: NetworkOperation.allCases.count))

    public init() {}

    /// Counts of one operation, over the workspaces that have ended.
    public subscript(_ operation: NetworkOperation) -> OperationCounts { totals.withLock { $0[operation.rawValue] } }

    /// The sum over all operations.
    public var total: OperationCounts { totals.withLock { $0.reduce(into: OperationCounts()) { $0 += $1 } } }

    fileprivate func add(_ counts: UnsafeBufferPointer<OperationCounts>) {
        totals.withLock { totals in
            for (index, count) in counts.enumerated() { totals[index] += count }
        }
    }
}

/// One thread's counts of each operation, at an address that does not change.
final class OperationCounters {
    let base: UnsafeMutablePointer<OperationCounts>
    private let profile: Profile

    init(_ profile: Profile) {
        self.profile = profile
        base = .allocate(capacity: NetworkOperation.allCases.count)
        base.initialize(repeating: OperationCounts(), count: NetworkOperation.allCases.count)
    }

    deinit {
        profile.add(UnsafeBufferPointer(start: base, count: NetworkOperation.allCases.count))
        base.deallocate()
    }

    // Neither is inlined: a kernel call without a profile should not carry their registers and stack.

    /// Counts a call that has begun at `start`.
    @inline(never)
    static func count(
        _ operation: NetworkOperation, _ work: KernelWork, since start: Int,
        in counters: UnsafeMutablePointer<OperationCounts>
    ) {
        counters[operation.rawValue].nanoseconds += nanoseconds() - start
        counters[operation.rawValue].calls += 1
        counters[operation.rawValue].flops += work.flops
        counters[operation.rawValue].bytes += work.floats * MemoryLayout<Float>.stride
        counters[operation.rawValue].elements += work.elements
    }

    /// The monotonic clock.
    @inline(never)
    static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
