/// How many exchanges run at a time: more as long as that makes transfers faster, half as many when the service refuses
/// requests because there are too many.
///
/// The rate is compared once a round, in which as many exchanges end as may run at a time. The number grows if it was
/// the limit in that round: twofold, then, after a growth that did not pay and was undone, in smaller steps from time to
/// time, since other traffic may have ended. It has no clock of its own: every call states the time.
struct ExchangeLimit: Sendable {
    /// Exchanges that may run now.
    private(set) var count: Int
    /// A bound on `count`: by memory and descriptors.
    let most: Int
    /// Halvings so far. A refusal counts once for all exchanges that had begun before it.
    private(set) var halvings = 0

    /// When the round began, in seconds; nil while no exchange runs.
    private var start: Double?
    private var bytes = 0
    private var ended = 0
    /// Whether it was the limit in this round.
    private(set) var wasReached = false
    /// The number before it grew, and the rate with it, in bytes a second; nil where it is not compared.
    private var smaller: (count: Int, rate: Double)?
    private var factor = 2.0
    /// Rounds before it may grow again.
    private var pause = 0

    /// Part of the growth in number that the rate has to grow by.
    private static let gain = 0.25
    private static let slowFactor = 1.5
    private static let longPause = 4

    /// - Parameters:
    ///   - count: exchanges at the beginning, at least 1.
    ///   - most: at least 1.
    init(_ count: Int, most: Int) {
        self.most = max(1, most)
        self.count = min(max(1, count), self.most)
    }

    /// An exchange begins.
    mutating func begin(at time: Double) { if start == nil { start = time } }

    /// One more exchange would have begun without this limit.
    mutating func reach() { wasReached = true }

    /// An exchange has ended.
    /// - Parameters:
    ///   - bytes: that it transferred.
    ///   - isLast: whether no other one is running.
    mutating func end(bytes: Int, at time: Double, isLast: Bool) {
        self.bytes += bytes
        ended += 1
        if ended >= count, let start, time > start { compare(Double(self.bytes) / (time - start), at: time) }
        // A pause of the readers is not a slow line.
        if isLast { beginRound(at: nil) }
    }

    /// The service has refused the request of an exchange that began after that many halvings.
    mutating func refuse(begunAfter halvings: Int, at time: Double) {
        guard halvings == self.halvings else { return }
        self.halvings += 1
        count = max(1, count / 2)
        stopGrowing()
        beginRound(at: time)
    }

    private mutating func compare(_ rate: Double, at time: Double) {
        defer { beginRound(at: time) }
        guard wasReached else {
            smaller = nil
            return
        }
        if let smaller, rate < smaller.rate * (1 + Self.gain * (Double(count) / Double(smaller.count) - 1)) {
            count = smaller.count
            stopGrowing()
            return
        }
        smaller = nil
        guard pause == 0 else {
            pause -= 1
            return
        }
        let next = min(most, Int((Double(count) * factor).rounded(.up)))
        guard next > count else { return }
        smaller = (count, rate)
        count = next
    }

    private mutating func stopGrowing() {
        smaller = nil
        factor = Self.slowFactor
        pause = Self.longPause
    }

    private mutating func beginRound(at time: Double?) { (start, bytes, ended, wasReached) = (time, 0, 0, false) }
}
