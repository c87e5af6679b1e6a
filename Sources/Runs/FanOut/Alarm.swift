import Dispatch
import Inference
import Platform
import Synchronization

/// Calls a closure at a given time, unless it is cancelled before.
final class Alarm: Sendable {
    private let rung = Atomic<Bool>(false)
    private let cancelled = DispatchSemaphore(value: 0)
    private let thread: Mutex<WorkerThread?>

    /// - Parameter time: nil for never.
    init(at time: ContinuousClock.Instant?, _ body: @escaping @Sendable () -> Void) {
        thread = Mutex(nil)
        guard let time else { return }
        let started = WorkerThread { [self] in
            let seconds = max(0, (time - ContinuousClock.now) / .seconds(1))
            // More than three years are never: beyond them the clock's arithmetic overflows.
            guard cancelled.wait(timeout: .now() + min(seconds, 1e8)) == .timedOut else { return }
            rung.store(true, ordering: .releasing)
            body()
        }
        thread.withLock { $0 = started }
    }

    /// Whether the time has come.
    var hasRung: Bool { rung.load(ordering: .acquiring) }

    /// Has to be called at the end. After it has returned, `body` is not called any more.
    func cancel() {
        cancelled.signal()
        thread.withLock { $0.take() }?.join()
    }
}
