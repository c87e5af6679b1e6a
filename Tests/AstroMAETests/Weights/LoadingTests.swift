import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@testable import AstroMAE

/// Runs parts on up to four threads, independent of the number of processors.
let fourThreads = ParallelLoop { most, body in
    DispatchQueue.concurrentPerform(iterations: min(most, 4)) { _ in body() }
}

@Suite("Loading") struct LoadingTests {
    @Test("Panels hold the weights and are zero beyond them", arguments: [1, 3, 4, 15, 16, 17, 35], [1, 2, 4, 7, 16])
    func panels(outputs: Int, inputs: Int) throws {
        let weight = (0..<outputs * inputs).map { Float($0 + 1) }
        let matrix = try PackedMatrix(
            .qkv, weight: weight, bias: Array(weight.prefix(outputs)), inputs: inputs, dense: false)
        for column in 0..<(outputs + 15) / 16 * 16 {
            for k in 0..<inputs {
                let packed = matrix.panels.base[(column / 16 * inputs + k) * 16 + column % 16]
                #expect(packed == (column < outputs ? weight[column * inputs + k] : 0))
            }
        }
    }

    @Test("A weight that is not finite is found at every index", arguments: [Float.nan, .infinity, -.infinity])
    func nonFinitePanels(value: Float) throws {
        let (outputs, inputs) = (7, 6)
        for index in 0..<outputs * inputs {
            var weight = [Float](repeating: 1, count: outputs * inputs)
            let matrix = try PackedMatrix(
                .qkv, bias: [Float](repeating: 0, count: outputs), inputs: inputs, dense: false)
            #expect(weight.withUnsafeBufferPointer { matrix.pack($0, outputs: 0..<outputs) })
            weight[index] = value
            #expect(!weight.withUnsafeBufferPointer { matrix.pack($0, outputs: 0..<outputs) })
        }
    }

    @Test("Four threads pack the same bits as one", arguments: GoldenNetwork.tiny)
    func threadsPackTheSame(network: GoldenNetwork) throws {
        let galaxies = try Galaxies(network.galaxies)
        let one = try network.merged.model().redshifts(galaxies, batch: 37)
        let many = try RedshiftModel(weights: network.file(), numHeads: network.numHeads, on: fourThreads)
        #expect(try many.redshifts(galaxies, batch: 37) == one)
    }

    @Test("The first of several weights that are not finite is named, on any number of threads")
    func firstNonFiniteWeight() throws {
        var table = try TensorTable(Fixture.path("tiny/normalcell.pt"))
        for key in ["blocks.1.mlp.fc2.weight", "blocks.0.mlp.fc1.weight", "vit_block.0.weight"] {
            let name = try #require(table.entries.first { $0.name.hasSuffix(key) }).name
            table.change(name) { entry in
                for index in [5, 40] {
                    entry.bytes.replaceSubrange(index * 4..<index * 4 + 4, with: [0, 0, 0x80, 0x7F])
                }
            }
        }
        let file = try TensorFile.open(MemorySource(name: "broken", bytes: table.bytes()))
        for parallel in [ParallelLoop.serial, fourThreads] {
            let error = #expect(throws: Failure.self) {
                try RedshiftModel(weights: file, numHeads: 3, on: parallel)
            }
            #expect(error?.description.contains("'blocks.0.mlp.fc1.weight' is not finite: element 5 is inf") == true)
        }
    }

    @Test("Buffers of an arena are zero, aligned and disjoint, and outlive it")
    func arena() throws {
        // One buffer that fills the rest of a mapping, one larger than a mapping, and some after it.
        let counts = [1, 16, 17, 1 << 20, (1 << 20) - 64, 3 << 20, 5, 1 << 18]
        var arena: FloatArena? = FloatArena()
        let buffers = try counts.map { try FloatBuffer(count: $0, in: arena) }
        arena = nil
        for (index, buffer) in buffers.enumerated() {
            #expect(Int(bitPattern: buffer.base) % 64 == 0)
            #expect(hasOnly(0, buffer))
            buffer.base.update(repeating: Float(index + 1), count: buffer.count)
        }
        for (index, buffer) in buffers.enumerated() {
            #expect(hasOnly(Float(index + 1), buffer))
        }
    }

    /// Whether all elements have the value: the first one, and each the one before it.
    private func hasOnly(_ value: Float, _ buffer: FloatBuffer) -> Bool {
        buffer.base[0] == value && memcmp(buffer.base, buffer.base + 1, (buffer.count - 1) * 4) == 0
    }

    @Test(
        "Micro-batches fit the cache, between 8 and 16 galaxies",
        arguments: [(nil, 8), (512 << 10, 8), (1 << 20, 10), (2 << 20, 16), (1 << 40, 16)] as [(Int?, Int)])
    func microBatch(cache: Int?, count: Int) {
        #expect(CacheSize.microBatch(floats: 13_000, cache: cache) == count)
    }

    @Test("Threads that share a cache have a part of it each")
    func sharedCache() {
        let processors = Processors()
        let count = processors.sharingSecondLevelCache
        #expect(CacheSize.share(of: count << 20, processors) == 1 << 20)
        #expect(CacheSize.share(of: 0, processors) == nil)
    }
}
