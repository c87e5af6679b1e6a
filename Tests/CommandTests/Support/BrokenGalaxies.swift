import TensorFiles
import TestSupport

/// The tiny partition with some invalid galaxies.
enum BrokenGalaxies {
    /// Rows of the invalid galaxies, and their flags.
    static let flags: [(row: Int, flags: Int)] = [(3, 1), (4, 2), (9, 4), (20, 8), (21, 10), (36, 5)]

    static func write(to path: String) throws {
        var table = try TensorTable.partition()
        let image = 5 * 32 * 32 * 4
        table.change("images") { entry in
            for row in [3, 36] {
                entry.bytes.replaceSubrange(row * image + 400..<row * image + 404, with: [0, 0, 0xC0, 0x7F])
            }
            for row in [4, 21] {
                entry.bytes.replaceSubrange(row * image..<(row + 1) * image, with: repeatElement(0, count: image))
            }
        }
        table.change("magnitudes") { entry in
            for row in [20, 21] {
                entry.bytes.replaceSubrange(row * 40..<(row + 1) * 40, with: repeatElement(0, count: 40))
            }
            let infinity = withUnsafeBytes(of: -Double.infinity) { Array($0) }
            for row in [9, 36] { entry.bytes.replaceSubrange(row * 40 + 8..<row * 40 + 16, with: infinity) }
        }
        try table.write(to: path)
    }
}
