import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Arrays written row by row in any order") struct NumPyRowsTests {
    @Test("Rows that several threads write are at their offsets", arguments: NumPyRows.Element.allCases)
    func anyOrder(element: NumPyRows.Element) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/rows.npy"
            let rows = try NumPyRows(path: path, element: element, rows: 100, shape: [3, 4])
            DispatchQueue.concurrentPerform(iterations: 34) { part in
                let first = (33 - part) * 3
                let count = min(3, 100 - first)
                let values = (0..<count * 12).map { Float((first * 12 + $0) % 1000) + 0.5 }
                _ = try? rows.write(values.span, at: first)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
            try rows.finish()
            let tensor = try #require(try TensorFile.open(path: path).tensors.first)
            #expect(tensor.shape == [100, 3, 4])
            #expect(tensor.dtype == (element == .float32 ? .f32 : .f16))
            #expect(try tensor.floats() == (0..<1200).map { Float($0 % 1000) + 0.5 })
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["rows.npy"])
        }
    }

    @Test("Float16 is rounded to nearest even, and infinite beyond its range")
    func halves() throws {
        try Fixture.withTemporaryFolder { folder in
            let rows = try NumPyRows(path: folder + "/h.npy", element: .float16, rows: 3, shape: [2])
            // Between 2048 and 4096 only even numbers are float16.
            try rows.write(([2049, 2051, -65_504, 0.1] as [Float]).span, at: 0)
            try rows.write(([65_520, 1] as [Float]).span, at: 2)
            try rows.finish()
            let values = try #require(try TensorFile.open(path: folder + "/h.npy").tensors.first).floats()
            #expect(values == [2048, 2052, -65_504, 0.0999755859375, .infinity, 1])
        }
    }

    @Test("Values are finite if they are finite in the stored type", arguments: NumPyRows.Element.allCases)
    func finite(element: NumPyRows.Element) throws {
        try Fixture.withTemporaryFolder { folder in
            let rows = try NumPyRows(path: folder + "/d.npy", element: element, rows: 3, shape: [2])
            #expect(([.nan, .infinity, -.infinity] as [Float]).allSatisfy { !rows.isFinite($0) })
            #expect(([2, -0.0, 1e-37, 65_504, -65_519] as [Float]).allSatisfy(rows.isFinite))
            // Midway between the largest float16 and the next power of two: rounded to even, which is infinite.
            #expect(rows.isFinite(65_520) == (element == .float32))
            #expect(rows.isFinite(-1e30) == (element == .float32))
            rows.abandon()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("An array with missing rows is not created")
    func missingRows() throws {
        try Fixture.withTemporaryFolder { folder in
            let rows = try NumPyRows(path: folder + "/m.npy", element: .float32, rows: 3, shape: [2])
            try rows.write(([1, 2, 3, 4] as [Float]).span, at: 0)
            #expect(
                throws: Failure(
                    folder + "/m.npy", "expected 3 rows, found 2 that were written")
            ) { try rows.finish() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("A shape that overflows and a missing folder are errors")
    func errors() throws {
        #expect(throws: Failure.self) {
            try NumPyRows(path: "/nowhere/r.npy", element: .float32, rows: 1, shape: [1])
        }
        #expect(throws: Failure.self) {
            try NumPyRows(path: "/tmp/r.npy", element: .float32, rows: .max, shape: [2])
        }
    }
}
