import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("What HDF5 files state of their numbers")
struct HDF5MeaningTests {
    private static func doubles(_ name: String) throws -> [Double] {
        try #require(try TensorFile.open(path: Fixture.path("meaning/packed.h5"))[name]).doubles()
    }

    @Test("Packed numbers are scaled, and stored fill and missing values are NaN")
    func packed() throws {
        let values = try Self.doubles("packed")
        #expect(values[0] == 20 && values[1] == 70 && values[3] == 23.5 && values[4] == 19.5)
        #expect(values[2].isNaN && values[5].isNaN)
        let floats = try Self.doubles("floats")
        #expect(floats[0] == 1 && floats[1].isNaN && floats[2] == 3)
        let halves = try Self.doubles("halves")
        #expect(halves[0] == 1 && halves[1].isNaN && halves[2].isNaN)
        // Its scale_factor is a text.
        let file = try TensorFile.open(path: Fixture.path("meaning/packed.h5"))
        #expect(file["named"] == nil && file.refusals["named"]?.contains("scale_factor is not a number") == true)
    }

    @Test("A fill value that the writer has defined is NaN, the library's default and 0 are numbers")
    func fillValues() throws {
        let unwritten = try Self.doubles("unwritten")
        #expect(unwritten[0] == 1.5 && unwritten[1].isNaN && unwritten[2].isNaN)
        #expect(try Self.doubles("default") == [1.5, 0, 0])
        #expect(try Self.doubles("zero") == [1.5, 0, 0])
        let file = try TensorFile.open(path: Fixture.path("meaning/packed.h5"))
        let integers = try #require(file["integers"])
        let values = try integers.doubles()
        #expect(integers.dtype == .i64 && values[0] == 5 && values[1].isNaN && values[2] == 6)
        #expect(try integers.rowMajorBytes(rows: 1..<2) == [UInt8](repeating: 255, count: 8))
        #expect(file["halves"]?.storedTypes == [.f16] && file["packed"]?.storedTypes == [.f64])
    }

    @Test("The superblock may follow a user block", arguments: [512, 2048])
    func userBlock(size: Int) throws {
        let path = Fixture.path("meaning/user-block-\(size).h5")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for file in [try TensorFile.open(path: path), try TensorFile.open(MemorySource(name: "memory", bytes: bytes))] {
            #expect(try file["numbers"]?.doubles() == [0, 1, 2, 3])
            for name in ["texts", "chunked", "deflated"] {
                #expect(try file.text(name)?.texts(rows: 0..<3) == ["a", "bb", "ccc"])
                #expect(try file.text(name)?.texts(rows: 2..<3) == ["ccc"])
            }
        }
    }

    @Test("Only archives of PyTorch are named so, and classic netCDF files are named")
    func named() throws {
        func message(_ bytes: [UInt8]) -> String {
            do {
                _ = try TensorFile.open(MemorySource(name: "f", bytes: bytes))
                return ""
            } catch { return "\(error)" }
        }
        func tar(_ name: String) -> [UInt8] {
            var block = [UInt8](repeating: 0, count: 1024)
            block.replaceSubrange(0..<name.utf8.count, with: Array(name.utf8))
            block.replaceSubrange(257..<262, with: Array("ustar".utf8))
            return block
        }
        #expect(message(tar("galaxies/1.fits")).contains("is a tar archive: extract it"))
        #expect(message(tar("sys_info")).contains("PyTorch's oldest container"))
        #expect(message(Array("CDF\u{1}".utf8) + [UInt8](repeating: 0, count: 64)).contains("nccopy -k nc4"))
    }
}
