/// The version of this program and its libraries.
public enum Release {
    public static let version = "0.1.0"
    /// When commands last changed, as the manual page has it: the same program has the same page.
    public static let date = "November 24, 2026"
}
