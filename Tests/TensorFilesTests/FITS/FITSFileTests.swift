import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("FITS files written by astropy")
struct FITSFileTests {
    private static func open(_ name: String) throws -> TensorFile {
        try TensorFile.open(path: FormulaGalaxies.path(name))
    }

    @Test(
        "Pixels of cubes, columns and tiles equal those of the galaxies bit for bit",
        arguments: [
            ("cube.fits", "primary"), ("table.fits", "image"), ("table.fits.gz", "image"),
            ("gzip2.fits", "COMPRESSED_IMAGE"), ("names.fits", "CUTOUT"),
        ])
    func images(name: String, tensor: String) throws {
        let file = try Self.open(name)
        #expect(file.format == .fits)
        let images = try #require(file[tensor])
        #expect(images.shape == [3, 5, 32, 32])
        #expect(images.dtype == .f32)
        #expect(try images.floats() == FormulaGalaxies.images)
        var row = [Float](repeating: 0, count: 5120)
        var span = row.mutableSpan
        try images.copyFloats(rows: 1..<2, into: &span)
        #expect(row == FormulaGalaxies.image(1))
        let inPlace = try images.withContiguousFloats(rows: 2..<3) { span in span.indices.map { span[$0] } }
        #expect(inPlace == FormulaGalaxies.image(2))
    }

    @Test("Columns of numbers keep their types, and integers are exact, also unsigned ones")
    func columns() throws {
        let file = try Self.open("cube.fits")
        #expect(try file["magnitudes"]?.doubles() == FormulaGalaxies.magnitudes)
        #expect(file["magnitudes"]?.shape == [3, 5])
        #expect(try file["redshift"]?.doubles() == FormulaGalaxies.redshifts)
        #expect(file["object_id"]?.dtype == .i64)
        #expect(try file["object_id"]?.doubles() == [1e15, 1e15 + 1, 1e15 + 2])
        let names = try Self.open("names.fits")
        #expect(try names["objid"]?.doubles() == [1e15, 1e15 + 1, 1e15 + 2])
        #expect(names["z_spec"]?.dtype == .f32)
        #expect(try names["psf_i"]?.floats() == [15.375, 16.375, 17.375])
    }

    @Test("Strings are read without padding", arguments: ["table.fits", "table.fits.gz"])
    func texts(name: String) throws {
        let column = try #require(try Self.open(name).text("object_id"))
        #expect(column.count == 3)
        #expect(try column.texts(rows: 0..<3) == FormulaGalaxies.textIDs)
        #expect(try column.texts(rows: 1..<2) == ["J0001"])
        #expect(throws: Failure.self) { try column.texts(rows: 2..<4) }
    }

    @Test("Integers are scaled by BSCALE and BZERO, and planes of the same shape form one tensor")
    func scaled() throws {
        let planes = try Self.open("planes.fits")
        #expect(planes["planes"]?.shape == [5, 32, 32])
        #expect(try planes["planes"]?.floats() == FormulaGalaxies.image(1))
        #expect(try planes["G"]?.floats() == FormulaGalaxies.image(1, bands: [1]))
        #expect(try Self.open("stack.fits")["primary"]?.floats() == FormulaGalaxies.image(1))
        // Eight times the pixels of the galaxies, compressed by Rice.
        let rice = try #require(try Self.open("rice.fits")["COMPRESSED_IMAGE"])
        #expect(rice.dtype == .f64)
        #expect(try rice.floats() == FormulaGalaxies.images.map { 8 * $0 })
    }

