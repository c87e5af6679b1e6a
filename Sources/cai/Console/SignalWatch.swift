import Glibc
import Inference
import Platform

/// Signals that are waited for: what is to be done then may take locks, allocate and write, unlike in a handler.
enum SignalWatch {
    /// From now on, these signals do not end the process but run `body`, on a thread of its own, as often as one comes.
    /// To be called before other threads are started: they inherit that the signals are blocked.
    static func start(_ numbers: [Int32], _ body: @escaping @Sendable (Int32) -> Void) {
        guard !numbers.isEmpty else { return }
        let signals = set(numbers)
        _ = unsafe withUnsafePointer(to: signals) { unsafe pthread_sigmask(SIG_BLOCK, $0, nil) }
        let thread = WorkerThread {
            var watched = signals
            var received: Int32 = 0
            while true {
                if unsafe sigwait(&watched, &received) == 0 { body(received) }
            }
        }
        thread?.detach()
        // With nobody to wait for them they do what they always do.
        if thread == nil { _ = unsafe withUnsafePointer(to: signals) { unsafe pthread_sigmask(SIG_UNBLOCK, $0, nil) } }
    }

    /// From now on, on this thread, these end the process as they do where nobody waits for them.
    static func letEndProcess(_ numbers: [Int32]) {
        for number in numbers { signal(number, SIG_DFL) }
        var signals = set(numbers)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Ends the process as the signal does where nobody waits for it.
    static func endProcess(by number: Int32) -> Never {
        letEndProcess([number])
        raise(number)
        _exit(128 + number)
    }

    private static func set(_ numbers: [Int32]) -> sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        return signals
    }
}
