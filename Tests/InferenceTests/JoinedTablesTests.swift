import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference

@Suite("Rows of several tables are joined where they belong together, and refused where they do not")
struct JoinedTablesTests {
    private static func reader(_ layout: GalaxyLayout, magnitudes: Int? = 5) throws -> PartitionReader {
        try PartitionReader(
            TensorFile.open(path: FormulaGalaxies.path("tables.fits")), source: "p", label: "p",
            imageShape: [5, 32, 32], magnitudeCount: magnitudes, layout: layout)
    }

    @Test("Tables of one FITS file whose ids differ are not joined")
    func otherIDs() throws {
        let complaint =
            "tables.fits: CATALOGUE.object_id: two tables are joined row for row: expected the ids of object_id, found "
            + "1000000000000002 for 1000000000000000 (row 0, counted from 0)"
        let error = #expect(throws: InferenceError.self) { try Self.reader(.usual) }
        #expect(error?.description.hasSuffix(complaint) == true)
        // As a table of its own: redshifts of SPECTRA, magnitudes of CATALOGUE, ids of PIXELS.
        let table = #expect(throws: InferenceError.self) {
            try GalaxyTable(TensorFile.open(path: FormulaGalaxies.path("tables.fits")), layout: .usual)
        }
        #expect(table?.description.hasSuffix(complaint) == true)
    }

    @Test("Tables whose ids are the same are, and those that nobody looks at do not matter")
    func sameIDs() throws {
        let reader = try Self.reader(try GalaxyLayout(magnitudes: ["mags"]))
        #expect(try reader.redshifts(0..<3) == FormulaGalaxies.redshifts)
        #expect(try reader.objectIDs(0..<3) == FormulaGalaxies.integerIDs)
        #expect(try Self.reader(.usual, magnitudes: nil).objectIDs(0..<3) == FormulaGalaxies.integerIDs)
    }
}
