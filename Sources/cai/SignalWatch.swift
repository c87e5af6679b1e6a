import Dispatch
import Glibc

/// Signals that are waited for: what is to be done then may take locks, allocate and write, unlike in a handler.
enum SignalWatch {
    /// From now on, `number` does not end the process but runs `body`, on a thread of its own, as often as it comes.
    /// To be called before other threads are started: they inherit that the signal is blocked.
    static func start(_ number: Int32, _ body: @escaping @Sendable () -> Void) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, number)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watched = signals
        DispatchQueue(label: "signal \(number)").async {
            var watched = watched
            var received: Int32 = 0
            while true {
                if unsafe sigwait(&watched, &received) == 0 { body() }
            }
        }
    }
}
