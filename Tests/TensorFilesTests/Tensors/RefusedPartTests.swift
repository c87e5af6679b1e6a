import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("A part of a file that is not read is refused by name, and the other parts are read")
struct RefusedPartTests {
    /// A unit of 4 x 4 pixels in one tile of that compression, before a table with the column c1 of 2 x 8 bytes.
    private static func compressed(_ type: String, edge: Int = 4, _ cards: [String] = []) -> [UInt8] {
        let extent = [
            "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 1", "PCOUNT  = 0",
            "GCOUNT  = 1", "TFIELDS = 1", "TTYPE1  = 'COMPRESSED_DATA'", "TFORM1  = '1PB(0)'",
        ]
        let image = [
            "ZIMAGE  = T", "ZCMPTYPE= '\(type)'", "ZBITPIX = 16", "ZNAXIS  = 2", "ZNAXIS1 = 4", "ZNAXIS2 = 4",
            "ZTILE1  = \(edge)", "ZTILE2  = \(edge)", "ZVAL1   = 32", "ZVAL2   = 2",
        ]
        let data = [UInt8](repeating: 0, count: 2880)
        let table = FITSFileTests.table("BINTABLE", width: 8, [["TFORM1  = '8B'"]])
        return FITSFileTests.noImage + FITSFileTests.header(extent + image + cards) + data
            + table.dropFirst(FITSFileTests.noImage.count)
    }

    private static func open(_ bytes: [UInt8], _ name: String = "f") throws -> TensorFile {
        try TensorFile.open(MemorySource(name: name, bytes: bytes))
    }

    @Test("A FITS image of a compression that is not read", arguments: ["HCOMPRESS_1", "PLIO_1", "BZIP2_1"])
    func compression(type: String) throws {
        let file = try Self.open(Self.compressed(type))
        #expect(file.tensors.map(\.name) == ["c1"] && file["c1"]?.shape == [2, 8])
        #expect(
            file.refusals == ["hdu1": "its tiles are compressed by '\(type)': RICE_1, GZIP_1 and GZIP_2 are read"])
        #expect(file.columns["hdu1"]?.isImage == true)
    }

    @Test("FITS tiles that are too large, and two names of one compression")
    func tiles() throws {
        let file = try Self.open(Self.compressed("RICE_1", edge: 9000))
        #expect(file.refusals["hdu1"] == "has tiles of 81000000 pixels, at most 33554432 are read")
        #expect(file["c1"] != nil)
        let error = #expect(throws: Failure.self) {
            try Self.open(Self.compressed("RICE_1", ["ZCMPTYPE= 'PLIO_1'"]))
        }
        #expect(error?.message == "FITS: unit 2: ZCMPTYPE occurs twice, with different values")
        #expect(try Self.open(Self.compressed("RICE_1", ["ZNAXIS1 = 4"]))["hdu1"]?.shape == [4, 4])
    }

    @Test("FITS columns whose axes are not those of their numbers, or that have none")
    func columns() throws {
        let bytes = FITSFileTests.table(
            "BINTABLE", width: 13, [["TFORM1  = '5B'", "TDIM1   = '(3,4)'"], ["TFORM2  = '8B'"], ["TFORM3  = '0B'"]])
        let file = try Self.open(bytes)
        #expect(file.tensors.map(\.name) == ["c2"])
        #expect(file.refusals["c1"]?.contains("column 'c1'") == true, "\(file.refusals)")
        #expect(file.refusals["c3"] == "has 0 numbers a row in 1 axes: not read", "\(file.refusals)")
    }

    @Test("FITS planes are no tensor where one of them is not read")
    func planes() throws {
        var builder = FITSBuilder()
        for name in "ugriz" { builder.image([4, 4], [Float](repeating: 1, count: 16), cards: ["EXTNAME = '\(name)'"]) }
        #expect(try Self.open(builder.bytes)["planes"]?.shape == [5, 4, 4])
        let unit = Self.compressed("PLIO_1").dropFirst(FITSFileTests.noImage.count)
        let file = try Self.open(builder.bytes + unit)
        #expect(file["planes"] == nil && file["g"]?.shape == [4, 4] && file.refusals.count == 1)
    }

    @Test("Arrays of an npz archive of an unknown version, with long headers, or of a type without a size")
    func arrays() throws {
        func header(_ type: String) -> String { "{'descr': '\(type)', 'fortran_order': False, 'shape': (4,), }\n" }
        let arrays = [
            ("good.npy", ByteBuilder.npy(header("<f4"))), ("newer.npy", ByteBuilder.npy(header("<f4"), version: 4)),
            ("texts.npy", ByteBuilder.npy(header("|T16"), data: 21)),
            ("long.npy", ByteBuilder.npy(header("<f4") + String(repeating: " ", count: 40_000))),
        ]
        let file = try Self.open(ZipBuilder(arrays.map { ZipBuilder.Entry($0.0, $0.1) }).bytes)
        #expect(file.tensors.map(\.name) == ["good"])
        #expect(file.refusals["newer"] == ".npy version 4, 1 to 3 are known")
        #expect(file.refusals["texts"] == "dtype '|T16' is not supported")
        #expect(file.refusals["long"]?.hasSuffix("at most 32768 are read") == true)
    }

    @Test("Tensors of subclasses, parameters that are no plain tensors, and expanded ones in a checkpoint")
    func checkpoint() throws {
        var pickle = PickleBuilder()
        pickle.ops("}(")
        pickle.text("good")
        pickle.tensor(count: 4, shape: [4], strides: [1])
        pickle.text("wide")
        pickle.tensor(count: 4, shape: [1 << 30], strides: [0])
        pickle.text("sparse")
        pickle.global("torch._utils", "_rebuild_parameter")
        pickle.ops("(")
        pickle.global("torch._utils", "_rebuild_sparse_tensor")
        pickle.ops(")R")
        pickle.op(0x89)
        pickle.global("collections", "OrderedDict")
        pickle.ops(")RtR")
        pickle.text("subclass")
        pickle.global("torch._tensor", "_rebuild_from_type_v2")
        pickle.ops("(")
        pickle.global("torch._utils", "_rebuild_wrapper_subclass")
        pickle.global("project", "Quantized")
        pickle.ops(")}tR")
        pickle.ops("u")
        let file = try Self.open(
            ZipBuilder.torch(pickle.stopped, storages: [[UInt8](repeating: 0, count: 16)]).bytes)
        #expect(file.tensors.map(\.name) == ["good"])
        #expect(file.refusals["wide"] == "expands 4 elements to 1073741824: save it contiguous")
        #expect(file.refusals["sparse"] == "a tensor made by 'torch._utils._rebuild_sparse_tensor' is not supported")
        #expect(file.refusals["subclass"]?.hasPrefix("a tensor made by 'torch._tensor._rebuild_from_type_v2'") == true)
    }
}
