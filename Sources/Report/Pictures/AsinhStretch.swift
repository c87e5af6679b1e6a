import Glibc
import Platform

/// Brightness for the eye: linear where it is faint, logarithmic where it is bright (Lupton et al. 2004, PASP 116, 133).
/// f(x) = asinh(Q x / w) / asinh(Q), so that f(0) = 0 and f(w) = 1.
public struct AsinhStretch: Sendable {
    /// What is white.
    public let white: Double
    /// How much the faint is lifted.
    private static let softening = 12.0

    /// - Parameter white: what is not positive counts as 1.
    public init(white: Double) { self.white = white > 0 && white.isFinite ? white : 1 }

    /// Takes for white what all but a few of the values are below.
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

    /// Three bands in colour: their mean is stretched, and their ratios kept, also where one would be beyond white.
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
