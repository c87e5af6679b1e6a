import CZlib

/// An image file of 8-bit red, green, blue and opacity (W3C PNG, 2nd edition): one IDAT, deflated by zlib, each line
/// coded as differences from the pixels to the left.
public struct PNG: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// The file.
    public let bytes: [UInt8]

    /// - Parameter pixels: [height, width, 4], from the top left.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && pixels.count == width * height * 4, "\(width) x \(height) pixels")
        (self.width, self.height) = (width, height)
        var lines: [UInt8] = []
        lines.reserveCapacity(height * (1 + 4 * width))
        for row in 0..<height {
            lines.append(1)  // filter: Sub
            let line = pixels[row * width * 4..<(row + 1) * width * 4]
            for index in line.indices {
                lines.append(line[index] &- (index - line.startIndex < 4 ? 0 : line[index - 4]))
            }
        }
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        Self.append("IHDR", Self.word(width) + Self.word(height) + [8, 6, 0, 0, 0], to: &file)
        Self.append("IDAT", Self.deflated(lines), to: &file)
        Self.append("IEND", [], to: &file)
        bytes = file
    }

    private static func append(_ type: String, _ content: [UInt8], to file: inout [UInt8]) {
        let body = Array(type.utf8) + content
        let sum = unsafe crc32_z(0, body, body.count)
        file += word(content.count) + body + word(Int(sum))
    }

    private static func word(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(uLong(bytes.count))
        var result = [UInt8](repeating: 0, count: Int(size))
        let status = unsafe compress2(&result, &size, bytes, uLong(bytes.count), 9)
        // With compressBound bytes of output, zlib fails only without memory.
        precondition(status == Z_OK, "zlib: \(status)")
        return Array(result.prefix(Int(size)))
    }
}
