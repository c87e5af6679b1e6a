import Synchronization

/// How the independent parts of one piece of work are run: one after the other, or on several threads.
///
/// Reading and packing know no threads of their own; who has some lends them with this.
public struct ParallelLoop: Sendable {
    private let fork: @Sendable (_ most: Int, _ body: @escaping @Sendable () -> Void) -> Void

    /// - Parameter fork: calls `body` on the calling thread, and on up to `most - 1` others at the same time, and
    ///   returns when all calls have.
    public init(fork: @escaping @Sendable (_ most: Int, _ body: @escaping @Sendable () -> Void) -> Void) {
        self.fork = fork
    }

    /// Everything on the calling thread.
    public static let serial = ParallelLoop { _, body in body() }

    /// Calls `part` with each of 0..<count, dealt in rising order.
    /// - Throws: the error of the lowest part that fails, whichever thread met its own first; higher parts may then not
    ///   have been run.
    public func callAsFunction<Thrown: Error>(
        _ count: Int, _ part: @escaping @Sendable (Int) throws(Thrown) -> Void
    ) throws(Thrown) {
        guard count > 0 else { return }
        let shared = Shared<Thrown>()
        fork(count) {
            // Parts are dealt in order and finished once dealt: all that are lower than a failed one are run.
            while let index = shared.takeNext(below: count) {
                do throws(Thrown) { try part(index) } catch { shared.fail(index, error) }
            }
        }
        if let failure = shared.failure.withLock({ $0 }) { throw failure.error }
    }

    /// What `part` gives for each of 0..<count, in their order.
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
