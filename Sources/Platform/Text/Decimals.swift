import Glibc

/// Numbers for people to read, rounded. Files of predictions do not use these: they contain every digit.
public enum Decimals {
    /// Five significant digits: 0.012520, 0.00029700, 1.2500e-07.
    public static func significant(_ value: Double) -> String { text("%#.5g", value) }

    /// A fixed number of decimals.
    public static func fixed(_ value: Double, _ decimals: Int) -> String { text("%.\(max(0, decimals))f", value) }

    /// 1,234,567
    public static func grouped(_ number: Int) -> String {
        (number < 0 ? "-" : "") + grouped(digits: String(number.magnitude))
    }

    /// A fixed number of decimals, the digits before the point in groups, and a true minus sign: −1,234.50.
    public static func grouped(_ value: Double, _ decimals: Int) -> String {
        let parts = fixed(abs(value), decimals).split(separator: ".", maxSplits: 1)
        guard value.isFinite, let whole = parts.first else { return "\(value)" }
        let fraction = parts.count > 1 ? "." + parts[1] : ""
        let isZero = (whole + fraction).allSatisfy { $0 == "0" || $0 == "." }
        return (value < 0 && !isZero ? "\u{2212}" : "") + grouped(digits: String(whole)) + fraction
    }

    /// At most so many significant digits, without zeros at the end: 0.5, 1,250, −3.
    public static func shortest(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        let exponent = Int(log10(abs(value)).rounded(.down))
        var result = grouped(value, max(0, digits - 1 - exponent))
        if result.contains(".") {
            while result.hasSuffix("0") { result.removeLast() }
            if result.hasSuffix(".") { result.removeLast() }
        }
        return result
    }

    private static func grouped(digits: String) -> String {
        let digits = Array(digits)
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
        return groups.reversed().joined(separator: ",")
    }

    /// C's format for one number: at most 309 digits before the point.
    private static func text(_ format: String, _ value: Double) -> String {
        // C writes the sign of a NaN, which means nothing.
        guard !value.isNaN else { return "nan" }
        var buffer = [CChar](repeating: 0, count: 512)
        let count = unsafe withVaList([value]) { arguments in
            unsafe vsnprintf(&buffer, buffer.count, format, arguments)
        }
        return count < 0 ? "" : String(zeroTerminated: buffer)
    }
}
