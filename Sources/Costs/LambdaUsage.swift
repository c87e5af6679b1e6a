/// The use of AWS by a run, in billed units.
public struct LambdaUsage: Sendable, Equatable {
    /// Invocations of functions.
    public var requests = 0
    /// Memory as configured, for time rounded up to a millisecond; GB of 2^30 bytes.
    public var gigabyteSeconds = 0.0
    /// The same of `/tmp` beyond the 512 MB that are free.
    public var storageGigabyteSeconds = 0.0
    /// States entered by standard executions of Step Functions.
    public var stateTransitions = 0
    /// S3 requests that read, write and list.
    public var gets = 0
    public var puts = 0
    public var lists = 0

    public init() {}

    /// Adds equal invocations.
    /// - Parameters:
    ///   - seconds: of each.
    ///   - memory: MB of 2^20 bytes configured.
    ///   - storage: MB of 2^20 bytes of `/tmp` configured.
    public mutating func add(invocations: Int = 1, of seconds: Double, memory: Int, storage: Int = 512) {
        requests += invocations
        let billed = Double(invocations) * Self.billed(seconds)
        gigabyteSeconds += billed * Double(memory) / 1024
        storageGigabyteSeconds += billed * Double(max(0, storage - LambdaLimits.storageRange.lowerBound)) / 1024
    }

    /// Seconds as Lambda bills them: rounded up to a millisecond. The nanosecond is below the clock's resolution, and
    /// above
    /// the rounding error of decimal fractions in binary.
    public static func billed(_ seconds: Double) -> Double { (seconds * 1000 - 1e-6).rounded(.up) / 1000 }
}
