import Foundation

/// The error of a wait whose condition did not hold in time; the description has the state that was found.
public struct NotSeen: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// The time limit of every wait in a test: far above the time needed on a machine with other work, so that only a test
/// that would never end reaches it.
public let generousBound = Duration.seconds(300)

/// Polls until the condition holds.
/// - Parameters:
///   - expected: the condition, for the error.
///   - found: the current state, for the error.
/// - Throws: `NotSeen` after the time limit, by a monotonic clock.
public func wait(
    for expected: String, within bound: Duration = generousBound, found: () -> String = { "" },
    until isSo: () throws -> Bool
) throws {
    let end = ContinuousClock.now + bound
    while try !isSo() {
        guard ContinuousClock.now < end else {
            let found = found()
            throw NotSeen("expected \(expected) within \(bound)" + (found.isEmpty ? "" : ", found \(found)"))
        }
        usleep(500)
    }
}

/// Repeats an attempt whose success depends on the scheduling of processes, such as a signal that has to arrive in the
/// middle of a run.
/// - Parameter body: one attempt; returns nil if it failed, with the reason in its argument.
/// - Throws: `NotSeen` with all reasons, after `count` attempts.
public func attempt<R>(_ expected: String, upTo count: Int = 20, _ body: (inout String) throws -> R?) throws -> R {
    var reasons: [String] = []
    for _ in 0..<count {
        var reason = ""
        if let result = try body(&reason) { return result }
        reasons.append(reason)
    }
    throw NotSeen("expected \(expected) in \(count) attempts, found: \(reasons.joined(separator: "; "))")
}

extension Fixture {
    /// Waits until a newly written file has a later time than this one: a file system's clock advances in ticks.
    public static func waitForAnotherFileTime(than path: String) throws {
        try withTemporaryFolder { folder in
            func time(_ path: String) throws -> timespec {
                var status = stat()
                guard stat(path, &status) == 0 else { throw NotSeen("expected a file, found none: \(path)") }
                return status.st_mtim
            }
            let old = try time(path)
            try wait(for: "a file time after that of \(path)") {
                try Data().write(to: URL(fileURLWithPath: folder + "/now"))
                let new = try time(folder + "/now")
                return (new.tv_sec, new.tv_nsec) > (old.tv_sec, old.tv_nsec)
            }
        }
    }
}
