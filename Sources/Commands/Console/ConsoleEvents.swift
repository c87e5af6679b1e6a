import Inference
import Runs

/// Shows what a job reports.
final class ConsoleEvents: JobEvents {
    private let isQuiet: Bool
    private var line: ProgressLine?

    /// - Parameter isQuiet: whether progress and notices are left out.
    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func progress(_ progress: Progress) {
        let line = line ?? ProgressLine(isShown: !isQuiet)
        self.line = line
        line.show(progress)
    }

    func progressEnded() {
        line?.wipe()
        line = nil
    }

    func notice(_ message: String) { if !isQuiet { Console.report("notice: \(message)") } }

    func detail(_ message: @autoclosure () -> String) { Console.debug(message()) }

    func warning(_ message: String) {
        // Failures after a signal are not reported: the process ends.
        Interruption.hold()
        Console.warn(message)
    }
}
