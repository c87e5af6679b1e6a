import Experiment
import Runs
import Report
import TensorFiles

@testable import Cloud
@testable import Inference
@testable import Platform

/// Conditions that hold for any input. A broken promise ends the process, which libFuzzer records as a finding.
enum Promise {
    static func keep(_ isKept: Bool, _ what: @autoclosure () -> String) {
        guard isKept else { fatalError("a promise is broken: \(what())") }
    }

    /// An error is one printable line, as `cai` prints it.
    static func line(_ error: String) {
        let text = error.printable
        keep(!text.isEmpty, "an error says nothing")
        keep(!text.contains { $0.isNewline }, "the error has several lines: \(text.debugDescription)")
        keep(text.utf8.count < 2000, "the error has \(text.utf8.count) bytes")
        keep(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character in \(text.debugDescription)")
    }

    /// Runs `body`, which may throw only a `Failure` of one line.
    static func refusal(_ body: () throws -> Void) {
        do { try body() } catch {
            keep(error is Failure, "the error is not a Failure: \(error)")
            line("\(error)")
        }
    }
}
