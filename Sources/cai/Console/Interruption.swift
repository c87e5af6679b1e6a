import Glibc
import Platform
import Synchronization

/// SIGINT, SIGTERM and SIGHUP: unfinished files are removed, the progress is reported, and the process ends by the signal, so
/// that its parent sees it.
enum Interruption {
    private struct State {
        var teller: (@Sendable () -> String)?
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
    static func tell(_ body: @escaping @Sendable () -> String) { state.withLock { $0.teller = body } }

    /// Does not return once a signal has arrived: a failure that the end of the process causes is not reported.
    static func hold() { while state.withLock({ $0.isEnding }) { sleep(1) } }

    private static func end(by signal: Int32) {
        let teller = state.withLock { state in
            state.isEnding = true
            return state.teller
        }
        // A blocked standard error or disk must not delay the end beyond two seconds; a second signal ends the process at once.
        SignalWatch.letEndProcess([SIGINT, SIGTERM, SIGHUP])
        WorkerThread {
            sleep(2)
            SignalWatch.endProcess(by: signal)
        }?.detach()
        let told = teller?() ?? ""
        UnfinishedFiles.removeAll()
        if Console.isTerminal { Console.write("\r\u{1B}[K") }
        Console.report("error: interrupted (\(name(signal)))" + (told.isEmpty ? "" : ": \(told)"))
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
