import Experiment
import Runs
import Report
import TensorFiles

@testable import Cloud
@testable import Inference
@testable import Platform

/// What has to hold whatever the bytes are. A promise that is broken ends the process, which libFuzzer takes for a find.
enum Promise {
    static func keep(_ isKept: Bool, _ what: @autoclosure () -> String) {
        guard isKept else { fatalError("a promise is broken: \(what())") }
    }

    /// An error is one line that a terminal can show, as `cai` shows it.
    static func line(_ error: String) {
        let text = error.printable
        keep(!text.isEmpty, "an error says nothing")
        keep(!text.contains { $0.isNewline }, "an error of several lines: \(text.debugDescription)")
        keep(text.utf8.count < 2000, "an error of \(text.utf8.count) bytes")
        keep(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character in \(text.debugDescription)")
    }

    /// Runs `body`; what it throws has to be one of the project's errors, on one line.
    static func refusal(_ body: () throws -> Void) {
        do { try body() } catch {
            keep(error is Failure, "an error of another kind: \(error)")
            line("\(error)")
        }
    }
}
