import Foundation
import TestSupport

@testable import Platform
@testable import TensorFiles

/// A pickle of datasets whose tensors are `a` [6, 2] (0, 1, 2, ...) and `b` [6] (0, 10, 20, ...), both float32.
struct DatasetPickle {
    private static let known = "torch.utils.data.dataset."
    private(set) var pickle = PickleBuilder()

    mutating func object(_ type: String, _ state: (inout Self) -> Void) {
        let parts = type.split(separator: ".")
        pickle.global(parts.dropLast().joined(separator: "."), String(parts[parts.count - 1]))
        pickle.ops(")")
        pickle.op(0x81)
        pickle.ops("}(")
        state(&self)
        pickle.ops("ub")
    }

    /// - Parameter names: of the tensors that it has, in this order.
    mutating func tensors(
        _ type: String = known + "TensorDataset", names: String = "ab", _ more: (inout Self) -> Void = { _ in }
    ) {
        object(type) { this in
            this.pickle.text("tensors")
            this.pickle.ops("(")
            for name in names {
                if name == "a" {
                    this.pickle.tensor(key: "0", count: 12, shape: [6, 2], strides: [2, 1])
                } else {
                    this.pickle.tensor(key: "1", count: 6, shape: [6], strides: [1])
                }
            }
            this.pickle.ops("t")
            more(&this)
        }
    }

    mutating func list(_ numbers: [Int]) {
        pickle.ops("](")
        for number in numbers { pickle.int(number) }
        pickle.ops("e")
    }

    mutating func subset(
        _ type: String = known + "Subset", of dataset: (inout Self) -> Void, _ rows: (inout Self) -> Void
    ) {
        object(type) { this in
            this.pickle.text("dataset")
            dataset(&this)
            this.pickle.text("indices")
            rows(&this)
        }
    }

    mutating func concatenated(_ parts: [(inout Self) -> Void]) {
        object(Self.known + "ConcatDataset") { this in
            this.pickle.text("datasets")
            this.pickle.ops("](")
            for part in parts { part(&this) }
            this.pickle.ops("e")
            this.pickle.text("cumulative_sizes")
            this.list(parts.indices.map { 6 * ($0 + 1) })
        }
    }

    /// A range, as `range(...)` is pickled.
    mutating func range(_ bounds: [Int]) {
        pickle.global("builtins", "range")
        pickle.ints(bounds)
        pickle.ops("R")
    }

    /// - Parameter indices: those of `tensorIndices`.
    func file(indices: [Int64] = [5, -6]) throws -> TensorFile {
        func bytes(_ numbers: [Float]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }
        return try TensorFile.open(
            MemorySource(
                name: "dataset.pt",
                bytes: ZipBuilder.torch(
                    pickle.stopped,
                    storages: [
                        bytes((0..<12).map { Float($0) }), bytes((0..<6).map { Float(10 * $0) }),
                        indices.withUnsafeBytes { Array($0) },
                    ]
                ).bytes))
    }

    mutating func text(_ text: String) { pickle.text(text) }
    mutating func number(_ number: Int) { pickle.int(number) }
    mutating func appended() { pickle.ops("a") }
    mutating func none() { pickle.ops("N") }

    /// A list in batches of a thousand, as Python pickles it.
    mutating func batches(_ numbers: [Int]) {
        pickle.ops("]")
        for start in stride(from: 0, to: numbers.count, by: 1000) {
            pickle.ops("(")
            for number in numbers[start..<min(start + 1000, numbers.count)] {
                pickle.op(UInt8(ascii: "J"), number: Int32(number))
            }
            pickle.ops("e")
        }
    }

    /// A list of `numpy.int64`, as protocol 2 pickles them.
    mutating func scalars(_ numbers: [Int64]) {
        pickle.ops("](")
        for number in numbers {
            pickle.global("numpy._core.multiarray", "scalar")
            pickle.ops("(")
            pickle.global("numpy", "dtype")
            pickle.ops("(")
            pickle.text("i8")
            pickle.op(0x89)
            pickle.op(0x88)
            pickle.ops("tR(")
            pickle.int(3)
            pickle.text("<")
            pickle.ops("NNN")
            for number in [-1, -1, 0] { pickle.int(number) }
            pickle.ops("tb")
            pickle.global("_codecs", "encode")
            pickle.ops("(")
            let bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
            pickle.text(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
            pickle.text("latin1")
            pickle.ops("tRtR")
        }
        pickle.ops("e")
    }

    mutating func tensorIndices() {
        pickle.tensor(storage: "LongStorage", key: "2", count: 2, shape: [2], strides: [1])
    }

    mutating func both(_ body: (inout Self) -> Void) {
        pickle.ops("](")
        body(&self)
        pickle.ops("e")
    }
}
