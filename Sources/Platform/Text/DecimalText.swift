/// Reads decimal numbers.
package enum DecimalText {
    /// The number in `range`, correctly rounded, where that takes one operation: up to about 15 digits, and a power of ten
    /// that a float64 represents exactly (W. D. Clinger, "How to read floating point numbers accurately", 1990). nil for
    /// other numbers, which `Double` reads, and for anything else.
    package static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Double? {
        var position = range.lowerBound
        let end = range.upperBound
        guard position < end else { return nil }
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        var mantissa: UInt64 = 0
        var (digits, decimals) = (0, 0)
        var hasPoint = false
        while position < end {
            let digit = bytes[position] &- UInt8(ascii: "0")
            if digit < 10 {
                // More digits are left to `Double`; leading zeros do not count.
                guard mantissa < 1 << 53 else { return nil }
                mantissa = mantissa * 10 + UInt64(digit)
                digits += 1
                if hasPoint { decimals += 1 }
            } else if bytes[position] == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                return nil
            }
            position += 1
        }
        guard digits > 0, mantissa <= 1 << 53, decimals < powers.count else { return nil }
        let value = Double(mantissa) / powers[decimals]
        return isNegative ? -value : value
    }

    /// 10^0 ... 10^22: the powers of ten that a float64 represents exactly.
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
