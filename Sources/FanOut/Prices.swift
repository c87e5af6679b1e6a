/// What AWS Lambda bills, as published for us-east-1 (first tier; unchanged since September 2021).
public enum Prices {
    /// Dollars for a GB-second (2^30 bytes), by architecture.
    public static func gigabyteSecond(_ architecture: String) -> Double {
        architecture == "arm64" ? 0.000_013_333_4 : 0.000_016_666_7
    }

    /// Dollars for an invocation.
    public static let request = 0.000_000_2

    /// Dollars for each state that a standard execution of Step Functions enters.
    public static let stateTransition = 0.000_025

    /// Memory that is configured, for time rounded up to a millisecond.
    /// - Parameter memory: in MB of 2^20 bytes.
    public static func gigabyteSeconds(memory: Int, seconds: Double) -> Double {
        Double(memory) / 1024 * (seconds * 1000).rounded(.up) / 1000
    }
}
