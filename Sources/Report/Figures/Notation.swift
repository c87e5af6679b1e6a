import Glibc
import Platform

/// Symbols and numbers of pages and figures: σ_MAD, R², Δz, a true minus sign (U+2212), and the digits that an uncertainty
/// allows. Tables, JSON and terminals have `sigma_MAD`, `R2`, `dz`, ASCII's hyphen and every digit.
package enum Notation {
    static let dz = "\u{394}z"
    static let sigmaMAD = "\u{3C3}_MAD"
    static let r2 = "R\u{B2}"
    /// The bound of outliers that follows the scatter.
    static let wideBound = "max(0.06, 3\u{3C3}_IQR)"
    /// The definition of the residual, as the title of an axis.
    static let residual = "\u{394}z = (zp \u{2212} zs) / (1 + zs)"
    /// Stands for an unknown number in a table.
    static let none = "\u{2013}"

    /// A measure's name or formula, as terminals have it, in the symbols of a page.
    static func symbols(_ text: String) -> String {
        let replacements = [
            ("3 sigma_", "3\u{3C3}_"), ("sigma_", "\u{3C3}_"), ("outliers 3s", "outliers 3\u{3C3}_IQR"),
            ("R2", r2), ("dz", dz), ("^2", "\u{B2}"), (" - ", " \u{2212} "),
        ]
        return replacements.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    /// So many significant digits: 0.0125, −1.20, 2.97×10⁻⁵.
    package static func significant(_ value: Double, _ digits: Int = 3) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : minus("\(value)") }
        var exponent = Int(log10(abs(value)).rounded(.down))
        // 0.0999996 is 0.100 with three digits.
        if (abs(value) / pow(10, Double(exponent + 1 - digits))).rounded() >= pow(10, Double(digits)) { exponent += 1 }
        guard (-4..<6).contains(exponent) else { return Scale.power(value, digits: digits) }
        return Decimals.grouped(value, max(0, digits - 1 - exponent))
    }

    /// An estimate with the decimals that show two digits of its interval's length.
    /// - Parameter interval: nil where none is known: two digits are shown.
    package static func estimate(_ value: Double, within interval: ClosedRange<Double>?) -> String {
        guard let interval else { return significant(value, 2) }
        guard let decimals = decimals(of: interval) else { return significant(value) }
        return rounded(value, decimals, isPositive: interval.lowerBound >= 0)
    }

    /// Both ends of an interval, with the decimals that show two digits of their distance.
    static func text(_ interval: ClosedRange<Double>) -> String {
        let decimals = Self.decimals(of: interval)
        return [interval.lowerBound, interval.upperBound]
            .map { end in
                decimals.map { rounded(end, $0, isPositive: interval.lowerBound >= 0) } ?? significant(end)
            }.joined(separator: " to ")
    }

    /// nil where the interval is empty, or so short or long that powers of ten are needed. Negative from a length of 100.
    private static func decimals(of interval: ClosedRange<Double>) -> Int? {
        let length = interval.upperBound - interval.lowerBound
        guard length > 1e-9, length < 1e6 else { return nil }
        return 1 - Int(log10(length).rounded(.down))
    }

    /// A value with so many decimals, or rounded to a power of ten. A positive measure is not rounded to 0, nor one below 1
    /// to 1: an error of 0, or an R² of 1, would be another statement.
    private static func rounded(_ value: Double, _ decimals: Int, isPositive: Bool) -> String {
        let step = pow(10, Double(-decimals))
        let steps = (value / step).rounded()
        if steps == 0, value != 0, isPositive || decimals < 0 { return significant(value, 2) }
        if value < 1 - 1e-12, steps > 0, steps == (1 / step).rounded() {
            return Decimals.grouped(value, max(decimals, 1 - Int(log10(1 - value).rounded(.down))))
        }
        return Decimals.grouped(decimals < 0 ? steps * step : value, max(0, decimals))
    }

    /// A count where all are equal, else the least and the largest: 41, 40 to 41.
    static func counts(_ values: [Int]) -> String {
        guard let least = values.min(), let most = values.max() else { return none }
        return least == most
            ? Decimals.grouped(least) : "\(Decimals.grouped(least)) to \(Decimals.grouped(most))"
    }

    private static func minus(_ text: String) -> String { text.replacing("-", with: "\u{2212}") }
}
