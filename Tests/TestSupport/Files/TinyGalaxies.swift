import Foundation
import TensorFiles

/// The first galaxies of the tiny partition, which tests write in other forms.
public struct TinyGalaxies: Sendable {
    public let count: Int
    /// [count, 5, 32, 32]
    public let images: [Float]
    /// [count, 5]
    public let magnitudes: [Double]
    public let redshifts: [Double]

    public init(_ count: Int = 6) throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/partition.pt"))
        self.count = count
        images = try file["tensors.0"]?.floats(rows: 0..<count) ?? []
        magnitudes = try file["tensors.1"]?.doubles(rows: 0..<count) ?? []
        redshifts = try file["tensors.2"]?.doubles(rows: 0..<count) ?? []
    }

    /// The magnitudes in a band, counted from 0.
    public func magnitudes(in band: Int) -> [Double] { (0..<count).map { magnitudes[$0 * 5 + band] } }

    /// The pixels of a galaxy in a band.
    public func plane(_ galaxy: Int, _ band: Int) -> [Float] {
        Array(images[(galaxy * 5 + band) * 1024..<(galaxy * 5 + band + 1) * 1024])
    }

    /// An archive of arrays, each of a name, `numpy.dtype.str`, or a list of fields, a shape, and its bytes.
    public static func npz(_ arrays: [(String, String, [Int], [UInt8])]) -> [UInt8] {
        ZipBuilder(
            arrays.map { name, descr, shape, bytes in
                let shape = shape.map { "\($0)," }.joined(separator: " ")
                let descr = descr.hasPrefix("[") ? descr : "'\(descr)'"
                let header = "{'descr': \(descr), 'fortran_order': False, 'shape': (\(shape)), }\n"
                return ZipBuilder.Entry(name + ".npy", ByteBuilder.npy(header, data: 0) + bytes)
            }
        ).bytes
    }

    /// `images` and further arrays.
    public func npz(_ more: [(String, String, [Int], [UInt8])]) -> [UInt8] {
        Self.npz([("images", "<f4", [count, 5, 32, 32], Self.bytes(images))] + more)
    }

    /// Numbers as they lie in memory.
    public static func bytes<Number>(_ values: [Number]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    /// A table of magnitudes with a header.
    /// - Parameters:
    ///   - fields: before the magnitudes of each row.
    ///   - rows: galaxies, in the order of the table.
    public func csv(_ header: String, rows: [Int]? = nil, _ fields: (Int) -> String) -> String {
        ([header]
            + (rows ?? Array(0..<count)).map { row in
                let numbers = magnitudes[row * 5..<row * 5 + 5].map { "\($0)" }.joined(separator: ",")
                let first = fields(row)
                return first.isEmpty ? numbers : "\(first),\(numbers)"
            }).joined(separator: "\n") + "\n"
    }
}
