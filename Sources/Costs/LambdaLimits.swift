/// The processors that a function can run on.
public enum LambdaArchitecture: String, Sendable, CaseIterable, Codable {
    case x86 = "x86_64"
    case arm = "arm64"
}

/// What AWS allows a function and an account (Lambda quotas, Step Functions quotas).
public enum LambdaLimits {
    /// MB of 2^20 bytes that can be configured for a function.
    public static let memoryRange = 128...10_240
    /// A processor comes with each so many MB, and fractions of one with fractions.
    public static let memoryOfOneProcessor = 1769
    public static let mostProcessors = 6.0
    /// MB of 2^20 bytes of `/tmp`; the least is free.
    public static let storageRange = 512...10_240
    /// Lambda ends an invocation after so many seconds.
    public static let mostSeconds = 900.0
    /// Functions at once that an account has, unless it has asked for more; new ones often have fewer.
    public static let usualConcurrency = 1000
    /// MB of memory that a new account often has.
    public static let usualMemory = 3008
    /// Children of a distributed Map at once.
    public static let mostConcurrency = 10_000
    /// Ranks of a run: what Initialize takes, far below what one distributed Map does.
    public static let mostRanks = 100_000
    /// A function's new environments: so many at once, and so many more after each `rampSeconds`.
    public static let ramp = 1000
    public static let rampSeconds = 10.0

    /// The processors' worth of time that memory brings: 0.07 to 5.8.
    public static func processors(memory: Int) -> Double {
        min(mostProcessors, Double(memory) / Double(memoryOfOneProcessor))
    }

    /// The threads that a worker runs there: there are at least two processors, however small their share.
    public static func threads(memory: Int) -> Int { max(2, Int(processors(memory: memory).rounded(.up))) }
}
