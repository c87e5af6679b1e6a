import AstroMAE
import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

/// The form of an archive of galaxies in a file.
private enum Form: CaseIterable {
    case torch, stored, deflated

    func zip(_ table: TensorTable) -> ZipBuilder {
        self == .torch ? table.torch() : table.npz(deflated: self == .deflated)
    }
}

@Suite("Checksums of files are computed by the threads that read them")
struct SummedChecksumTests {
    let model: RedshiftModel
    /// 74 galaxies, 1.5 MB.
    let galaxies: TensorTable

    init() throws {
        model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")))
        galaxies = try TensorTable.partition(copies: 2)
    }

    /// Writes the archives to files, and calls `body` with their partitions.
    private func withPartitions(_ archives: [ZipBuilder], _ body: ([PartitionReader]) throws -> Void) throws {
        try Fixture.withTemporaryFolder { folder in
            let partitions = try archives.enumerated().map { index, zip in
                let path = "\(folder)/\(index)"
                try Data(zip.bytes).write(to: URL(fileURLWithPath: path))
                return try PartitionReader(InputFile(path: path, label: "\(index)"), for: model)
            }
            try body(partitions)
        }
    }

    /// The archive with one bit changed in the images of a galaxy, which are at the end of the largest entry.
    private func damaged(_ form: Form, galaxy: Int) -> ZipBuilder {
        var zip = form.zip(galaxies)
        let index = zip.entries.indices.max { zip.entries[$0].data.count < zip.entries[$1].data.count } ?? 0
        zip.entries[index].data[zip.entries[index].data.count - (74 - galaxy) * 20_480 + 2] ^= 1
        return zip
    }

    @Test("The same bits and all galaxies for any number of threads", arguments: Form.allCases, [1, 2, 64])
    private func threads(form: Form, threads: Int) throws {
        let expected = try BatchRunner(model: model, threads: 1).run([
            PartitionReader(InputFile(path: Fixture.path("tiny/partition.pt"), label: "p"), for: model)
        ])
        let bits = expected.redshifts.map(\.bitPattern)
        try withPartitions((0..<3).map { _ in form.zip(galaxies) }) { partitions in
            let predictions = try BatchRunner(model: model, threads: threads, batchSize: 5).run(partitions)
            #expect(predictions.redshifts.map(\.bitPattern) == (0..<6).flatMap { _ in bits })
            #expect(predictions.flagCounts.flagged == 0)
        }
    }

