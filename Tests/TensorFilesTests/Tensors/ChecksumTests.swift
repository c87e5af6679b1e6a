import Platform
import TensorFiles
import TestSupport
import Testing

/// An archive with two tensors, "first" and "second"; the second has 300,000 bytes.
enum Archive: String, CaseIterable, Sendable {
    case torch, stored, deflated

    var builder: ZipBuilder {
        var table = TensorTable()
        table.add("first", [3], [1, 2, 3] as [Float], .f32)
        table.add("second", [3, 25_000], (0..<75_000).map { Float($0) }, .f32)
        return switch self {
        case .torch: table.torch()
        case .stored: table.npz(deflated: false)
        case .deflated: table.npz(deflated: true)
        }
    }

    var secondEntry: String { self == .torch ? "archive/data/1" : "second.npy" }
}

@Suite("Checksums are compared when a file is opened, or on request")
struct ChecksumTests {
    @Test("Opening with checksums deferred reads headers only", arguments: Archive.allCases)
    func headersOnly(archive: Archive) throws {
        let source = CountingSource(name: "sound", bytes: archive.builder.bytes)
        let deferred = try TensorFile.open(source, checksums: .deferred)
        // Less than the second tensor.
        #expect(source.takeCount() < 300_000)
        try deferred.verifyChecksums()
        #expect(try deferred["second"]?.floats().last == 74_999)
        _ = source.takeCount()
        _ = try TensorFile.open(source)
        #expect(source.takeCount() > 300_000)
    }

    @Test("A wrong checksum is found when the file is opened, or on request", arguments: Archive.allCases)
    func wrongChecksum(archive: Archive) throws {
        var zip = archive.builder
        let last = zip.entries.count - 1
        zip.entries[last].checksum ^= 1
        let source = MemorySource(name: "wrong", bytes: zip.bytes)
        let words = "wrong: zip: entry '\(archive.secondEntry)': CRC-32 is "
        let atOnce = try #require(throws: Failure.self) { try TensorFile.open(source) }
        #expect(atOnce.description.hasPrefix(words))
        let file = try TensorFile.open(source, checksums: .deferred)
        let later = try #require(throws: Failure.self) { try file.verifyChecksums() }
        #expect(later == atOnce)
        #expect(try file["first"]?.floats() == [1, 2, 3])
        if archive == .deflated {
            let reading = try #require(throws: Failure.self) { try file["second"]?.floats() }
            #expect(reading == atOnce)
        }
    }

    @Test("The description of the tensors is checked even where checksums are deferred")
    func wrongPickle() {
        var zip = Archive.torch.builder
        zip.entries[0].checksum ^= 1
        let source = MemorySource(name: "wrong", bytes: zip.bytes)
        #expect(throws: Failure.self) { try TensorFile.open(source, checksums: .deferred) }
    }

    @Test("A deflated array is inflated once, and again after it was released")
    func releasedArrays() throws {
        let source = CountingSource(name: "arrays", bytes: Archive.deflated.builder.bytes)
        let file = try TensorFile.open(source, checksums: .deferred)
        let tensor = try #require(file["second"])
        _ = source.takeCount()
        let values = try tensor.floats()
        #expect(values == (0..<75_000).map { Float($0) })
        #expect(source.takeCount() > 300_000)
        #expect(try tensor.floats() == values)
        #expect(source.takeCount() == 0)
        file.release()
        #expect(try tensor.floats() == values)
        #expect(source.takeCount() > 300_000)
    }

    @Test("Comparing checksums when opening keeps no inflated bytes")
    func openingKeepsNothing() throws {
        let source = CountingSource(name: "arrays", bytes: Archive.deflated.builder.bytes)
        let file = try TensorFile.open(source)
        _ = source.takeCount()
        #expect(try file["first"]?.floats() == [1, 2, 3])
        #expect(source.takeCount() > 0)
    }

    @Test(
        "Deflated arrays that differ from their declaration are refused when they are read",
        arguments: ["cut", "damaged", "longer", "shorter", "followed"])
    func brokenDeflatedArrays(kind: String) throws {
        var zip = Archive.deflated.builder
        let last = zip.entries.count - 1
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (25000,), }\n"
        let whole = ByteBuilder.npy(header, data: 100_000)
        switch kind {
        case "cut": zip.entries[last].data.removeLast(1000)
        case "damaged": zip.entries[last].data[65_540] = 0xFF
        case "longer":
            zip.entries[last].data = ZipBuilder.deflatedStored(whole + [UInt8](repeating: 0, count: 100_000))
            zip.entries[last].size = UInt32(whole.count)
        case "shorter":
            zip.entries[last].data = ZipBuilder.deflatedStored(whole.dropLast())
            zip.entries[last].size = UInt32(whole.count)
        default: zip.entries[last].data += [0]
        }
        zip.entries[last].compressedSize = UInt32(zip.entries[last].data.count)
        let source = MemorySource(name: "broken", bytes: zip.bytes)
        #expect(throws: Failure.self) { try TensorFile.open(source) }
        let words = [
            "cut": "ends too early", "damaged": "is damaged", "longer": "inflates to more than",
            "shorter": "declares", "followed": "1 bytes follow",
        ]
        let file = try TensorFile.open(source, checksums: .deferred)
        let error = try #require(throws: Failure.self) { try file["second"]?.floats() }
        #expect(error.description.contains(words[kind] ?? "?"), "\(error)")
    }
}
