import AstroMAE
import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

/// A source that is slow from an offset on.
private struct SlowSource: ByteSource {
    let memory: MemorySource
    let slowFrom: Int
    let seconds: Double

    var name: String { memory.name }
    var byteCount: Int { memory.byteCount }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The images alone: headers are read when the file is opened.
        if range.lowerBound >= slowFrom, range.count >= 20_480 { Thread.sleep(forTimeInterval: seconds) }
        return try memory.withBytes(in: range, body)
    }
}

@Suite("Deadlines of a run")
struct DeadlineTests {
    private let model: RedshiftModel
    private let bytes: [UInt8]
    /// The offset of the images: they come first, 20,480 bytes each.
    private let images: Int

    init() throws {
        model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")), numHeads: 3)
        bytes = try TensorTable.partition().bytes()
        images = bytes.count - 37 * (20_480 + 40 + 8)
    }

    private func partition(slowFrom galaxy: Int, seconds: Double) throws -> PartitionReader {
        let memory = MemorySource(name: "p", bytes: bytes)
        let source = SlowSource(memory: memory, slowFrom: images + galaxy * 20_480, seconds: seconds)
        return try PartitionReader(
            TensorFile.open(source), source: "p", label: "p", imageShape: model.imageShape,
            magnitudeCount: model.magnitudeCount)
    }

    @Test("A deadline in the past stops a run before its first galaxy", arguments: [1, 2, 5])
    func passed(threads: Int) throws {
        let galaxies = try partition(slowFrom: 0, seconds: 0)
        let runner = BatchRunner(model: model, threads: threads, batchSize: 4)
        let error = try #require(throws: Failure.self) {
            try runner.run([galaxies, galaxies], until: ContinuousClock.now)
        }
        #expect(error == .stopped(done: 0, total: 74))
        #expect(error.description == "stopped at the deadline: 0 of 74 galaxies done")
    }

    @Test("The error of a run that stops at its deadline has its progress")
    func reached() throws {
        // The second micro-batch alone takes longer than the deadline leaves.
        let galaxies = try partition(slowFrom: 10, seconds: 0.6)
        let runner = BatchRunner(model: model, threads: 1, batchSize: 10)
        let error = try #require(throws: Failure.self) {
            try runner.run([galaxies], until: ContinuousClock.now + .seconds(0.5))
        }
        #expect([0, 10, 20].map { .stopped(done: $0, total: 37) }.contains(error), "\(error)")
    }

    @Test("A deadline after the end of a run has no effect")
    func farAway() throws {
        let galaxies = try partition(slowFrom: 37, seconds: 0)
        let runner = BatchRunner(model: model, threads: 2, batchSize: 4)
        let free = try runner.run([galaxies])
        let bound = try runner.run([galaxies], until: ContinuousClock.now + .seconds(1e6))
        #expect(bound.redshifts.map(\.bitPattern) == free.redshifts.map(\.bitPattern))
    }
}
