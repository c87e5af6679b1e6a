import Glibc
import Platform

/// Brightness for display: linear for faint pixels, logarithmic for bright ones (Lupton et al. 2004, PASP 116, 133).
/// f(x) = asinh(Q x / w) / asinh(Q), so that f(0) = 0 and f(w) = 1.
public struct AsinhStretch: Sendable {
    /// The brightness shown as white.
    public let white: Double
    /// The amplification of faint pixels.
    private static let softening = 12.0

    /// - Parameter white: 1 is used where it is not positive.
    public init(white: Double) { self.white = white > 0 && white.isFinite ? white : 1 }

    /// Sets white to a high percentile of the values.
    public init(_ values: [Float]) {
        let sorted = values.map(Double.init).filter(\.isFinite).sorted()
        self.init(white: sorted.isEmpty ? 1 : Statistics.percentile(sorted: sorted, fraction: 0.998))
    }

    func value(_ x: Double) -> Double { asinh(Self.softening * x / white) / asinh(Self.softening) }

    /// One band in grey.
    public func grey(_ x: Float) -> [UInt8] {
        let level = Self.byte(value(Double(x)))
        return [level, level, level]
    }

    /// Three bands in colour: stretches their mean and keeps their ratios, also where a band would exceed white.
    public func colour(_ red: Float, _ green: Float, _ blue: Float) -> [UInt8] {
        let bands = [red, green, blue].map { max(0, Double($0)) }
        let mean = bands.reduce(0, +) / 3
        guard mean > 0, mean.isFinite else { return [0, 0, 0] }
        let scaled = bands.map { $0 * value(mean) / mean }
        let most = max(1, scaled.max() ?? 1)
        return scaled.map { Self.byte($0 / most) }
    }

    static func byte(_ level: Double) -> UInt8 { UInt8(max(0, min(255, (level.isNaN ? 0 : level) * 255)).rounded()) }
}
