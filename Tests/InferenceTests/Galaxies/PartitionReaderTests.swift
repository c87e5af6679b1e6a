import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

extension PartitionReader {
    /// A reader for the AstroMAE shapes, without a network.
    fileprivate static func open(_ path: String) throws -> PartitionReader {
        try PartitionReader(
            TensorFile.open(path: path), source: "p.pt", label: "p", imageShape: [5, 32, 32], magnitudeCount: 5)
    }

    fileprivate static func open(_ table: TensorTable) throws -> PartitionReader {
        try Fixture.withTemporaryFolder { folder in
            try table.write(to: folder + "/p.safetensors")
            return try open(folder + "/p.safetensors")
        }
    }

    fileprivate func images(_ rows: Range<Int>) throws -> [Float] {
        var buffer: [Float] = []
        return try withImages(rows, buffer: &buffer) { span throws(Failure) in
            span.indices.map { span[$0] }
        }
    }

    fileprivate func magnitudes(_ rows: Range<Int>) throws -> [Float] {
        var buffer: [Float] = [1, 2, 3]
        try readMagnitudes(rows, into: &buffer)
        return buffer
    }
}

@Test(
    "The three layouts of the tiny partition hold the same galaxies",
    arguments: ["tiny/partition.pt", "tiny/partition-views.pt", "tiny/partition-f32.pt"],
    [0..<37, 0..<1, 5..<12, 36..<37])
func layoutsAgree(file: String, rows: Range<Int>) throws {
    let table = try TensorTable.partition()
    let expected = try TensorFile.open(path: Fixture.path("tiny/partition.pt"))
    let reader = try PartitionReader.open(Fixture.path(file))
    #expect(reader.count == 37)
    #expect(try reader.redshifts(0..<1) != nil)
    let images = try #require(table.entries.first).bytes
    let stride = images.count / 37
    let read = try reader.images(rows)
    #expect(read.withUnsafeBytes { Array($0) } == Array(images[rows.lowerBound * stride..<rows.upperBound * stride]))
    let magnitudes = try #require(expected["tensors.1"]).doubles().map { Float($0) }
    #expect(try reader.magnitudes(rows) == Array(magnitudes[rows.lowerBound * 5..<rows.upperBound * 5]))
    let redshifts = try #require(expected["tensors.2"]).doubles()[rows]
    let known = try #require(try reader.redshifts(rows))
    if file.hasSuffix("f32.pt") {
        #expect(known == redshifts.map { Double(Float($0)) })
    } else {
        #expect(known == Array(redshifts))
    }
}

@Test("Named tensors are read as a partition, with or without redshifts")
func namedTensors() throws {
    var table = try TensorTable.partition()
    #expect(try PartitionReader.open(table).count == 37)
    table.remove("redshifts")
    let reader = try PartitionReader.open(table)
    #expect(try reader.redshifts(0..<3) == nil)
    #expect(try reader.objectIDs(3..<5) == ["p:3", "p:4"])
}

@Test("Unnamed tensors are recognized by their order", arguments: ["tensors.", "arr_", ""])
func numberedTensors(prefix: String) throws {
    var table = try TensorTable.partition()
    let named = try PartitionReader.open(table)
    for (index, name) in ["images", "magnitudes", "redshifts"].enumerated() {
        table.change(name) { $0.name = prefix + "\(index)" }
    }
    let reader = try PartitionReader.open(table)
    #expect(try reader.images(5..<7) == named.images(5..<7))
    #expect(try reader.magnitudes(5..<7) == named.magnitudes(5..<7))
    #expect(try reader.redshifts(5..<7) == named.redshifts(5..<7))
}

@Test("Redshifts may have the shape [N, 1]")
func redshiftColumn() throws {
    var table = try TensorTable.partition()
    let flat = try #require(try PartitionReader.open(table).redshifts(0..<37))
    table.change("redshifts") { $0.shape = [37, 1] }
    #expect(try PartitionReader.open(table).redshifts(0..<37) == flat)
}

@Test("A file's own ids are exact to 64 bits")
func ownObjectIDs() throws {
    var table = try TensorTable.partition().rows(0..<3)
    var small = table
    table.add("object_id", [3], [1_237_648_720_693_755_918, -1, Int64.max], .i64)
    #expect(
        try PartitionReader.open(table).objectIDs(0..<3) == ["1237648720693755918", "-1", "9223372036854775807"])
    #expect(try PartitionReader.open(table).objectIDs(1..<2) == ["-1"])
    small.add("object_id", [3, 1], [-2, 0, 7] as [Int16], .i16)
    #expect(try PartitionReader.open(small).objectIDs(0..<3) == ["-2", "0", "7"])
}