    @Test("Infinities and subnormal numbers are unchanged, and an integer BLANK is NaN")
    func special() throws {
        let file = try Self.open("special.fits")
        let bits = try #require(try file["primary"]?.floats()).map(\.bitPattern)
        #expect(
            bits[1...].elementsEqual([Float.infinity, -0.0, .leastNonzeroMagnitude, -.infinity, 1.5].map(\.bitPattern)))
        #expect(Float(bitPattern: bits[0]).isNaN)
        let holes = try #require(try file["HOLES"]?.doubles())
        #expect(holes[0] == 1 && holes[1].isNaN && holes[2...] == [2, 3])
    }

    @Test("Integers of columns are scaled, and the stored value TNULL is NaN")
    func scaledColumns() throws {
        let file = try Self.open("nulls.fits")
        // Stored with the scales 1/8 and 1/1000; of galaxy 1 the first value of each is undefined.
        for (name, stored) in [
            ("image", FormulaGalaxies.images.map { Double($0) }), ("magnitudes", FormulaGalaxies.magnitudes),
            ("redshift", FormulaGalaxies.redshifts),
        ] {
            let column = try #require(file[name])
            #expect(column.dtype == .f64)
            let numbers = try column.doubles()
            let missing = stored.count / 3
            #expect(numbers.count == stored.count)
            #expect(numbers.indices.filter { numbers[$0].isNaN } == [missing])
            for index in numbers.indices where index != missing {
                #expect(abs(numbers[index] - stored[index]) < 1e-12)
            }
        }
    }

    @Test(
        "A file name is a path, even if cfitsio would interpret it otherwise",
        arguments: ["a.fits[1]", "b.fits+1", "mem:", "c.fits(copy.fits)", "http:", "-"])
    func names(name: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/" + name
            try FileManager.default.copyItem(atPath: FormulaGalaxies.path("cube.fits"), toPath: path)
            #expect(try TensorFile.open(path: path)["primary"]?.floats() == FormulaGalaxies.images)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
            let error = #expect(throws: Failure.self) { try TensorFile.open(path: path + "[1]") }
            #expect(error?.message.contains("cannot be opened") == true)
        }
    }

    @Test("Any byte source and any number of files at once can be read")
    func sources() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("table.fits.gz"))))
        let files = try (0..<20).map { try TensorFile.open(MemorySource(name: "memory \($0)", bytes: bytes)) }
        for file in files + files { #expect(try file["image"]?.floats() == FormulaGalaxies.images) }
        files[0].release()
        #expect(try files[0].text("object_id")?.texts(rows: 0..<3) == FormulaGalaxies.textIDs)
    }

    @Test(
        "A file that is cut short is refused, and the error states the offset", arguments: [2880, 5000, 30_000, 63_000])
    func cut(count: Int) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("cube.fits"))).prefix(count))
        let error = #expect(throws: Failure.self) {
            try TensorFile.open(MemorySource(name: "cut", bytes: bytes))
        }
        #expect(error?.description.hasPrefix("cut: FITS: unit 1 ends at byte") == true)
    }

    @Test("A file that is cut within a later header is refused")
    func cutHeader() throws {
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("cube.fits"))))
        // The primary unit: a header of one block, and 3 x 5 x 32 x 32 float32 in 22 blocks.
        for count in [23 * 2880 + 80, 23 * 2880 + 400, 23 * 2880 + 2000] {
            let error = #expect(throws: Failure.self) {
                try TensorFile.open(MemorySource(name: "cut", bytes: Array(whole.prefix(count))))
            }
            // Of the last, the header is whole, and its data is missing.
            let words =
                count > 23 * 2880 + 400 ? "it is cut short" : "ends at byte 66240 of \(count): what follows is cut"
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test("A gzip file that is damaged or does not contain a FITS file is refused")
    func gzip() throws {
        let stream = GzipStream()
        let text = stream.deflate(Array("object_id,z_phot\n".utf8)) + stream.finish()
        let error = #expect(throws: Failure.self) { try TensorFile.open(MemorySource(name: "t", bytes: text)) }
        #expect(error?.message == "gzip: expected a FITS file in it, found none")
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("table.fits.gz"))))
        bytes[bytes.count - 6] ^= 1
        #expect(throws: Failure.self) { try TensorFile.open(MemorySource(name: "t", bytes: bytes)) }
        #expect(throws: Failure.self) {
            try TensorFile.open(MemorySource(name: "t", bytes: Array(bytes.prefix(700))))
        }
    }

    /// A header, padded to blocks.
    static func header(_ cards: [String]) -> [UInt8] {
        let text = (cards + ["END"]).map { $0.padding(toLength: 80, withPad: " ", startingAt: 0) }.joined()
        return Array(text.padding(toLength: (text.count + 2879) / 2880 * 2880, withPad: " ", startingAt: 0).utf8)
    }

    static let noImage = header(["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T"])

    /// A file with a table of two rows, whose columns `c1`, `c2`, ... have these formats and one repeated letter.
    static func table(_ kind: String, width: Int, _ columns: [[String]]) -> [UInt8] {
        let cards = columns.enumerated().flatMap { index, column in
            ["TTYPE\(index + 1)  = 'c\(index + 1)'"] + column
        }
        let extent = [
            "XTENSION= '\(kind)'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = \(width)", "NAXIS2  = 2", "PCOUNT  = 0",
            "GCOUNT  = 1", "TFIELDS = \(columns.count)",
        ]
        let data = [UInt8](repeating: UInt8(ascii: "x"), count: (2 * width + 2879) / 2880 * 2880)
        return noImage + header(extent + cards) + data
    }

    @Test("Columns of an ASCII table of any width are listed as not read", arguments: [1, 20, 3000])
    func asciiTable(width: Int) throws {
        let bytes = Self.table(
            "TABLE   ", width: width + 8,
            [["TFORM1  = 'A\(width)'", "TBCOL1  = 1"], ["TFORM2  = 'I8'", "TBCOL2  = \(width + 1)"]])
        let file = try TensorFile.open(MemorySource(name: "a", bytes: bytes))
        #expect(file.tensors.isEmpty && file.texts.isEmpty)
        #expect(file.refusals["c1"] == "lies in an ASCII table: not read")
        #expect(file.refusals["c2"] == "lies in an ASCII table: not read")
    }

    @Test("A column with several strings a row is not read")
    func severalTexts() throws {
        let bytes = Self.table(
            "BINTABLE", width: 33 + 33 + 11 + 0 + 5000,
            [
                ["TFORM1  = '33A11'"], ["TFORM2  = '33A'", "TDIM2   = '(11,3)'"], ["TFORM3  = '11A'"],
                ["TFORM4  = '0A'"], ["TFORM5  = '5000A'"],
            ])
        let file = try TensorFile.open(MemorySource(name: "b", bytes: bytes))
        #expect(file.tensors.isEmpty && file.texts.map(\.name) == ["c3"])
        #expect(
            try file.text("c3")?.texts(rows: 0..<2) == Array(repeating: String(repeating: "x", count: 11), count: 2))
        for name in ["c1", "c2"] {
            #expect(
                file.refusals[name] == "has 33 characters a row in texts of 11: one text a row is read",
                "\(file.refusals)")
        }
        #expect(file.refusals["c5"] == "has texts of 5000 characters: 1 to 4096 are read")
    }

    @Test("Declared sizes are compared with the size of the file")
    func promises() throws {
        for axes in [
            ["NAXIS1  = 9999999999999", "NAXIS2  = 9999999999999"], ["NAXIS1  = 32", "NAXIS2  = 999999999999"],
            ["NAXIS1  = -5", "NAXIS2  = 2"],
        ] {
            let bytes = Self.header(["SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2"] + axes)
            #expect(throws: Failure.self) { try TensorFile.open(MemorySource(name: "h", bytes: bytes)) }
        }
        #expect(throws: Failure.self) {
            try TensorFile.open(MemorySource(name: "h", bytes: Array("SIMPLE  = T".utf8)))
        }
    }
}
