import AstroMAE
import Foundation
import Synchronization
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

private func model(_ name: String) throws -> RedshiftModel {
    try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/\(name).pt")), numHeads: 3)
}

private func partition(_ path: String, for model: RedshiftModel) throws -> PartitionReader {
    try PartitionReader(InputFile(path: path, label: "p"), for: model)
}

private func bits(_ redshifts: [Float]) -> [UInt32] { redshifts.map(\.bitPattern) }

private let checkpoints = ["normalcell", "plain-vit", "kernel3", "wrapped"]

@Test(
    "Redshifts have the same bits for every batch size and number of threads", arguments: checkpoints,
    [(1, 1), (7, 1), (32, 1), (512, 1), (1, 2), (7, 2), (32, 2), (512, 2), (1, 5), (7, 5), (32, 5), (512, 5)])
func batchesAndThreadsDoNotMatter(checkpoint: String, run: (batchSize: Int, threads: Int)) throws {
    let model = try model(checkpoint)
    let galaxies = try partition(Fixture.path("tiny/partition.pt"), for: model)
    let whole = try BatchRunner(model: model, threads: 1, batchSize: 37).run([galaxies])
    #expect(Set(bits(whole.redshifts)).count == 37)
    let other = try BatchRunner(model: model, threads: run.threads, batchSize: run.batchSize).run([galaxies])
    #expect(bits(other.redshifts) == bits(whole.redshifts))
    #expect(other.threads <= run.threads)
}

@Test("Predictions equal the golden ones", arguments: checkpoints)
func predictionsAreGolden(checkpoint: String) throws {
    let model = try model(checkpoint)
    let golden = try TensorFile.open(path: Fixture.path("tiny/\(checkpoint).golden.safetensors"))
    let expected = try #require(golden["z_float64"]).doubles()
    let predictions = try BatchRunner(model: model, threads: 2, batchSize: 8)
        .run([partition(Fixture.path("tiny/partition.pt"), for: model)])
    #expect(predictions.redshifts.count == expected.count)
    for (predicted, expected) in zip(predictions.redshifts, expected) {
        #expect(abs(Double(predicted) - expected) < 2e-6)
    }
}

@Test(
    "Redshifts have the same bits for every layout of the same galaxies",
    arguments: ["tiny/partition-views.pt", "tiny/partition-f32.pt"])
func layoutsDoNotMatter(file: String) throws {
    let model = try model("normalcell")
    let runner = BatchRunner(model: model, threads: 2, batchSize: 5)
    let plain = try runner.run([partition(Fixture.path("tiny/partition.pt"), for: model)])
    let other = try runner.run([partition(Fixture.path(file), for: model)])
    #expect(bits(other.redshifts) == bits(plain.redshifts))
}

@Test(
    "Redshifts have the same bits for any split and order of files",
    arguments: [[0..<37], [0..<20, 20..<37], [20..<37, 0..<20], [36..<37, 5..<6, 0..<5, 6..<36]])
func splitsDoNotMatter(pieces: [Range<Int>]) throws {
    let model = try model("normalcell")
    let runner = BatchRunner(model: model, threads: 2, batchSize: 4)
    let whole = try runner.run([partition(Fixture.path("tiny/partition.pt"), for: model)])
    let table = try TensorTable.partition()
    try Fixture.withTemporaryFolder { folder in
        for (index, piece) in pieces.enumerated() {
            try table.rows(piece).write(to: "\(folder)/\(index).safetensors")
        }
        let partitions = try InputList.expand([folder]).map { try PartitionReader($0, for: model) }
        let predictions = try runner.run(partitions)
        #expect(bits(predictions.redshifts) == pieces.flatMap { bits(Array(whole.redshifts[$0])) })
        var rows: [String] = []
        try predictions.forEach { rows.append($0.objectID) }
        #expect(
            rows
                == pieces.enumerated().flatMap { index, piece in
                    piece.indices.map { "\(index):\($0 - piece.lowerBound)" }
                })
    }
}

@Test("A limit selects the first galaxies of all files together", arguments: [1, 19, 20, 21, 37, 38, 1_000_000])
func limitTakesTheFirst(limit: Int) throws {
    let model = try model("normalcell")
    let runner = BatchRunner(model: model, threads: 2, batchSize: 4)
    let galaxies = try partition(Fixture.path("tiny/partition.pt"), for: model)
    let all = try runner.run([galaxies, galaxies])
    let some = try runner.run([galaxies, galaxies], limit: limit)
    #expect(all.redshifts.count == 74)
    #expect(bits(some.redshifts) == bits(Array(all.redshifts.prefix(limit))))
    let known = try some.knownRedshifts()
    #expect(known.predicted.count == min(limit, 74))
    #expect(known.spectroscopic.count == min(limit, 74))
}

