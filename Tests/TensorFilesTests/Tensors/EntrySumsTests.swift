import Foundation
import Platform
import TestSupport
import Testing

@testable import TensorFiles

@Suite("Checksums of stored entries are computed from pieces in any order")
struct EntrySumsTests {
    /// Two tensors, of 2.4 MB and of 12 bytes, in a mapped file.
    private func withFile(damaged entry: Int? = nil, _ body: (TensorFile) throws -> Void) throws {
        var table = TensorTable()
        table.add("images", [200, 3000], (0..<600_000).map { Float($0) }, .f32)
        table.add("few", [3], [1, 2, 3] as [Float], .f32)
        var zip = table.npz(deflated: false)
        if let entry { zip.entries[entry].data[zip.entries[entry].data.count - 2] ^= 1 }
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/a.npz"
            try Data(zip.bytes).write(to: URL(fileURLWithPath: path))
            try body(try TensorFile.open(path: path, checksums: .deferred))
        }
    }

    private let chunks = stride(from: 0, to: 200, by: 7).map { $0..<min($0 + 7, 200) }

    @Test("Rows and the pieces outside of them are all bytes of the entries, once", arguments: [0, 3, 29])
    func pieces(skipped: Int) throws {
        try withFile { file in
            let sums = try #require(file.entrySums())
            let images = try #require(file["images"])
            let rows = try #require(sums.rows(of: images))
            let own = chunks.dropFirst(skipped).map { rows[$0] }
            let pieces = sums.pieces(outside: own)
            // Rows of 12 kB: what is left is listed from 1 MiB on.
            #expect(pieces.isEmpty == (skipped < 13))
            #expect(pieces.allSatisfy { $0.reduce(0) { $0 + $1.count } <= 1 << 20 })
            let all = (own + pieces.joined()).sorted { $0.lowerBound < $1.lowerBound }
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
            let entries = file.members.reduce(0) { $0 + $1.range.count }
            if !pieces.isEmpty { #expect(all.reduce(0) { $0 + $1.count } == entries) }
        }
    }

    @Test("Sums in any order, with any left out, or given twice, give the same checksums", arguments: [1, 2, 5])
    func order(step: Int) throws {
        try withFile { file in
            let sums = try #require(file.entrySums())
            let images = try #require(file["images"])
            let rows = try #require(sums.rows(of: images))
            for start in 0..<step {
                for index in stride(from: start, to: chunks.count, by: step) where index != 11 {
                    try sums.add(rows[chunks[index]])
                }
            }
            try sums.add(rows[0..<14])
            try sums.compare()
        }
    }

    @Test("A damaged entry is named as by verifyChecksums, whatever was summed", arguments: [0, 1], [0, 29])
    func damaged(entry: Int, summed: Int) throws {
        try withFile(damaged: entry) { file in
            let sums = try #require(file.entrySums())
            let images = try #require(file["images"])
            let rows = try #require(sums.rows(of: images))
            for chunk in chunks.prefix(summed) { try sums.add(rows[chunk]) }
            let error = try #require(throws: Failure.self) { try sums.compare() }
            let whole = try #require(throws: Failure.self) { try file.verifyChecksums() }
            #expect(error == whole)
            #expect(error.message.contains("entry '\(["images", "few"][entry]).npy': CRC-32 is "))
        }
    }

    @Test("Rows that overlap, or are converted, are not summed row by row")
    func unusualRows() throws {
        try withFile { file in
            let sums = try #require(file.entrySums())
            let images = try #require(file["images"])
            #expect(sums.rows(of: try #require(images.permuted([1, 0]))) == nil)
            #expect(sums.rows(of: .floats("rows", shape: [3, 4], of: "a") { _ in [] }) == nil)
            let cropped = try #require(images.slice(axis: 1, from: 10, count: 20))
            let rows = try #require(sums.rows(of: cropped))
            #expect(rows[3..<5].count == 24_000 && rows[199..<200].count == 80)
        }
    }

    @Test("Deflated entries and formats without checksums have none")
    func none() throws {
        let deflated = MemorySource(name: "d", bytes: Archive.deflated.builder.bytes)
        #expect(try TensorFile.open(deflated, checksums: .deferred).entrySums() == nil)
        #expect(try TensorFile.open(path: Fixture.path("tiny/normalcell.golden.safetensors")).entrySums() == nil)
    }
}
