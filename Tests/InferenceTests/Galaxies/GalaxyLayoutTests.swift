import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

@Suite("Galaxies are found by usual and given names in every format")
struct GalaxyLayoutTests {
    private static func reader(
        _ path: String, _ layout: GalaxyLayout = .usual, label: String = "p", imageShape: [Int] = [5, 32, 32]
    ) throws -> PartitionReader {
        try PartitionReader(
            TensorFile.open(path: path), source: "p", label: label, imageShape: imageShape, magnitudeCount: 5,
            layout: layout)
    }

    private static func images(_ reader: PartitionReader) throws -> [Float] {
        var buffer: [Float] = []
        return try reader.withImages(0..<reader.count, buffer: &buffer) { span throws(Failure) in
            span.indices.map { span[$0] }
        }
    }

    private static func magnitudes(_ reader: PartitionReader) throws -> [Double] {
        var buffer: [Float] = []
        try reader.readMagnitudes(0..<reader.count, into: &buffer)
        return buffer.map { Double($0) }
    }

    private static let half = try? GalaxyLayout(
        images: "survey/cutouts", magnitudes: ["survey/psf"], redshifts: "survey/z", objectIDs: "survey/name")
    private static let columns = try? GalaxyLayout(
        images: "cutout", magnitudes: "ugriz".map { "psf_\($0)" }, redshifts: "Z_SPEC", objectIDs: "OBJID")

    @Test(
        "Files of every format contain the same galaxies",
        arguments: [
            ("cube.fits", GalaxyLayout.usual, FormulaGalaxies.integerIDs),
            ("table.fits", .usual, FormulaGalaxies.textIDs),
            ("table.fits.gz", .usual, FormulaGalaxies.textIDs), ("gzip2.fits", .usual, FormulaGalaxies.integerIDs),
            ("contiguous.h5", .usual, FormulaGalaxies.integerIDs), ("chunked.h5", .usual, FormulaGalaxies.textIDs),
            ("half.h5", half ?? .usual, FormulaGalaxies.textIDs),
            ("names.fits", columns ?? .usual, FormulaGalaxies.integerIDs),
        ])
    func files(name: String, layout: GalaxyLayout, ids: [String]) throws {
        let reader = try Self.reader(FormulaGalaxies.path(name), layout)
        #expect(reader.count == 3)
        #expect(try Self.images(reader) == FormulaGalaxies.images)
        #expect(try Self.magnitudes(reader) == FormulaGalaxies.magnitudes)
        #expect(try reader.redshifts(0..<3) == FormulaGalaxies.redshifts)
        #expect(try reader.objectIDs(0..<3) == ids)
        #expect(try reader.objectIDs(2..<3) == [ids[2]])
    }

