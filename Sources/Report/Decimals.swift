import Foundation

/// Numbers as people read them. Files of predictions do not use these: they hold every digit.
public enum Decimals {
    /// Five significant digits: 0.012520, 0.00029700, 1.2500e-07.
    public static func significant(_ value: Double) -> String {
        String(format: "%#.5g", value)
    }

    /// A fixed number of decimals.
    public static func fixed(_ value: Double, _ decimals: Int) -> String {
        String(format: "%.\(max(0, decimals))f", value)
    }
}
