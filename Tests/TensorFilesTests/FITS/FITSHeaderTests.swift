import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

/// Each of these made cfitsio 4.2 write or allocate out of bounds (found by Fuzzing/, target `fits-headers`).
@Suite("Invalid headers are refused before cfitsio reads them")
struct FITSHeaderTests {
    private static func refusal(_ bytes: [UInt8]) -> String? {
        let error = #expect(throws: Failure.self) {
            try TensorFile.open(MemorySource(name: "h", bytes: bytes))
        }
        return error?.message
    }

    /// A table with one column of bytes, two rows of eight, and further cards.
    private static func table(_ cards: [String], fields: String = "1", heap: Int = 0) -> [UInt8] {
        let extent = [
            "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 2", "PCOUNT  = \(heap)",
            "GCOUNT  = 1", "TFIELDS = \(fields)", "TTYPE1  = 'c1'", "TFORM1  = '8B'",
        ]
        return FITSFileTests.noImage + FITSFileTests.header(extent + cards) + [UInt8](repeating: 0, count: 2880)
    }

    @Test("The valid table that the other cases modify opens")
    func sound() throws {
        let file = try TensorFile.open(MemorySource(name: "h", bytes: Self.table([])))
        #expect(file["c1"]?.shape == [2, 8])
    }

    @Test(
        "A number that is invalid or too long for cfitsio's message is refused",
        arguments: ["TNULL1", "THEAP", "ZNAXIS1", "ZTILE2", "EXTVER", "BLANK"])
    func numbers(key: String) {
        let padded = key + String(repeating: " ", count: 8 - key.utf8.count)
        for value in [String(repeating: "9", count: 40), "1e5", "'\(String(repeating: "x", count: 60))'", ""] {
            let message = Self.refusal(Self.table(["\(padded)= \(value)"]))
            #expect(message?.hasPrefix("FITS: unit 2: \(key): expected a whole number, found '") == true)
        }
    }

    @Test(
        "The name of a column without quotes, which may overrun a buffer by a character, is refused",
        arguments: ["TTYPE2", "TFORM1"])
    func unquoted(key: String) {
        let name = String(repeating: "x", count: 70)
        #expect(
            Self.refusal(Self.table(["\(key)  =\u{20}" + name]))
                == "FITS: unit 2: \(key): expected a text in quotes, found '\(name)'")
    }

    @Test("An invalid number of columns is refused without allocating them", arguments: ["700000000", "1000", "-1"])
    func columns(count: String) {
        #expect(
            Self.refusal(Self.table([], fields: count)) == "FITS: unit 2: TFIELDS: expected 0 to 999, found \(count)")
    }

    @Test("A repeated keyword of the layout is refused")
    func twice() {
        let message = Self.refusal(Self.table(["NAXIS1  = 80000"]))
        #expect(message == "FITS: unit 2: NAXIS1 occurs twice, with different values")
    }

    @Test("A heap outside its unit, or inside its table, is refused", arguments: [15, 25, -1])
    func heap(offset: Int) {
        let message = Self.refusal(Self.table(["THEAP   = \(offset)"], heap: 8))
        #expect(message == "FITS: unit 2: its heap begins at \(offset), in a table of 16 bytes and 8 more")
    }

    @Test(
        "Tiles of a compression that cfitsio does not know, behind which no unit can be read, are refused",
        arguments: ["HCOMPRESS_2", "", "NONE"])
    func compressions(name: String) {
        let message = Self.refusal(Self.table(["ZIMAGE  = T", "ZCMPTYPE= '\(name)'"]))
        #expect(message?.contains("compressed by '\(name)': RICE_1, GZIP_1 and GZIP_2 are read") == true)
    }

    @Test("Axes that overflow or are missing are refused")
    func axes() {
        func image(_ cards: [String]) -> String? {
            Self.refusal(FITSFileTests.header(["SIMPLE  = T", "BITPIX  = -64", "NAXIS   = 2"] + cards))
        }
        #expect(
            image(["NAXIS1  = 4294967296", "NAXIS2  = 4294967296"]) == "FITS: unit 1: its axes overflow")
        #expect(image(["NAXIS1  = 3"]) == "FITS: unit 1: NAXIS2 is missing")
        #expect(image(["NAXIS1  = -3", "NAXIS2  = 1"])?.hasPrefix("FITS: unit 1: NAXIS1: expected 0 to ") == true)
    }
}
