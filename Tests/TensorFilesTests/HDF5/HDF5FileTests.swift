import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("HDF5 files written by h5py")
struct HDF5FileTests {
    private static func open(_ name: String) throws -> TensorFile {
        try TensorFile.open(path: FormulaGalaxies.path(name))
    }

    @Test(
        "Contiguous, chunked and compressed datasets have the pixels of the galaxies",
        arguments: ["contiguous.h5", "chunked.h5"])
    func images(name: String) throws {
        let file = try Self.open(name)
        #expect(file.format == .hdf5)
        let images = try #require(file["images"])
        #expect(images.shape == [3, 5, 32, 32])
        #expect(images.dtype == (name == "chunked.h5" ? .f64 : .f32))
        #expect(try images.floats() == FormulaGalaxies.images)
        var row = [Float](repeating: 0, count: 5120)
        var span = row.mutableSpan
        try images.copyFloats(rows: 1..<2, into: &span)
        #expect(row == FormulaGalaxies.image(1))
        #expect(try file["magnitudes"]?.doubles() == FormulaGalaxies.magnitudes)
    }

    @Test("Half precision is widened, names contain groups, and integers of any width are exact")
    func groups() throws {
        let file = try Self.open("half.h5")
        #expect(try file["survey/cutouts"]?.floats() == FormulaGalaxies.images)
        #expect(try file["survey/psf"]?.doubles() == FormulaGalaxies.magnitudes)
        #expect(try file["survey/z"]?.doubles() == FormulaGalaxies.redshifts)
        #expect(try file["survey/small"]?.doubles() == [-1, 0, 1])
        #expect(file["survey/number"]?.dtype == .u64)
        #expect(try file["survey/number"]?.doubles() == [1, 0x1p63, 3])
    }

    @Test("Strings of fixed and of variable length are read")
    func texts() throws {
        #expect(try Self.open("half.h5").text("survey/name")?.texts(rows: 0..<3) == FormulaGalaxies.textIDs)
        let variable = try #require(try Self.open("chunked.h5").text("object_id"))
        #expect(try variable.texts(rows: 0..<3) == FormulaGalaxies.textIDs)
        #expect(try variable.texts(rows: 2..<3) == ["J0002"])
        #expect(try Self.open("contiguous.h5")["object_id"]?.doubles() == [1e15, 1e15 + 1, 1e15 + 2])
    }

    private static let words = ["", "Andromède", "M 33", String(repeating: "x", count: 300), "y", "NGC 7331", "last"]

    @Test("Strings of variable length are read from the heap, with any chunks and filters")
    func variableTexts() throws {
        let file = try Self.open("texts.h5")
        for name in ["plain", "packed"] {
            let column = try #require(file.text(name))
            #expect(try column.texts(rows: 0..<7) == Self.words)
            for row in 0..<7 { #expect(try column.texts(rows: row..<row + 1) == [Self.words[row]]) }
            #expect(try column.texts(rows: 2..<5) == Array(Self.words[2..<5]))
        }
        #expect(try file.text("holes")?.texts(rows: 0..<7) == ["", "", "", "a", "b", "", ""])
        #expect(try file.text("unwritten")?.texts(rows: 0..<2) == ["", ""])
    }

    /// libhdf5 1.10 copies as many bytes as the heap declares into a buffer as long as the reference declares (found by
    /// Fuzzing/, target `hdf5`).
    @Test("A heap that does not match its references is refused", arguments: [1, 8, 1 << 20, .max] as [UInt64])
    func damagedHeap(size: UInt64) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("texts.h5"))))
        let text = try #require(bytes.indices.first { bytes[$0...].starts(with: Array(Self.words[1].utf8)) })
        // The size of an object is stored before it.
        withUnsafeBytes(of: size.littleEndian) { bytes.replaceSubrange(text - 8..<text, with: $0) }
        let file = try TensorFile.open(MemorySource(name: "damaged", bytes: bytes))
        let error = #expect(throws: Failure.self) { try file.text("plain")?.texts(rows: 0..<7) }
        #expect(error?.message.contains("dataset 'plain': rows from 0 on cannot be read: damaged") == true)
    }

    @Test("Two datasets with the same name are refused")
    func twoOfOneName() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("texts.h5"))))
        // In the heap of names of the group.
        let heap = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("packed\0".utf8)) })
        bytes.replaceSubrange(heap..<heap + 6, with: Array("plain\0".utf8))
        let error = #expect(throws: Failure.self) {
            try TensorFile.open(MemorySource(name: "damaged", bytes: bytes))
        }
        #expect(error?.message == "HDF5: dataset 'plain' occurs twice: its group is damaged")
    }

    @Test(
        "Datasets in other files or with plugins are listed as not read",
        arguments: [
            ("images", "is an external link, which is never followed"), ("magnitudes", "is a soft link"),
            ("external", "other files, which are not read (external storage)"),
            ("virtual", "other datasets, which are not read (virtual dataset)"),
            ("lzf", "needs the filter 32000 ('lzf'): plugins are not loaded"),
            ("endless", "has 1000000000000 rows in a file of "),
            ("compound", "its type is neither a number nor a text"),
        ])
    func refusals(name: String, reason: String) throws {
        let file = try Self.open("refused.h5")
        #expect(file.tensors.isEmpty && file.texts.isEmpty)
        #expect(file.refusals[name]?.contains(reason) == true, "\(file.refusals)")
    }

    @Test("A file that is cut short or damaged is refused", arguments: [9, 500, 2000, 20_000])
    func cut(count: Int) throws {
        let bytes = [UInt8](
            try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("chunked.h5"))).prefix(count))
        #expect(throws: Failure.self) { try TensorFile.open(MemorySource(name: "cut", bytes: bytes)) }
    }

    @Test("A chunk with a wrong checksum is an error")
    func damaged() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: FormulaGalaxies.path("chunked.h5"))))
        let file = try TensorFile.open(MemorySource(name: "whole", bytes: bytes))
        #expect(try file["images"]?.floats() == FormulaGalaxies.images)
        // All bytes outside of headers: the deflated chunks of images are far away from other data.
        for index in stride(from: 9000, to: bytes.count, by: 97) { bytes[index] ^= 0x55 }
        let error = #expect(throws: Failure.self) {
            let file = try TensorFile.open(MemorySource(name: "damaged", bytes: bytes))
            _ = try file["images"]?.floats()
            _ = try file["magnitudes"]?.floats()
        }
        #expect(error?.subject == "damaged")
    }

    @Test("Writing a file does not need file locks")
    func unlocked() throws {
        try Fixture.withTemporaryFolder { folder in
            let output = try HDF5Output(HDF5Library.shared(for: "o.h5"), path: folder + "/o.h5", name: "o.h5")
            let file = Foundation.open(folder + "/o.h5", O_RDWR)
            #expect(file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0)
            Foundation.close(file)
            try output.close()
        }
    }

    @Test("Many threads can read one file at once")
    func threads() async throws {
        let file = try Self.open("chunked.h5")
        let fits = try Self.open("gzip2.fits")
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<16 {
                group.addTask {
                    let tensor = task % 2 == 0 ? file["images"] : fits["COMPRESSED_IMAGE"]
                    return (0..<10).allSatisfy { _ in (try? tensor?.floats()) == FormulaGalaxies.images }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
