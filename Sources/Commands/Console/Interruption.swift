import Glibc
import Platform
import Synchronization

/// SIGINT, SIGTERM and SIGHUP: unfinished files are removed, the progress is reported, and the process ends by the signal, so
/// that its parent sees it.
enum Interruption {
    private struct State {
        var status: (@Sendable () -> String)?
        var isEnding = false
    }

    private static let state = Mutex(State())

    /// Has to be called before other threads are started.
    static func watch() {
        // A signal that nohup or a shell's background job ignores stays ignored.
        let watched = [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) }
        SignalWatch.start(watched) { end(by: $0) }
    }

    /// Registers `body`, which returns the progress for the line that a signal is answered with, and removes temporary files. It
    /// is called on its own thread, while work continues.
    static func reportStatus(_ body: @escaping @Sendable () -> String) { state.withLock { $0.status = body } }

    /// Does not return once a signal has arrived: a failure that the end of the process causes is not reported.
    static func hold() { while state.withLock({ $0.isEnding }) { sleep(1) } }

    private static func end(by signal: Int32) {
        let status = state.withLock { state in
            state.isEnding = true
            return state.status
        }
        // A blocked standard error or disk must not delay the end beyond two seconds; a second signal ends the process at once.
        SignalWatch.letEndProcess([SIGINT, SIGTERM, SIGHUP])
        WorkerThread {
            sleep(2)
            SignalWatch.endProcess(by: signal)
        }?.detach()
        let report = status?() ?? ""
        UnfinishedFiles.removeAll()
        if Console.isTerminal { Console.write("\r\u{1B}[K") }
        Console.report("error: interrupted (\(name(signal)))" + (report.isEmpty ? "" : ": \(report)"))
        SignalWatch.endProcess(by: signal)
    }

    private static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGINT: "SIGINT"
        case SIGTERM: "SIGTERM"
        default: "SIGHUP"
        }
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}

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
