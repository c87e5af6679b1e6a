import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Ends and undefined values of FITS files")
struct FITSEndTests {
    private static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path(name))))
    }

    /// A table of one column of integers, without the padding of its last block.
    private static func table(_ cards: [String], _ numbers: [Int16]) -> [UInt8] {
        func header(_ cards: [String]) -> [UInt8] {
            let text = (cards + ["END"]).map { $0.padding(toLength: 80, withPad: " ", startingAt: 0) }.joined()
            return Array(text.padding(toLength: (text.count + 2879) / 2880 * 2880, withPad: " ", startingAt: 0).utf8)
        }
        func card(_ key: String, _ value: String) -> String {
            key.padding(toLength: 8, withPad: " ", startingAt: 0) + "= " + value
        }
        let primary = header([card("SIMPLE", "T"), card("BITPIX", "8"), card("NAXIS", "0"), card("EXTEND", "T")])
        let table = header(
            [
                card("XTENSION", "'BINTABLE'"), card("BITPIX", "8"), card("NAXIS", "2"), card("NAXIS1", "2"),
                card("NAXIS2", "\(numbers.count)"), card("PCOUNT", "0"), card("GCOUNT", "1"), card("TFIELDS", "1"),
                card("TTYPE1", "'mag_u'"), card("TFORM1", "'I'"),
            ] + cards)
        return primary + table
            + numbers.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    @Test(
        "Zero blocks after the last unit are passed over, other records with a warning",
        arguments: [(0, 1), (0, 3), (32, 1), (7, 1)] as [(UInt8, Int)])
    func trailing(byte: UInt8, blocks: Int) throws {
        for name in ["cube.fits", "table.fits"] {
            let bytes = try Self.bytes(name) + [UInt8](repeating: byte, count: 2880 * blocks)
            let file = try TensorFile.open(MemorySource(name: name, bytes: bytes))
            #expect(try file[name == "cube.fits" ? "primary" : "image"]?.floats() == FormulaGalaxies.images)
            #expect(file.warnings.count == (byte == 7 ? 1 : 0))
        }
    }

    @Test("The last block may lack its padding, in memory and on disk, but not its data")
    func unfilled() throws {
        let numbers: [Int16] = [3, 1, 4, 1, 5]
        let bytes = Self.table([], numbers)
        #expect(
            try TensorFile.open(MemorySource(name: "t", bytes: bytes))["mag_u"]?.doubles() == numbers.map { Double($0) }
        )
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/t.fits"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(try TensorFile.open(path: path)["mag_u"]?.doubles() == numbers.map { Double($0) })
        }
        let image = try Self.bytes("cube.fits").prefix(2880 + 3 * 5 * 1024 * 4)
        #expect(
            try TensorFile.open(MemorySource(name: "i", bytes: Array(image)))["primary"]?.floats()
                == FormulaGalaxies.images)
        for cut in [bytes.dropLast(1), bytes.dropLast(9), image.dropLast(1)] {
            let error = #expect(throws: Failure.self) {
                try TensorFile.open(MemorySource(name: "cut", bytes: Array(cut)))
            }
            #expect(error?.message.contains("it is cut short") == true)
        }
    }

    @Test("Zeros after a gzip member are padding")
    func gzip() throws {
        let bytes = try Self.bytes("table.fits.gz")
        for count in [1, 512, 300_000] {
            let padded = bytes + [UInt8](repeating: 0, count: count)
            #expect(
                try TensorFile.open(MemorySource(name: "z", bytes: padded))["image"]?.floats()
                    == FormulaGalaxies.images)
        }
        #expect(throws: Failure.self) { try TensorFile.open(MemorySource(name: "z", bytes: bytes + [0, 1])) }
    }

    @Test("An integer that TNULL names is NaN as a number, also with the offset of unsigned ones")
    func nulls() throws {
        let numbers: [Int16] = [20, -99, 21]
        func column(_ cards: [String]) throws -> TensorView {
            try #require(
                try TensorFile.open(MemorySource(name: "t", bytes: Self.table(cards, numbers)))["mag_u"])
        }
        let signed = try column(["TNULL1  = -99"])
        #expect(signed.dtype == .i64)
        let values = try signed.doubles()
        #expect(values[0] == 20 && values[1].isNaN && values[2] == 21)
        #expect(try signed.floats(rows: 1..<2)[0].isNaN && signed.floats(rows: 2..<3) == [21])
        let unsigned = try column(["TNULL1  = -99", "TZERO1  = 32768", "TSCAL1  = 1"]).doubles()
        #expect(unsigned[0] == 32788 && unsigned[1].isNaN && unsigned[2] == 32789)
        #expect(try column([]).doubles() == [20, -99, 21])
    }
}
