import Foundation

/// How the tests are run: variables of the environment.
public enum TestRun {
    /// CAI_TEST_ENDURANCE=1: long tests in their full form (make test-endurance) instead of the short one.
    public static let isEndurance = ProcessInfo.processInfo.environment["CAI_TEST_ENDURANCE"] == "1"

    /// CAI_TEST_SEED: the seed of random choices, with a fixed default, so that runs are reproducible.
    public static let seed = ProcessInfo.processInfo.environment["CAI_TEST_SEED"].flatMap { UInt64($0) } ?? 20_240_601
}

/// SplitMix64 (Steele, Lea and Flood, 2014): reproducible random numbers.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64 = TestRun.seed) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
