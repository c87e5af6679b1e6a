import Glibc
import Platform

/// Waits for signals on a thread, which may take locks, allocate and write, unlike a signal handler.
enum SignalWatch {
    /// From now on, each of these signals runs `body` on its own thread instead of ending the process. Has to be called before
    /// other threads are started: they inherit the signal mask.
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
        // Without a thread that waits for them, they have their default effect.
        if thread == nil { _ = unsafe withUnsafePointer(to: signals) { unsafe pthread_sigmask(SIG_UNBLOCK, $0, nil) } }
    }

    /// From now on, these signals have their default effect on this thread.
    static func letEndProcess(_ numbers: [Int32]) {
        for number in numbers { signal(number, SIG_DFL) }
        var signals = set(numbers)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Ends the process by the default effect of the signal.
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