    @Test("A name that is missing or unreadable is named in the error")
    func wrongNames() throws {
        func message(_ file: String, _ layout: GalaxyLayout) -> String? {
            do { _ = try Self.reader(FormulaGalaxies.path(file), layout) } catch { return "\(error)" }
            return nil
        }
        let wrong = try GalaxyLayout(images: "pixels")
        #expect(
            message("cube.fits", wrong)?.hasSuffix(
                "cube.fits: pixels: is not there: found primary, magnitudes, redshift, ... (4 tensors)") == true)
        #expect(
            message("refused.h5", .usual)?.hasSuffix(
                "refused.h5: images: is an external link, which is never followed") == true)
        #expect(
            message("planes.fits", .usual)?.contains("has images (planes [1, 5, 32, 32]) but no magnitudes") == true)
        let lzf = try GalaxyLayout(images: "lzf")
        #expect(message("refused.h5", lzf)?.contains("lzf: needs the filter 32000") == true)
        let uneven = try GalaxyLayout(magnitudes: ["redshift", "redshift", "redshift", "redshift", "magnitudes"])
        #expect(
            message("cube.fits", uneven)?.contains(
                "redshift: is named by --magnitudes and by --magnitudes: expected one role for each") == true)
    }

    /// A file with the bands z i y r g u: the network's at 5, 4, 3, 1, 0, and one that is not read.
    private static func reordered() throws -> TensorTable {
        let indices = [4, 3, nil, 2, 1, 0]
        var table = TensorTable()
        let images = (0..<3).flatMap { galaxy in
            indices.flatMap { band in
                band.map { FormulaGalaxies.image(galaxy, bands: [$0]) } ?? [Float](repeating: -1, count: 1024)
            }
        }
        let magnitudes = (0..<3).flatMap { galaxy in
            indices.map { $0.map { FormulaGalaxies.magnitudes[galaxy * 5 + $0] } ?? -1 }
        }
        table.add("images", [3, 6, 32, 32], images, .f32)
        table.add("magnitudes", [3, 6], magnitudes, .f64)
        return table
    }

    @Test("Bands in another order, and additional bands, are mapped to the network's")
    func bands() throws {
        try Fixture.withTemporaryFolder { folder in
            try Self.reordered().write(to: folder + "/b.safetensors")
            let reader = try Self.reader(folder + "/b.safetensors", try GalaxyLayout(bands: "ziyrgu"))
            #expect(try Self.images(reader) == FormulaGalaxies.images)
            #expect(try Self.magnitudes(reader) == FormulaGalaxies.magnitudes)
            let error = #expect(throws: Failure.self) {
                try Self.reader(folder + "/b.safetensors", try GalaxyLayout(bands: "zirgu"))
            }
            #expect(error?.description.contains("expected images of 5 bands") == true)
        }
        #expect(try GalaxyLayout(bands: "ugriz").bandPlaces == nil)
        #expect(try GalaxyLayout(bands: "grizy").bandNames == "grizy")
        for wrong in ["ugrizz", "UGRIZ", "ziRGU", "g r", ""] {
            #expect(throws: Failure.self) { try GalaxyLayout(bands: wrong) }
        }
    }

    @Test("Larger cutouts are cropped to their middle, in bands of any order; smaller ones are an error")
    func crops() throws {
        let (tall, wide) = (37, 64)
        var table = TensorTable()
        // The middle 32 x 32 begins at (37 - 32) / 2 = 2 and (64 - 32) / 2 = 16.
        let images = (0..<3).flatMap { galaxy in
            (0..<5).flatMap { band in
                (0..<tall).flatMap { y in
                    (0..<wide).map { x -> Float in
                        let (y, x) = (y - 2, x - 16)
                        guard (0..<32).contains(y), (0..<32).contains(x) else { return -9 }
                        return FormulaGalaxies.pixel(galaxy, 4 - band, y, x)
                    }
                }
            }
        }
        table.add("images", [3, 5, tall, wide], images, .f32)
        table.add("magnitudes", [3, 5], FormulaGalaxies.magnitudes, .f64)
        try Fixture.withTemporaryFolder { folder in
            try table.write(to: folder + "/large.safetensors")
            let reversed = try Self.reader(folder + "/large.safetensors", try GalaxyLayout(bands: "zirgu"))
            #expect(try Self.images(reversed) == FormulaGalaxies.images)
            let plain = try Self.reader(folder + "/large.safetensors")
            #expect(
                try Self.images(plain).prefix(5120).elementsEqual(FormulaGalaxies.image(0, bands: [4, 3, 2, 1, 0])))
            let error = #expect(throws: Failure.self) {
                try Self.reader(folder + "/large.safetensors", imageShape: [5, 40, 40])
            }
            #expect(
                error?.description.contains("expected images of shape [N, 5, 40, 40], found [3, 5, 37, 64]") == true)
        }
    }

    private static let table = Result {
        // In another order than the files', with a galaxy that they do not contain.
        try GalaxyTable(
            name: "t.csv", ids: ["J0002", "x", "J0000", "J0001"],
            magnitudes: (0..<20).map { Double($0) }, redshifts: [2, 9, 0, .nan])
    }

    @Test("Rows of a table are found by ids, for a file of one galaxy by the file's name")
    func joined() throws {
        let layout = try GalaxyLayout(table: try Self.table.get())
        let reader = try Self.reader(FormulaGalaxies.path("table.fits"), layout)
        #expect(try Self.magnitudes(reader) == [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0, 1, 2, 3, 4])
        let redshifts = try #require(try reader.redshifts(0..<3))
        #expect(redshifts[0] == 0 && redshifts[1].isNaN && redshifts[2] == 2)
        for name in ["planes.fits", "stack.fits"] {
            let one = try Self.reader(FormulaGalaxies.path(name), layout, label: "J0001")
            #expect(one.count == 1)
            #expect(try Self.images(one) == FormulaGalaxies.image(1))
            #expect(try Self.magnitudes(one) == [15, 16, 17, 18, 19])
            #expect(try one.objectIDs(0..<1) == ["J0001"])
        }
    }

    @Test("A table that does not match the galaxies is refused")
    func wrongTables() throws {
        let layout = try GalaxyLayout(table: try Self.table.get())
        let missing = #expect(throws: Failure.self) {
            try Self.reader(FormulaGalaxies.path("cube.fits"), layout)
        }
        #expect(
            missing?.description.contains("object id 1000000000000000: expected a row in t.csv, found none: ") == true)
        let twice = #expect(throws: Failure.self) {
            try GalaxyTable(name: "t", ids: ["a", "a"], magnitudes: nil, redshifts: [1, 2])
        }
        #expect(twice?.description == "t: object id a: expected once, found twice")
        #expect(throws: Failure.self) { try GalaxyTable(name: "t", ids: ["a"], magnitudes: nil, redshifts: nil) }
        #expect(throws: Failure.self) {
            try GalaxyTable(name: "t", ids: ["a"], magnitudes: nil, redshifts: [1, 2])
        }
        let rows = try GalaxyLayout(
            table: GalaxyTable(name: "t", ids: nil, magnitudes: nil, redshifts: [1, 2], join: .rows))
        let count = #expect(throws: Failure.self) { try Self.reader(FormulaGalaxies.path("cube.fits"), rows) }
        #expect(count?.description.contains("2 rows for the 3 galaxies") == true)
    }

    @Test("Ids that a file scales or offsets are refused, not rounded")
    func scaledIDs() throws {
        for zero in ["5", "5.0"] {
            var builder = FITSBuilder()
            builder.table([
                .integers("object_id", [1 << 60 + 1, 1 << 60 + 2], zero: zero), .doubles("redshift", [0.1, 0.2]),
            ])
            let file = try TensorFile.open(MemorySource(name: "t.fits", bytes: builder.bytes))
            #expect(file["object_id"]?.dtype == .f64 && file["object_id"]?.isScaled == true)
            let error = #expect(throws: Failure.self) { try GalaxyTable(file, layout: .usual) }
            #expect(
                error?.message
                    == "object_id: expected integers, found F64, scaled by the file: store ids without a scale or an offset"
            )
        }
    }

    @Test("Ids and redshifts of a wrong shape or type are refused before any is read")
    func wrongColumns() throws {
        func message(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        func table(_ path: String, _ layout: GalaxyLayout = .usual) -> String {
            message { _ = try GalaxyTable(TensorFile.open(path: path), layout: layout) }
        }
        let known = try GalaxyLayout(
            table: GalaxyTable(name: "t", ids: ["0"], magnitudes: nil, redshifts: [1]))
        // 4 x 2^36 unwritten numbers: 2 TiB for each column.
        let wide = FormulaGalaxies.path("wide.h5")
        #expect(table(wide).contains("redshifts: expected redshifts of shape [4], found [4, 68719476736]"))
        let ids = "expected object ids of shape [4] for 4"
        #expect(
            message { _ = try Self.reader(wide, known, imageShape: [1, 2, 2]) }
                .contains("object_id: \(ids) images, found [4, 68719476736]"))
        #expect(
            message { _ = try Self.reader(wide, imageShape: [1, 2, 2]) }
                .contains("redshifts: expected redshifts of shape [4] for 4 images"))
        try Fixture.withTemporaryFolder { folder in
            for (shape, values, dtype, complaint) in [
                ([4, 0], [Double](), DType.i64, "\(ids) rows, found [4, 0]"),
                ([4, 0], [], .f64, "\(ids) rows, found [4, 0]"),
                ([4], [1, 2, 3, 4], .f64, "expected integers, found F64"),
                ([3], [1, 2, 3], .f64, "\(ids) rows, found [3]"),
            ] {
                var file = TensorTable()
                file.add("redshifts", [4], [0, 1, 2, 3] as [Double], .f64)
                file.add("images", [4, 1, 1, 1], [0, 1, 2, 3] as [Float], .f32)
                file.add("object_id", shape, values, dtype)
                let path = folder + "/ids.safetensors"
                try file.write(to: path)
                #expect(table(path).contains("object_id: " + complaint))
                #expect(
                    message { _ = try Self.reader(path, known, imageShape: [1, 1, 1]) }
                        .contains("object_id: " + complaint.replacingOccurrences(of: "rows", with: "images")))
                let column = try #require(try TensorFile.open(path: path)["object_id"])
                #expect(throws: Failure.self) { try column.integers(rows: 0..<1) }
            }
        }
    }

    @Test("A name of ids has to be in the table or in the file")
    func mistypedIDs() throws {
        let path = FormulaGalaxies.path("contiguous.h5")
        let file = try TensorFile.open(path: path)
        let typo = try GalaxyLayout(objectIDs: "objectid")
        for table in [
            try GalaxyTable(name: "t.csv", ids: nil, magnitudes: nil, redshifts: [0, 1, 2]),
            try GalaxyTable(file, layout: typo),
        ] {
            var layout = typo
            layout.table = table
            let error = #expect(throws: Failure.self) { try Self.reader(path, layout) }
            #expect(error?.description.contains("objectid: is neither there nor in \(table.name): found") == true)
        }
        // An id column with the table's name, and one with the usual name in the file.
        let named = try GalaxyTable(
            name: "t.csv", ids: FormulaGalaxies.integerIDs.reversed(), idName: "objectid", magnitudes: nil,
            redshifts: [2, 1, 0])
        let reader = try Self.reader(path, try GalaxyLayout(objectIDs: "objectid", table: named))
        #expect(try reader.redshifts(0..<3) == [0, 1, 2])
    }

    @Test(
        "Tables in FITS and HDF5 are joined by ids; without ids, row for row",
        arguments: ["names.fits", "contiguous.h5", "half.h5"])
    func tableFiles(name: String) throws {
        var layout = try #require(name == "half.h5" ? Self.half : name == "names.fits" ? Self.columns : .usual)
        layout.table = try GalaxyTable(TensorFile.open(path: FormulaGalaxies.path(name)), layout: layout)
        layout.images = nil
        let reader = try Self.reader(FormulaGalaxies.path(name == "half.h5" ? "table.fits" : "cube.fits"), layout)
        #expect(try Self.magnitudes(reader) == FormulaGalaxies.magnitudes)
        #expect(try reader.redshifts(0..<3) == FormulaGalaxies.redshifts)
    }
}
