import Glibc
import Platform

/// Brightness for display: linear for faint pixels, logarithmic for bright ones (Lupton et al. 2004, PASP 116, 133).
/// f(x) = asinh(x / k) / asinh(w / k), so that f(0) = 0 and f(w) = 1; k is twice the pixels' noise, and w the brightest
/// pixel: none is brighter than white.
public struct AsinhStretch: Sendable {
    /// The brightness shown as white.
    public let white: Double
    /// The brightness up to which the scale is about linear.
    let knee: Double
    /// A knee in units of the noise.
    static let kneeNoise = 2.0
    /// White in units of the knee, where the noise is not known.
    private static let usualRange = 12.0

    /// - Parameters:
    ///   - white: 1 is used where it is not positive.
    ///   - noise: standard deviation of a pixel; where it is not positive, the knee is a twelfth of white.
    public init(white: Double, noise: Double = 0) {
        self.white = white > 0 && white.isFinite ? white : 1
        let knee = Self.kneeNoise * noise
        self.knee = knee > 0 && knee.isFinite ? knee : self.white / Self.usualRange
    }

    /// Sets white to the largest of the values.
    public init(_ values: some Sequence<Float>, noise: Double = 0) {
        self.init(white: values.lazy.filter(\.isFinite).max().map { Double($0) } ?? 1, noise: noise)
    }

    func value(_ x: Double) -> Double { asinh(x / knee) / asinh(white / knee) }

    /// One band in grey.
    public func grey(_ x: Float) -> [UInt8] {
        let level = Self.byte(value(Double(x)))
        return [level, level, level]
    }

    /// Levels of three bands, 1 for white: stretches their mean and keeps their ratios. The brightest band of a pixel may
    /// have a level above 1.
    func levels(_ red: Float, _ green: Float, _ blue: Float) -> [Double] {
        let bands = [red, green, blue].map { max(0, Double($0)) }
        let mean = bands.reduce(0, +) / 3
        guard mean > 0, mean.isFinite else { return [0, 0, 0] }
        return bands.map { $0 * value(mean) / mean }
    }

    static func byte(_ level: Double) -> UInt8 { UInt8(max(0, min(255, (level.isNaN ? 0 : level) * 255)).rounded()) }
}
