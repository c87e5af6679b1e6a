import FoundationEssentials

/// Names of runs for which none was given.
public enum RunName {
    /// The time and a random number: `20261124T025000Z-1f3a9c0b`.
    public static func new() -> String {
        let time = Date().ISO8601Format().filter { $0 != "-" && $0 != ":" }
        return time + "-" + String(UInt32.random(in: 0...UInt32.max), radix: 16)
    }
}
