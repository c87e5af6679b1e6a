import AstroMAE
import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

@Suite("Checksums are compared as each file is run")
struct ChecksumTests {
    let model: RedshiftModel
    let galaxies: TensorTable

    init() throws {
        model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")))
        galaxies = try TensorTable.partition().rows(0..<5)
    }

    private func reader(_ source: some ByteSource) throws -> PartitionReader {
        try PartitionReader(
            TensorFile.open(source, checksums: .deferred), source: source.name, label: source.name,
            imageShape: model.imageShape, magnitudeCount: model.magnitudeCount)
    }

    private func reader(_ name: String, _ zip: ZipBuilder) throws -> PartitionReader {
        try reader(MemorySource(name: name, bytes: zip.bytes))
    }

    /// Archives of the galaxies; the tensor at `index` has a wrong checksum.
    private func damaged(_ kind: String, at index: Int) -> ZipBuilder {
        var zip = kind == "torch" ? galaxies.torch() : galaxies.npz(deflated: kind == "deflated")
        zip.entries[index + (kind == "torch" ? 1 : 0)].checksum ^= 1
        return zip
    }

    @Test(
        "A damaged tensor ends the run, whichever it is", arguments: ["torch", "stored", "deflated"], [0, 1, 2])
    func damagedTensor(kind: String, index: Int) throws {
        let partition = try reader("p", damaged(kind, at: index))
        let error = try #require(throws: Failure.self) {
            try BatchRunner(model: model, threads: 2, batchSize: 2).run([partition])
        }
        let entry = kind == "torch" ? "archive/data/\(index)" : "\(galaxies.entries[index].name).npy"
        #expect(error.description.hasPrefix("p: zip: entry '\(entry)': CRC-32 is "))
    }

    @Test(
        "Of several damaged files the first is named, whichever thread met its own first", arguments: [1, 2, 5],
        [1, 2, 128])
    func firstDamagedFile(threads: Int, batchSize: Int) throws {
        let sound = try reader("1", galaxies.torch())
        let partitions = [
            sound, try reader("2", damaged("torch", at: 2)), try reader("3", damaged("deflated", at: 0)),
            try reader("4", damaged("stored", at: 1)),
        ]
        let error = try #require(throws: Failure.self) {
            try BatchRunner(model: model, threads: threads, batchSize: batchSize).run(partitions)
        }
        #expect(error.description.hasPrefix("2: zip: entry 'archive/data/2': CRC-32 is "))
    }

    @Test("A damaged file beyond the limit is not read")
    func damagedBeyondTheLimit() throws {
        let partitions = [try reader("1", galaxies.torch()), try reader("2", damaged("torch", at: 0))]
        #expect(try BatchRunner(model: model, threads: 2).run(partitions, limit: 5).redshifts.count == 5)
    }

    @Test("A reader of a path defers the comparison of checksums")
    func pathsAreDeferred() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/1.pt"
            try Data(damaged("torch", at: 0).bytes).write(to: URL(fileURLWithPath: path))
            let partition = try PartitionReader(InputFile(path: path, label: "1"), for: model)
            #expect(partition.count == 5)
            #expect(throws: Failure.self) { try partition.verify() }
        }
    }

    @Test("Deflated galaxies give the same bits, and are released after the run")
    func deflatedGalaxies() throws {
        let plain = try BatchRunner(model: model, threads: 2, batchSize: 2).run([reader("p", galaxies.torch())])
        let source = CountingSource(name: "p", bytes: galaxies.npz(deflated: true).bytes)
        let partition = try reader(source)
        _ = source.takeCount()
        let other = try BatchRunner(model: model, threads: 2, batchSize: 2).run([partition])
        #expect(other.redshifts.map(\.bitPattern) == plain.redshifts.map(\.bitPattern))
        // Inflated once: inflating twice would read the archive twice.
        #expect(source.takeCount() < source.byteCount / 2 * 3)
        // Released: the redshifts are inflated again.
        #expect(try other.knownRedshifts().spectroscopic == plain.knownRedshifts().spectroscopic)
        #expect(source.takeCount() > 0)
        #expect(try other.knownRedshifts().predicted == plain.knownRedshifts().predicted)
        #expect(source.takeCount() > 0)
    }
}
