import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// How long one call is retried: delays double up to a longest one, and each is a random fraction of that ("full jitter"), so
/// that a thousand workers that were refused together do not retry together. Time bounds the attempts, not their number: S3
/// takes minutes to scale a prefix that a thousand workers begin to read at once, and a network may be gone as long.
public struct RetryPolicy: Sendable {
    /// The most attempts, the first included.
    public var attempts = Int.max
    /// The same where the service has never answered this process: its address may be wrong.
    public var unansweredAttempts = 8
    /// Seconds.
    public var firstDelay = 0.1
    /// Seconds.
    public var longestDelay = 10.0
    /// Limit on the seconds of a `Retry-After` header.
    public var longestRetryAfter = 20.0
    /// Seconds from the start of a call, of which its delays are a part, after which no new attempt is made.
    public var budget = 180.0
    /// Seconds since 1970 at which a call fails if it is not done; nil for no deadline.
    public var deadline: Double?

    var now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
    var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
    var sleep: @Sendable (Double) -> Void = { seconds in
        // Portably, usleep takes less than a second.
        var left = max(0, seconds)
        while left > 0 {
            usleep(UInt32(min(left, 0.5) * 1e6))
            left -= 0.5
        }
    }

    public init() {}

    /// For what the caller can do without: a few attempts.
    public static var few: RetryPolicy {
        var policy = RetryPolicy()
        (policy.attempts, policy.unansweredAttempts) = (3, 2)
        return policy
    }

    /// - Parameter environment: `AWS_MAX_ATTEMPTS` limits the attempts, as in AWS's SDKs.
    /// - Throws: `Failure` where it is not a number of at least 1.
    public init(_ environment: [String: String]) throws(Failure) {
        guard let text = environment.set("AWS_MAX_ATTEMPTS") else { return }
        guard let most = Int(text), most > 0 else {
            throw Failure("AWS_MAX_ATTEMPTS", "expected a number of at least 1, found '\(text.oneLine)'")
        }
        attempts = most
    }

    /// Seconds until the deadline; nil without one.
    /// - Throws: `Failure.deadline` where it has passed.
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
    /// Seconds of the delays so far.
    private var waited = 0.0

    init(_ policy: RetryPolicy) {
        self.policy = policy
        start = policy.now()
    }

    /// Waits before the next attempt.
    /// - Parameters:
    ///   - retryAfter: the delay that the server asks for, in seconds.
    ///   - isAnswered: whether the service has ever answered.
    ///   - hasProgressed: whether the attempt received enough data not to count as failed.
    /// - Throws: `error`, with the number of attempts, where no attempt is left; `Failure.deadline` where the next attempt
    ///   would begin after the deadline.
    mutating func wait(
        after error: Failure, retryAfter: Double? = nil, isAnswered: Bool = true, hasProgressed: Bool = false
    ) throws(Failure) {
        if !hasProgressed { failures += 1 }
        let time = policy.now()
        let most = isAnswered ? policy.attempts : min(policy.attempts, policy.unansweredAttempts)
        guard failures < most, max(time - start, waited) < policy.budget else {
            let times = failures == 1 ? "1 attempt" : "\(failures) attempts"
            throw Failure(error.kind, error.subject, "\(error.message) (after \(times))")
        }
        let limit = min(policy.longestDelay, policy.firstDelay * Double(1 << min(max(0, failures - 1), 20)))
        let asked = min(retryAfter ?? 0, policy.longestRetryAfter)
        let delay = max(asked, policy.random() * limit)
        if let deadline = policy.deadline, time + delay >= deadline {
            throw Failure(.deadline, error.subject, "not done by the deadline; last: \(error.message)")
        }
        waited += delay
        policy.sleep(delay)
    }
}

/// Whether a service has ever answered. Any thread may call it.
final class ServiceContact: Sendable {
    private let answered = Atomic(false)

    var isAnswered: Bool { answered.load(ordering: .relaxed) }
    func noteAnswer() { answered.store(true, ordering: .relaxed) }
}
