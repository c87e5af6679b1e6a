import Synchronization

/// Runs the independent parts of one piece of work: one after the other, or on several threads.
///
/// Reading and packing create no threads: the caller passes an executor.
public struct ParallelLoop: Sendable {
    private let fork: @Sendable (_ most: Int, _ body: @escaping @Sendable () -> Void) -> Void

    /// - Parameter fork: calls `body` on the calling thread and on up to `most - 1` others at the same time, and returns
    ///   when all calls have returned.
    public init(fork: @escaping @Sendable (_ most: Int, _ body: @escaping @Sendable () -> Void) -> Void) {
        self.fork = fork
    }

    /// Runs all parts on the calling thread.
    public static let serial = ParallelLoop { _, body in body() }

    /// Calls `part` with each of 0..<count, handed out in rising order.
    /// - Throws: the error of the lowest part that fails, whichever part fails first; higher parts may not have run then.
    public func callAsFunction<Thrown: Error>(
        _ count: Int, _ part: @escaping @Sendable (Int) throws(Thrown) -> Void
    ) throws(Thrown) {
        guard count > 0 else { return }
        let shared = Shared<Thrown>()
        fork(count) {
            // Parts are handed out in order and always finished: all parts below a failed one are run.
            while let index = shared.takeNext(below: count) {
                do throws(Thrown) { try part(index) } catch { shared.fail(index, error) }
            }
        }
        if let failure = shared.failure.withLock({ $0 }) { throw failure.error }
    }

    /// The results of `part` for each of 0..<count, in order.
    /// - Throws: as a call does.
    public func map<Value: Sendable, Thrown: Error>(
        _ count: Int, _ part: @escaping @Sendable (Int) throws(Thrown) -> Value
    ) throws(Thrown) -> [Value] {
        let values = Mutex([Value?](repeating: nil, count: count))
        try self(count) { index throws(Thrown) in
            let value = try part(index)
            values.withLock { $0[index] = value }
        }
        return values.withLock { $0 }.compactMap { $0 }
    }

    private final class Shared<Thrown: Error>: Sendable {
        let next = Atomic<Int>(0)
        let failure = Mutex<(index: Int, error: Thrown)?>(nil)

        func takeNext(below count: Int) -> Int? {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            return index < count && failure.withLock { $0.map { index < $0.index } ?? true } ? index : nil
        }

        func fail(_ index: Int, _ error: Thrown) {
            failure.withLock { failure in
                if let earlier = failure, earlier.index < index { return }
                failure = (index, error)
            }
        }
    }
}
