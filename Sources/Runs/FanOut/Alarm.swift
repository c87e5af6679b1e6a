import Dispatch
import Platform
import Synchronization

/// Calls a closure at a given time, unless cancelled before.
final class Alarm: Sendable {
    private let rung = Atomic<Bool>(false)
    private let cancelled = DispatchSemaphore(value: 0)
    private let thread: Mutex<WorkerThread?>

    /// - Parameter time: nil to never call it.
    init(at time: ContinuousClock.Instant?, _ body: @escaping @Sendable () -> Void) {
        thread = Mutex(nil)
        guard let time else { return }
        let started = WorkerThread { [self] in
            let seconds = max(0, (time - ContinuousClock.now) / .seconds(1))
            // The limit of three years keeps the clock's arithmetic in range.
            guard cancelled.wait(timeout: .now() + min(seconds, 1e8)) == .timedOut else { return }
            rung.store(true, ordering: .releasing)
            body()
        }
        thread.withLock { $0 = started }
    }

    /// Whether the time has come.
    var hasRung: Bool { rung.load(ordering: .acquiring) }

    /// Must be called at the end; returns once `body` can no longer be called.
    func cancel() {
        cancelled.signal()
        thread.withLock { $0.take() }?.join()
    }
}