    @Test("A changed bit of a file is found, whichever galaxy has it", arguments: Form.allCases, [1, 2, 64])
    private func changedBit(form: Form, threads: Int) throws {
        for galaxy in [0, 40, 73] {
            try withPartitions([form.zip(galaxies), damaged(form, galaxy: galaxy)]) { partitions in
                let expected = try #require(throws: Failure.self) { try partitions[1].verify() }
                let error = try #require(throws: Failure.self) {
                    try BatchRunner(model: model, threads: threads, batchSize: 5).run(partitions)
                }
                #expect(error == expected)
                #expect(error.subject == partitions[1].path && error.message.contains("entry "))
            }
        }
    }

    @Test(
        "Of a damaged file not its galaxies' flags are the error, but its checksum", arguments: Form.allCases, [1, 3])
    private func strict(form: Form, threads: Int) throws {
        var table = galaxies
        for galaxy in [0, 30] {
            let start = galaxy * 20_480
            table.change("images") { $0.bytes.replaceSubrange(start..<start + 4, with: [0, 0, 0xC0, 0x7F]) }
        }
        var zip = form.zip(table)
        let last = zip.entries.count - 1
        zip.entries[last].checksum ^= 1
        try withPartitions([zip]) { partitions in
            let error = try #require(throws: Failure.self) {
                try BatchRunner(model: model, threads: threads, batchSize: 5)
                    .run(GalaxyRun.sections(of: partitions, limit: nil), isStrict: true)
            }
            #expect(error.message.contains("CRC-32 is "), "\(error)")
        }
    }

    /// The results of an earlier run: `rows` of the galaxies, finished.
    private func earlier(_ rows: [Range<Int>], of count: Int) -> PredictionJournal.Earlier {
        var finished = FinishedGalaxies()
        for range in rows { finished.insert(range) }
        return PredictionJournal.Earlier(
            redshifts: [Float](repeating: 0.5, count: count),
            flags: [PredictionFlags](repeating: [], count: count), finished: finished, flagCounts: FlagCounts([]))
    }

    @Test(
        "A resumed run compares the checksums of finished galaxies, too, and records those that are right",
        arguments: Form.allCases, [[0..<74], [0..<70], [4..<74], [0..<10, 20..<74]])
    private func resumed(form: Form, finished: [Range<Int>]) throws {
        let runner = BatchRunner(model: model, threads: 3, batchSize: 5)
        for galaxy in [5, 40] {
            try withPartitions([damaged(form, galaxy: galaxy)]) { partitions in
                var reached: PredictionJournal.Earlier?
                let error = try #require(throws: Failure.self) {
                    try runner.run(
                        GalaxyRun.sections(of: partitions, limit: nil), earlier: earlier(finished, of: 74),
                        ended: { reached = $0 })
                }
                #expect(error.message.contains("entry "))
                #expect(try #require(reached).finished.isEmpty)
            }
        }
        try withPartitions([form.zip(galaxies)]) { partitions in
            var reached: PredictionJournal.Earlier?
            let predictions = try runner.run(
                GalaxyRun.sections(of: partitions, limit: nil), earlier: earlier(finished, of: 74),
                ended: { reached = $0 })
            #expect(predictions.redshifts.count { $0 == 0.5 } == finished.reduce(0) { $0 + $1.count })
            #expect(try #require(reached).finished.verified == [0..<74])
            #expect(try #require(reached).finished.count == 74)
        }
    }

    @Test(
        "Deflated files are inflated ahead of their first galaxy, no more of them than threads", arguments: [1, 2, 5])
    func inflatedAhead(threads: Int) throws {
        let archive = galaxies.rows(0..<7).npz(deflated: true)
        try withPartitions((0..<12).map { _ in archive }) { partitions in
            let plan = WorkPlan(
                GalaxyRun.sections(of: partitions, limit: nil), without: FinishedGalaxies(), rows: 3, threads: threads)
            #expect(plan.galaxyChunks == 12 * 3 && plan.chunks.count == 12 * 4)
            var (inflated, begun) = (Set<Int>(), Set<Int>())
            for chunk in plan.chunks {
                switch chunk.kind {
                case .inflation: #expect(inflated.insert(chunk.section).inserted)
                case .galaxies:
                    begun.insert(chunk.section)
                    #expect(inflated.contains(chunk.section))
                    // The next file at least, so that the other threads do not wait for it.
                    #expect(chunk.section == 11 || inflated.contains(chunk.section + 1))
                case .bytes: Issue.record("a deflated entry has no pieces")
                }
                #expect(inflated.subtracting(begun).count <= threads + 1)
            }
        }
    }

    @Test("Large deflated files are inflated one ahead only")
    func inflatedBytesAhead() throws {
        let archive = galaxies.npz(deflated: true)
        try withPartitions((0..<4).map { _ in archive }) { partitions in
            let sections = GalaxyRun.sections(of: partitions, limit: nil)
            func ahead(_ bytes: Int) -> [Int] {
                WorkPlan(sections, without: FinishedGalaxies(), rows: 128, threads: 8, inflatedAhead: bytes).chunks
                    .map { if case .inflation = $0.kind { -1 } else { $0.section } }
            }
            #expect(ahead(1) == [-1, -1, 0, -1, 1, -1, 2, 3])
            let size = galaxies.entries.reduce(0) { $0 + $1.bytes.count }
            #expect(ahead(size * 3 / 8 + 1024) == [-1, -1, -1, 0, -1, 1, 2, 3])
            #expect(ahead(1 << 20) == [-1, -1, -1, -1, 0, 1, 2, 3])
        }
    }
}
