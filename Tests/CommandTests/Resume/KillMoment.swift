import Foundation
import TestSupport

/// The moment at which a test kills a run.
enum KillMoment: CustomStringConvertible {
    /// When the journal has this number of galaxies: at once, if it already has.
    case rows(Int)
    /// While OUT is written under a temporary name.
    case writing

    var description: String {
        switch self {
        case .rows(let count): "\(count) galaxies in the journal"
        case .writing: "a file that becomes OUT"
        }
    }

    /// Waits for the moment.
    func wait(of running: RunningCommand, output: String) throws {
        let journal = output + ".partial"
        var size = 0
        try running.wait(for: "\(self), CAI_TEST_SEED=\(TestRun.seed)") {
            switch self {
            case .rows(let count):
                guard count > 0 else { return true }
                guard byteCount(of: journal) != size else { return false }
                size = byteCount(of: journal)
                return CommandTests.rows(inJournal: journal).reduce(0) { $0 + $1.count } >= count
            case .writing:
                let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
                return try names(in: folder).contains { $0.contains(".partial-") }
            }
        }
    }
}
