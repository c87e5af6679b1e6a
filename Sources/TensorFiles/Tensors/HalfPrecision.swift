/// Rounding to half precision, to nearest with ties to even.
enum HalfPrecision {
    /// IEEE binary16.
    static func half(_ value: Double) -> UInt16 { Float16(value).bitPattern }

    /// bfloat16: the upper half of a float32.
    static func brain(_ value: Double) -> UInt16 {
        let bits = roundedToOdd(value).bitPattern
        if bits & 0x7FFF_FFFF > 0x7F80_0000 { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    }

    /// The float32 that rounds to the same bfloat16 as `value` itself: inexact results get an odd last bit.
    private static func roundedToOdd(_ value: Double) -> Float {
        let nearest = Float(value)
        guard nearest.isFinite, Double(nearest) != value, nearest.bitPattern & 1 == 0 else { return nearest }
        return value > Double(nearest) ? nearest.nextUp : nearest.nextDown
    }
}