@Test("A run without partitions has no predictions")
func noPartitions() throws {
    let predictions = try BatchRunner(model: model("normalcell")).run([])
    #expect(predictions.redshifts.isEmpty)
    #expect(predictions.threads == 0)
}

/// A source that fails once `isBroken` is set, like a failing disk.
private final class FailingSource: ByteSource {
    let name = "disk.safetensors"
    let memory: MemorySource
    let faults: [Range<Int>]
    let isBroken = Atomic<Bool>(false)

    init(_ bytes: [UInt8], faults: [Range<Int>]) {
        memory = MemorySource(name: name, bytes: bytes)
        self.faults = faults
    }

    var byteCount: Int { memory.byteCount }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if isBroken.load(ordering: .relaxed), let fault = faults.first(where: { $0.overlaps(range) }) {
            throw Failure(name, "bytes \(fault) cannot be read")
        }
        return try memory.withBytes(in: range, body)
    }
}

@Test(
    "The failure of the earliest galaxies is thrown, whichever thread fails first",
    arguments: [1, 2, 5], [1, 3, 8])
func earliestFailureWins(threads: Int, batchSize: Int) throws {
    let model = try model("normalcell")
    let bytes = try TensorTable.partition().bytes()
    // The images come first, 20,480 bytes each: galaxies 12 and 30 fail.
    let images = bytes.count - 37 * (20_480 + 40 + 8)
    let faults = [12, 30].map { images + $0 * 20_480..<images + ($0 + 1) * 20_480 }
    let source = FailingSource(bytes, faults: faults)
    let reader = try PartitionReader(
        TensorFile.open(source), source: "disk", label: "disk", imageShape: model.imageShape,
        magnitudeCount: model.magnitudeCount)
    source.isBroken.store(true, ordering: .relaxed)
    let error = try #require(throws: Failure.self) {
        try BatchRunner(model: model, threads: threads, batchSize: batchSize).run([reader])
    }
    #expect(error.description == "disk.safetensors: bytes \(faults[0]) cannot be read")
}

@Test("A NaN pixel makes the redshift of its own galaxy NaN, and of no other")
func nonFinitePixels() throws {
    let model = try model("normalcell")
    var table = try TensorTable.partition()
    let clean = try BatchRunner(model: model).run([partition(Fixture.path("tiny/partition.pt"), for: model)])
    table.change("images") { entry in
        entry.bytes.replaceSubrange(7 * 20_480..<7 * 20_480 + 4, with: [0, 0, 0xC0, 0x7F])
    }
    try Fixture.withTemporaryFolder { folder in
        try table.write(to: folder + "/p.safetensors")
        let predictions = try BatchRunner(model: model, threads: 2, batchSize: 16)
            .run([partition(folder + "/p.safetensors", for: model)])
        #expect(predictions.flagCounts.flagged == 1)
        #expect(predictions.redshifts[7].isNaN)
        for index in 0..<37 where index != 7 {
            #expect(predictions.redshifts[index].bitPattern == clean.redshifts[index].bitPattern)
        }
    }
}

@Test("Files of predictions hold every galaxy, and a failed write leaves no file", arguments: PredictionFormat.allCases)
func predictionFiles(format: PredictionFormat) throws {
    let model = try model("normalcell")
    let predictions = try BatchRunner(model: model).run([partition(Fixture.path("tiny/partition.pt"), for: model)])
    try Fixture.withTemporaryFolder { folder in
        let path = "\(folder)/z.\(format.rawValue)"
        try PredictionWriter.check(path: path, sparing: [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        try PredictionWriter.write(predictions, to: path, format: format)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["z.\(format.rawValue)"])
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let lines = data.count { $0 == UInt8(ascii: "\n") }
        switch format {
        case .csv: #expect(lines == 38)
        case .jsonl: #expect(lines == 37)
        case .npy:
            let array = try #require(try TensorFile.open(path: path).tensors.first)
            #expect(array.shape == [37])
            #expect(bits(try array.floats()) == bits(predictions.redshifts))
        case .csvGzip: #expect(data.prefix(2) == Data([0x1F, 0x8B]))
        case .fits, .hdf5:
            let table = try TensorFile.open(path: path)
            #expect(bits(try #require(table["z_phot"]).floats()) == bits(predictions.redshifts))
            #expect(try table["row"]?.doubles() == (0..<37).map { Double($0) })
            #expect(try table["z_spec"]?.doubles() == predictions.knownRedshifts().spectroscopic)
            let ids = try #require(table.text("object_id")).texts(rows: 0..<37)
            #expect(ids == (0..<37).map { "p:\($0)" })
        }
        #expect(throws: Failure.self) {
            try PredictionWriter.write(predictions, to: folder + "/none/z.csv", format: format)
        }
        for path in [folder + "/none/z.csv", folder] {
            #expect(throws: Failure.self) { try PredictionWriter.check(path: path, sparing: []) }
        }
    }
}
