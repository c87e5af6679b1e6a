import CLinux

/// The version of this program and its libraries.
public enum Release {
    public static let version = "0.1.0"
    /// When commands last changed, as the manual page has it: the same program has the same page.
    public static let date = "November 24, 2026"
    /// The version of the compiler that built it: 6.3.1.
    public static let swift: String = {
        let number = Int(cai_swift_version)
        return "\(number / 10_000).\(number / 100 % 100).\(number % 100)"
    }()
}
