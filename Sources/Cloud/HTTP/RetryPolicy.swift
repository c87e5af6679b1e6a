import FoundationEssentials
import Glibc
import Platform

/// How long one call goes on trying: waits grow twofold from a first one to a longest, and each is a random part of
/// that ("full jitter"), so that a thousand workers that were refused together do not come back together.
public struct RetryPolicy: Sendable {
    /// Attempts that may fail, the first included.
    public var attempts = 8
    /// The same, where the service says that it is asked too often: S3 takes minutes to spread a prefix that a thousand
    /// workers begin to read at once. With these waits, 46 seconds on average.
    public var busyAttempts = 16
    /// Seconds.
    public var firstDelay = 0.1
    /// Seconds.
    public var longestDelay = 10.0
    /// Seconds of a `Retry-After` that are waited at most.
    public var longestRetryAfter = 20.0
    /// Seconds after the start of a call from which on no new attempt is made.
    public var budget = 180.0
    /// Seconds since 1970 by which a call has ended, in whatever state; nil for never.
    public var deadline: Double?

    var now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
    var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
    var sleep: @Sendable (Double) -> Void = { seconds in
        // usleep takes less than a second portably.
        var left = max(0, seconds)
        while left > 0 {
            usleep(UInt32(min(left, 0.5) * 1e6))
            left -= 0.5
        }
    }

    public init() {}

    /// The seconds that are left until the deadline; nil where there is none.
    /// - Throws: `Failure.deadline` where it has come.
    func secondsLeft(_ subject: String) throws(Failure) -> Double? {
        guard let deadline else { return nil }
        let left = deadline - now()
        guard left > 0 else { throw Failure(.deadline, subject, "not done by the deadline") }
        return left
    }
}

/// The failed attempts of one call.
struct Retries {
    private let policy: RetryPolicy
    private let start: Double
    private var failures = 0

    init(_ policy: RetryPolicy) {
        self.policy = policy
        start = policy.now()
    }

    /// Waits before the next attempt.
    /// - Parameters:
    ///   - retryAfter: seconds for which the server wants to be left alone.
    ///   - isBusy: whether the service said that it is asked too often.
    ///   - brought: whether the attempt came so far that it does not count as failed.
    /// - Throws: `error`, with the number of attempts, where there is none; `Failure.deadline` where it would come
    ///   after the deadline.
    mutating func wait(
        after error: Failure, retryAfter: Double? = nil, isBusy: Bool = false, brought: Bool = false
    ) throws(Failure) {
        if !brought { failures += 1 }
        let time = policy.now()
        guard failures < (isBusy ? policy.busyAttempts : policy.attempts), time - start < policy.budget else {
            let times = failures == 1 ? "1 attempt" : "\(failures) attempts"
            throw Failure(error.kind, error.subject, "\(error.message) (after \(times))")
        }
        let limit = min(policy.longestDelay, policy.firstDelay * Double(1 << min(max(0, failures - 1), 20)))
        let asked = min(retryAfter ?? 0, policy.longestRetryAfter)
        let delay = max(asked, policy.random() * limit)
        if let deadline = policy.deadline, time + delay >= deadline {
            throw Failure(.deadline, error.subject, "not done by the deadline; last: \(error.message)")
        }
        policy.sleep(delay)
    }
}
