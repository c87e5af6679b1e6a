import AstroMAE
import Foundation
import Synchronization
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

/// A source in memory that counts the bytes read and not released.
private final class ResidentSource: ByteSource {
    let name: String
    private let memory: MemorySource
    private let state = Mutex((pages: Set<Int>(), most: 0, prefetched: 0))
    private let page = 4096

    init(name: String, bytes: [UInt8]) {
        self.name = name
        memory = MemorySource(name: name, bytes: bytes)
    }

    var byteCount: Int { memory.byteCount }
    /// The most bytes that were in memory at once.
    var most: Int { state.withLock { $0.most * page } }
    var now: Int { state.withLock { $0.pages.count * page } }
    var prefetched: Int { state.withLock { $0.prefetched } }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        state.withLock { state in
            for index in pages(range) { state.pages.insert(index) }
            state.most = max(state.most, state.pages.count)
        }
        return try memory.withBytes(in: range, body)
    }

    func prefetch(_ range: Range<Int>) { state.withLock { $0.prefetched += range.count } }

    func release(_ range: Range<Int>) {
        state.withLock { state in for index in pages(range) { state.pages.remove(index) } }
    }

    private func pages(_ range: Range<Int>) -> Range<Int> {
        range.isEmpty ? 0..<0 : range.lowerBound / page..<(range.upperBound + page - 1) / page
    }
}

@Suite("Memory of a large partition") struct ResidencyTests {
    let model: RedshiftModel
    /// 370 galaxies, 7.6 MB.
    let galaxies: TensorTable

    init() throws {
        model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")))
        galaxies = try .partition(copies: 10)
    }

    @Test(
        "A large partition is not held in memory as a whole, and the next is read ahead", arguments: [1, 3],
        ["torch", "safetensors"])
    func partitions(threads: Int, format: String) throws {
        let bytes = format == "torch" ? galaxies.torch().bytes : galaxies.bytes()
        let sources = (0..<3).map { ResidentSource(name: "\($0)", bytes: bytes) }
        let partitions = try sources.map { source in
            try PartitionReader(
                TensorFile.open(source, checksums: .deferred), source: source.name, label: source.name,
                imageShape: model.imageShape, magnitudeCount: model.magnitudeCount)
        }
        let predictions = try BatchRunner(model: model, threads: threads, batchSize: 16).run(partitions)
        for source in sources {
            // Each thread's 16 galaxies, the piece whose checksum is computed, and the other tensors.
            #expect(source.most <= threads * 16 * 20_480 + 1 << 20 + 256 << 10)
            #expect(source.now == 0)
        }
        #expect(sources.dropFirst().allSatisfy { $0.prefetched >= 370 * 20_480 })
        #expect(try predictions.knownRedshifts().spectroscopic.count == 3 * 370)
        #expect(sources.allSatisfy { $0.now == 0 })
    }

    @Test("200 threads give the same bits as one, despite OpenBLAS's limit of calling threads")
    func manyThreads() throws {
        let partition = try PartitionReader(
            TensorFile.open(MemorySource(name: "p", bytes: galaxies.bytes())), source: "p", label: "p",
            imageShape: model.imageShape, magnitudeCount: model.magnitudeCount)
        let one = try BatchRunner(model: model, threads: 1).run([partition])
        let many = try BatchRunner(model: model, threads: 200, batchSize: 1).run([partition])
        #expect(many.threads == 200)
        #expect(many.redshifts.map(\.bitPattern) == one.redshifts.map(\.bitPattern))
    }
}
