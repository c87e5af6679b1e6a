import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Archives of arrays written in any order") struct NumPyArchiveTests {
    @Test("Arrays whose rows came in any order are read back with valid checksums")
    func readBack() throws {
        try Fixture.withTemporaryFolder { folder in
            let pred = (0..<60).map { Float($0) * 0.25 - 7 }
            let loss: [Float] = [3, -1, .nan, 0, 1e-30]
            func write(_ name: String, _ order: [Int]) throws -> Data {
                let writer = try NumPyArchiveWriter(
                    path: folder + "/" + name, rows: 5, members: [.float32("pred", [3, 4]), .float32("loss")])
                for row in order {
                    let (some, one) = (Array(pred[row * 12..<(row + 1) * 12]), [loss[row]])
                    try writer.write(0, at: row, some.span)
                    try writer.write(1, at: row, one.span)
                }
                try writer.finish()
                return try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            }
            let bytes = try write("a.npz", [0, 1, 2, 3, 4])
            #expect(try write("b.npz", [4, 2, 0, 3, 1]) == bytes)
            let file = try TensorFile.open(path: folder + "/a.npz")
            try file.verifyChecksums()
            #expect(file.tensors.map(\.name) == ["pred", "loss"])
            #expect(file["pred"]?.shape == [5, 3, 4] && file["loss"]?.shape == [5])
            #expect(try file["pred"]?.floats() == pred)
            #expect(try file["loss"]?.floats().map(\.bitPattern) == loss.map(\.bitPattern))
            for tensor in file.tensors { #expect(tensor.byteOffset % 64 == 0) }
        }
    }

    @Test("Rows that are missing, repeated or invalid are refused and leave no file")
    func refusals() throws {
        try Fixture.withTemporaryFolder { folder in
            func failure(_ rows: [Int]) throws -> String {
                let writer = try NumPyArchiveWriter(
                    path: folder + "/r.npz", rows: 3, members: [.float32("loss")])
                do {
                    let one: [Float] = [1]
                    for row in rows { try writer.write(0, at: row, one.span) }
                    try writer.finish()
                    return ""
                } catch {
                    writer.abandon()
                    return "\(error)"
                }
            }
            let (missing, twice) = (try failure([0, 2]), try failure([0, 1, 1]))
            #expect(missing.contains("row 1 of 3 is missing"))
            #expect(twice.contains("row 2 of 3 is missing, or one came twice"))
            let beyond = try failure([0, 1, 3])
            #expect(beyond.contains("4 bytes at row 3 of array") && beyond.contains("loss.npy"))
            let good = try failure([2, 0, 1])
            #expect(good.isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["r.npz"])
            #expect(throws: Failure.self) {
                try NumPyArchiveWriter(path: folder + "/h.npz", rows: .max, members: [.float32("pred", [320])])
            }
        }
    }

    /// Beyond 4 GiB only the 64-bit fields have sizes and offsets.
    @Test("Zip64 fields have sizes and offsets beyond 4 GiB")
    func large() throws {
        let layout = try #require(NumPyLayout(.f32, shape: [300_000, 16, 320]))
        let entry = try #require(StoredEntry("pred.npy", size: layout.byteCount, offset: 5 << 30, isZip64: true))
        let central = entry.central(CRC32())
        func number(at offset: Int, _ bytes: Int) -> Int {
            (0..<bytes).reduce(0) { $0 | Int(central[offset + $1]) << (8 * $1) }
        }
        let size = 300_000 * 16 * 320 * 4 + 128
        #expect(
            number(at: 20, 4) == 0xFFFF_FFFF && number(at: 24, 4) == 0xFFFF_FFFF && number(at: 42, 4) == 0xFFFF_FFFF)
        let extra = 46 + "pred.npy".utf8.count
        #expect(number(at: extra, 2) == 1 && number(at: extra + 2, 2) == 24)
        #expect(number(at: extra + 4, 8) == size && number(at: extra + 12, 8) == size)
        #expect(number(at: extra + 20, 8) == 5 << 30)
        #expect(entry.end == entry.dataOffset + size && layout.offset(ofRow: 0) == 128)
    }
}
