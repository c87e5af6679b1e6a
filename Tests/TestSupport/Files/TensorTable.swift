import Foundation
import TensorFiles

/// Named tensors that a test modifies and writes as safetensors: partitions and checkpoints with one error.
public struct TensorTable: Sendable {
    public struct Entry: Sendable {
        public var name: String
        public var dtype: DType
        public var shape: [Int]
        public var bytes: [UInt8]
    }

    public var entries: [Entry] = []

    public init() {}

    /// The floating-point tensors of a file, as float32; magnitudes and redshifts of a partition as float64.
    /// - Parameter names: new names of some of them.
    public init(_ path: String, renaming names: [String: String] = [:]) throws {
        for tensor in try TensorFile.open(path: path).tensors where tensor.dtype.isFloatingPoint {
            let name = names[tensor.name] ?? tensor.name
            if tensor.dtype == .f64 {
                add(name, tensor.shape, try tensor.doubles(), .f64)
            } else {
                add(name, tensor.shape, try tensor.floats(), .f32)
            }
        }
    }

    /// The 37 galaxies of the tiny partition as `images`, `magnitudes` and `redshifts`.
    public static func partition() throws -> TensorTable {
        try TensorTable(
            Fixture.path("tiny/partition.pt"),
            renaming: ["tensors.0": "images", "tensors.1": "magnitudes", "tensors.2": "redshifts"])
    }

    public mutating func add<Element>(_ name: String, _ shape: [Int], _ values: [Element], _ dtype: DType) {
        entries.append(Entry(name: name, dtype: dtype, shape: shape, bytes: values.withUnsafeBytes { Array($0) }))
    }

    public mutating func remove(_ name: String) { entries.removeAll { $0.name == name } }

    public mutating func change(_ name: String, _ body: (inout Entry) -> Void) {
        for index in entries.indices where entries[index].name == name { body(&entries[index]) }
    }

    /// Keeps `rows` of the first axis of every tensor.
    public func rows(_ rows: Range<Int>) -> TensorTable {
        var table = self
        for index in table.entries.indices {
            let count = entries[index].bytes.count / entries[index].shape[0]
            table.entries[index].shape[0] = rows.count
            table.entries[index].bytes = Array(
                entries[index].bytes[rows.lowerBound * count..<rows.upperBound * count])
        }
        return table
    }

    /// The bytes of the file: length of the header, header, data of the tensors.
    public func bytes() -> [UInt8] {
        var offset = 0
        let header = entries.map { entry in
            defer { offset += entry.bytes.count }
            return "\"\(entry.name)\":{\"dtype\":\"\(entry.dtype.rawValue)\",\"shape\":\(entry.shape),"
                + "\"data_offsets\":[\(offset),\(offset + entry.bytes.count)]}"
        }
        var text = "{" + header.joined(separator: ",") + "}"
        text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
            + entries.flatMap(\.bytes)
    }

    public func write(to path: String) throws {
        try Data(bytes()).write(to: URL(fileURLWithPath: path))
    }
}

extension TensorTable {
    /// The galaxies of the tiny partition, repeated.
    public static func partition(copies: Int) throws -> TensorTable {
        var table = try partition()
        for index in table.entries.indices {
            table.entries[index].shape[0] *= copies
            table.entries[index].bytes = (0..<copies).flatMap { _ in table.entries[index].bytes }
        }
        return table
    }
}
