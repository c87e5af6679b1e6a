import Glibc
import Inference
import Platform
import Synchronization
import TensorFiles

/// SIGINT, SIGTERM and SIGHUP: no file is left that nobody will finish, what was done is told, and the process ends by the
/// signal, so that who started it sees that.
enum Interruption {
    private struct State {
        var teller: (@Sendable () -> String)?
        var isEnding = false
    }

    private static let state = Mutex(State())

    /// To be called before other threads are started.
    static func watch() {
        // What is ignored already, by nohup or a shell's background, stays so.
        let watched = [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) }
        SignalWatch.start(watched) { end(by: $0) }
    }

    /// From now on, `body` says what was done, in the line that a signal is answered with, and lets go of what is of no use
    /// to anybody. It is called on a thread of its own, while work goes on.
    static func tell(_ body: @escaping @Sendable () -> String) { state.withLock { $0.teller = body } }

    /// Does not return once a signal has come: what fails since the process ends is no error.
    static func hold() {
        while state.withLock({ $0.isEnding }) { sleep(1) }
    }

    private static func end(by signal: Int32) {
        let teller = state.withLock { state in
            state.isEnding = true
            return state.teller
        }
        // Who is not answered, since the standard error takes nothing or a disk stands still, is not waited for; nor is
        // whoever sends a second one.
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
