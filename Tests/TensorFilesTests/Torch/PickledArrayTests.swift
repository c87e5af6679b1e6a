import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("NumPy arrays in pickles of PyTorch")
struct PickledArrayTests {
    /// An array as NumPy pickles it.
    private static func append(
        _ bytes: [UInt8], _ type: String, _ shape: [Int], to pickle: inout PickleBuilder, module: String = "numpy.core",
        isLatin: Bool = true, order: String = "<", isColumnMajor: Bool = false
    ) {
        pickle.global(module + ".multiarray", "_reconstruct")
        pickle.ops("(")
        pickle.global("numpy", "ndarray")
        pickle.ints([0])
        pickle.op(UInt8(ascii: "C"), [1, UInt8(ascii: "b")])
        pickle.ops("tR(")
        pickle.int(1)
        pickle.ints(shape)
        pickle.global("numpy", "dtype")
        pickle.ops("(")
        pickle.text(type)
        pickle.op(0x89)
        pickle.op(0x88)
        pickle.ops("tR(")
        pickle.int(3)
        pickle.text(order)
        pickle.ops("NNN")
        for number in [-1, -1, 0] { pickle.int(number) }
        pickle.ops("tb")
        pickle.op(isColumnMajor ? 0x88 : 0x89)
        if isLatin {
            pickle.global("_codecs", "encode")
            pickle.ops("(")
            pickle.text(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
            pickle.text("latin1")
            pickle.ops("tR")
        } else {
            pickle.op(UInt8(ascii: "B"), number: UInt32(bytes.count))
            for byte in bytes { pickle.op(byte) }
        }
        pickle.ops("tb")
    }

    private static func open(_ pickle: PickleBuilder) throws -> TensorFile {
        try TensorFile.open(MemorySource(name: "a.pt", bytes: ZipBuilder.torch(pickle.stopped).bytes))
    }

    private static func dictionary(_ body: (inout PickleBuilder) -> Void) -> PickleBuilder {
        var pickle = PickleBuilder()
        pickle.ops("}(")
        body(&pickle)
        pickle.ops("u")
        return pickle
    }

    @Test("Numbers are equal to those in the pickle", arguments: [true, false], ["numpy.core", "numpy._core"])
    func numbers(isLatin: Bool, module: String) throws {
        let numbers = (0..<40_000).map { Double($0) * -1.37 }
        let pickle = Self.dictionary { pickle in
            pickle.text("images")
            Self.append(
                numbers.withUnsafeBytes { Array($0) }, "f8", [20_000, 2], to: &pickle, module: module, isLatin: isLatin)
            pickle.text("columns")
            Self.append(
                [1, 2, 200, 255, 5, 6], "u1", [2, 3], to: &pickle, module: module, isLatin: isLatin, order: "|",
                isColumnMajor: true)
        }
        let file = try Self.open(pickle)
        let images = try #require(file["images"])
        #expect(images.shape == [20_000, 2] && images.dtype == .f64)
        #expect(try images.doubles() == numbers)
        #expect(try images.doubles(rows: 8191..<8193) == Array(numbers[16_382..<16_386]))
        #expect(try images.doubles(rows: 19_999..<20_000) == Array(numbers[39_998...]))
        #expect(try file["columns"]?.doubles() == [1, 200, 5, 2, 255, 6])
    }

    @Test("Texts are a column of strings")
    func texts() throws {
        let pickle = Self.dictionary { pickle in
            pickle.text("object_id")
            Self.append(Array("J1\0J22".utf8), "S3", [2], to: &pickle, order: "|")
        }
        #expect(try Self.open(pickle).text("object_id")?.texts(rows: 0..<2) == ["J1", "J22"])
    }

    @Test("Arrays that are not read are refused only where they are asked for")
    func refused() throws {
        let pickle = Self.dictionary { pickle in
            pickle.text("images")
            Self.append([0, 0, 128, 63], "f4", [1], to: &pickle)
            pickle.text("complex")
            Self.append([UInt8](repeating: 0, count: 8), "c8", [1], to: &pickle)
            pickle.text("short")
            Self.append([0, 0, 128], "f4", [1], to: &pickle)
        }
        let file = try Self.open(pickle)
        #expect(try file["images"]?.floats() == [1])
        #expect(file.tensors.count == 1)
        #expect(file.refusals["complex"] == "dtype '<c8' is not supported")
        #expect(file.refusals["short"] == "F32 [1] needs 4 bytes, has 3")
    }

    @Test("Tensors of types that are not read are refused only where they are asked for, in both containers")
    func besides() throws {
        var pickle = PickleBuilder()
        pickle.ops("}(")
        pickle.text("z")
        pickle.tensor(storage: "ComplexFloatStorage", key: "0", count: 1, shape: [1], strides: [1])
        pickle.text("images")
        pickle.tensor(key: "1", count: 2, shape: [2], strides: [1])
        pickle.ops("u")
        let archive = ZipBuilder.torch(
            pickle.stopped, storages: [[UInt8](repeating: 0, count: 8), [0, 0, 128, 63, 0, 0, 0, 64]])
        let file = try TensorFile.open(MemorySource(name: "a.pt", bytes: archive.bytes))
        #expect(try file["images"]?.floats() == [1, 2])
        #expect(file.refusals == ["z": "storage type 'torch.ComplexFloatStorage' is not supported"])
    }

    @Test("The same holds for safetensors and npz")
    func otherFormats() throws {
        let header =
            #"{"mask":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]},"images":{"dtype":"F32","shape":[1],"#
            + #""data_offsets":[3,7]}}"#
        var bytes = ByteBuilder()
        bytes.append(UInt64(header.utf8.count))
        bytes.append(header)
        bytes.append([1, 2, 3, 0, 0, 128, 63])
        let file = try TensorFile.open(MemorySource(name: "a.safetensors", bytes: bytes.bytes))
        #expect(try file["images"]?.floats() == [1])
        #expect(file.refusals == ["mask": "dtype 'F8_E4M3' is not supported"])

        func array(_ descr: String, _ size: Int) -> [UInt8] {
            ByteBuilder.npy("{'descr': \(descr), 'fortran_order': False, 'shape': (1,), }", data: size)
        }
        let archive = ZipBuilder([
            ZipBuilder.Entry("images.npy", array("'<f4'", 4)), ZipBuilder.Entry("names.npy", array("'|O'", 9)),
            ZipBuilder.Entry("complex.npy", array("'<c8'", 8)),
        ])
        let arrays = try TensorFile.open(MemorySource(name: "a.npz", bytes: archive.bytes))
        #expect(arrays.tensors.map(\.name) == ["images"])
        #expect(arrays.refusals.keys.sorted() == ["complex", "names"])
    }
}
