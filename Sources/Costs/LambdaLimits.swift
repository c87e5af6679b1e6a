/// The processor architectures of Lambda functions.
public enum LambdaArchitecture: String, Sendable, CaseIterable, Codable {
    case x86 = "x86_64"
    case arm = "arm64"
}

/// The limits of functions and accounts on AWS (Lambda quotas, Step Functions quotas).
public enum LambdaLimits {
    /// MB of 2^20 bytes that can be configured for a function.
    public static let memoryRange = 128...10_240
    /// MB of memory that bring one processor; processors are proportional to memory.
    public static let memoryOfOneProcessor = 1769
    public static let mostProcessors = 6.0
    /// MB of 2^20 bytes of `/tmp`; the least is free.
    public static let storageRange = 512...10_240
    /// The longest invocation, in seconds.
    public static let mostSeconds = 900.0
    /// The default concurrency of an account; new accounts often have less.
    public static let usualConcurrency = 1000
    /// MB of memory that a new account often has.
    public static let usualMemory = 3008
    /// The most concurrent children of a distributed Map.
    public static let mostConcurrency = 10_000
    /// The most ranks of a run, far below the limit of a distributed Map.
    public static let mostRanks = 100_000
    /// New environments of a function that start at once, and again after each `rampSeconds`.
    public static let ramp = 1000
    public static let rampSeconds = 10.0

    /// The processor time a second that memory brings: 0.07 to 5.8.
    public static func processors(memory: Int) -> Double {
        min(mostProcessors, Double(memory) / Double(memoryOfOneProcessor))
    }

    /// The threads of a worker: a function sees at least two processors, however small its share of them.
    public static func threads(memory: Int) -> Int { max(2, Int(processors(memory: memory).rounded(.up))) }
}
