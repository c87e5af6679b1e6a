import Foundation

/// The galaxies of Tests/Fixtures/galaxies, computed by the formulas of its make.py.
public enum FormulaGalaxies {
    public static let count = 3

    public static func path(_ name: String) -> String { Fixture.path("galaxies/" + name) }

    /// Pixel [band, y, x] of a galaxy.
    public static func pixel(_ galaxy: Int, _ band: Int, _ y: Int, _ x: Int) -> Float {
        Float((7 * galaxy + 5 * band + 3 * y + x) % 64) / 8
    }

    /// The pixels of a galaxy, row-major.
    public static func image(_ galaxy: Int, bands: [Int] = [0, 1, 2, 3, 4]) -> [Float] {
        bands.flatMap { band in
            (0..<32).flatMap { y in (0..<32).map { x in pixel(galaxy, band, y, x) } }
        }
    }

    /// All pixels.
    public static var images: [Float] { (0..<count).flatMap { image($0) } }
    public static var magnitudes: [Double] {
        (0..<count * 5).map { index -> Double in 15 + Double(index / 5) + Double(index % 5) / 8 }
    }
    public static let redshifts = [0, 0.125, 0.25]
    public static let integerIDs = ["1000000000000000", "1000000000000001", "1000000000000002"]
    public static let textIDs = ["J0000", "J0001", "J0002"]
}
