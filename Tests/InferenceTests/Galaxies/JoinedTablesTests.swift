import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

@Suite("Rows of several tables are joined if their ids are equal, and refused otherwise")
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
        let error = #expect(throws: Failure.self) { try Self.reader(.usual) }
        #expect(error?.description.hasSuffix(complaint) == true)
        // As a separate table: redshifts of SPECTRA, magnitudes of CATALOGUE, ids of PIXELS.
        let table = #expect(throws: Failure.self) {
            try GalaxyTable(TensorFile.open(path: FormulaGalaxies.path("tables.fits")), layout: .usual)
        }
        #expect(table?.description.hasSuffix(complaint) == true)
    }

    @Test("Tables with equal ids are joined, and unused tables are ignored")
    func sameIDs() throws {
        let reader = try Self.reader(try GalaxyLayout(magnitudes: ["mags"]))
        #expect(try reader.redshifts(0..<3) == FormulaGalaxies.redshifts)
        #expect(try reader.objectIDs(0..<3) == FormulaGalaxies.integerIDs)
        #expect(try Self.reader(.usual, magnitudes: nil).objectIDs(0..<3) == FormulaGalaxies.integerIDs)
    }

    @Test("A table without ids covers the galaxies of all inputs, in their order")
    func rowForRow() throws {
        let table = try GalaxyTable(
            name: "t.csv", ids: nil, magnitudes: (0..<25).map { Double($0) }, redshifts: [0, 1, 2, 3, 4],
            join: .rows)
        let layout = try GalaxyLayout(table: table)
        func reader(_ first: Int) throws -> PartitionReader {
            try PartitionReader(
                TensorFile.open(path: FormulaGalaxies.path("cube.fits")), source: "p", label: "p",
                imageShape: [5, 32, 32], magnitudeCount: 5, layout: layout, firstGalaxy: first)
        }
        let second = try reader(2)
        #expect(try second.redshifts(0..<3) == [2, 3, 4])
        #expect(try second.redshifts(1..<2) == [3])
        var magnitudes: [Float] = []
        try second.readMagnitudes(2..<3, into: &magnitudes)
        #expect(magnitudes == [20, 21, 22, 23, 24])
        // Galaxies beyond the table's rows are an error.
        #expect(throws: Failure.self) { try reader(3).redshifts(0..<3) }
        try table.check(galaxies: 5, of: "all inputs")
        let error = #expect(throws: Failure.self) { try table.check(galaxies: 6, of: "all inputs") }
        #expect(error?.description == "t.csv: has 5 rows for the 6 galaxies of all inputs")
    }
}
