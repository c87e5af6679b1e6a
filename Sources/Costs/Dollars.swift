import Platform

/// Formats US dollars.
public enum Dollars {
    /// Two decimals above ten cents, four below: $0.64, $0.0791, <$0.0001, $0.
    public static func text(_ value: Double) -> String {
        if value == 0 { return "$0" }
        return value < 0.0001 ? "<$0.0001" : "$" + Decimals.grouped(value, value < 0.1 ? 4 : 2)
    }

    /// $0.16
    public static func cents(_ value: Double) -> String { "$" + Decimals.grouped(value, 2) }
}
