/// What AWS asks for a fan-out in US dollars: list prices of us-east-1, first tier, of November 2026. Free tiers and
/// savings plans are left out.
public enum LambdaPrices {
    /// When the prices below were read.
    public static let date = "2026-11"

    /// The processors that a function can run on.
    public enum Architecture: String, Sendable, CaseIterable {
        case x86 = "x86_64"
        case arm = "arm64"

        /// For a second of one GB (2^30 bytes) of configured memory.
        public var gigabyteSecond: Double {
            switch self {
            case .x86: 0.0000166667
            case .arm: 0.0000133334
            }
        }
    }

    /// For one invocation.
    public static let request = 2e-7
    /// For one state that a standard execution of Step Functions enters.
    public static let stateTransition = 2.5e-5
}
