import Foundation

/// What a test waited for and did not come; the description says what was there instead.
public struct NotSeen: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// The longest time that a test waits for anything: far above what it takes on a machine with other work, and there only
/// so that a test fails where it would not end.
public let generousBound = Duration.seconds(300)

/// Looks until something is so.
/// - Parameters:
///   - expected: what that is, for the error.
///   - found: what there is instead, for the error.
/// - Throws: `NotSeen` after the bound, which a monotonic clock measures.
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

/// Repeats what depends on when processes are scheduled, such as a signal that is to meet a run in its middle, until it has
/// met it.
/// - Parameter attempt: one attempt: nil, or why it has not met it.
/// - Throws: `NotSeen`, with all reasons, when `count` attempts have not.
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
    /// Waits until files that are written from now on have another time than this one: a file system's clock has ticks.
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