/// A partition with one fault, and parts of the expected message.
struct WrongPartition: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let message: String
    let change: @Sendable (inout TensorTable) -> Void

    static let cases = [
        WrongPartition(
            testDescription: "another image shape",
            message:
                "images: expected images of shape [N, 5, 32, 32], found [37, 32, 32, 5]: --channels-last reads images "
                + "[N, rows, columns, bands]"
        ) { table in table.change("images") { $0.shape = [37, 32, 32, 5] } },
        WrongPartition(
            testDescription: "flattened images",
            message: "images: expected images of shape [N, 5, 32, 32], found [37, 5120]"
        ) { table in table.change("images") { $0.shape = [37, 5120] } },
        WrongPartition(
            testDescription: "fewer magnitudes",
            message: "magnitudes: expected magnitudes of shape [37, 5] for 37 images, found [36, 5]"
        ) { table in
            table.change("magnitudes") {
                $0.shape = [36, 5]
                $0.bytes.removeLast(40)
            }
        },
        WrongPartition(
            testDescription: "transposed magnitudes",
            message: "magnitudes: expected magnitudes of shape [37, 5] for 37 images, found [5, 37]"
        ) { table in table.change("magnitudes") { $0.shape = [5, 37] } },
        WrongPartition(
            testDescription: "fewer redshifts",
            message: "redshifts: expected redshifts of shape [37] for 37 images, found [1]"
        ) { table in
            table.change("redshifts") {
                $0.shape = [1]
                $0.bytes.removeLast($0.bytes.count - 8)
            }
        },
        WrongPartition(
            testDescription: "boolean images", message: "images: expected numbers, found BOOL"
        ) { table in
            table.change("images") {
                $0.dtype = .bool
                $0.bytes = [UInt8](repeating: 1, count: $0.bytes.count / 4)
            }
        },
        WrongPartition(
            testDescription: "integer magnitudes",
            message: "magnitudes: expected floating-point numbers, found I64"
        ) { table in table.change("magnitudes") { $0.dtype = .i64 } },
        WrongPartition(
            testDescription: "non-integer ids", message: "object_id: expected integers, found F32"
        ) { table in table.add("object_id", [37], [Float](repeating: 0, count: 37), .f32) },
        WrongPartition(
            testDescription: "too few ids",
            message: "object_id: expected object ids of shape [37] for 37 images, found [2]"
        ) { table in table.add("object_id", [2], [0, 1] as [Int64], .i64) },
        WrongPartition(
            testDescription: "no galaxies", message: "images: expected at least one galaxy, found [0, 5, 32, 32]"
        ) { table in table = table.rows(0..<0) },
        WrongPartition(
            testDescription: "no images",
            message: "is not a galaxy file: expected tensors.0 and tensors.1 (a TensorDataset) or images and "
                + "magnitudes, found magnitudes, redshifts"
        ) { table in table.remove("images") },
        WrongPartition(
            testDescription: "a fourth tensor",
            message: "tensors.3: expected images, magnitudes and at most redshifts, found a further tensor"
        ) { table in
            for (index, name) in ["images", "magnitudes", "redshifts"].enumerated() {
                table.change(name) { $0.name = "tensors.\(index)" }
            }
            table.add("tensors.3", [37], [Float](repeating: 0, count: 37), .f32)
        },
    ]
}

@Test(
    "The error for a file that is not a partition has the tensor, the expected and the found value",
    arguments: WrongPartition.cases)
func wrongPartition(wrong: WrongPartition) throws {
    var table = try TensorTable.partition()
    wrong.change(&table)
    let error = try #require(throws: Failure.self) { try PartitionReader.open(table) }
    #expect(error.description.hasSuffix("/p.safetensors: " + wrong.message))
}

@Test("The number of galaxies is nil for files other than partitions")
func galaxyCount() throws {
    #expect(try TensorFile.open(path: Fixture.path("tiny/partition-views.pt")).galaxyCount == 37)
    #expect(try TensorFile.open(path: Fixture.path("tiny/normalcell.pt")).galaxyCount == nil)
}
