import ArgumentParser
import AstroMAE
import BenchmarkSupport
import TensorFiles

@main
struct Instructions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instructions",
        abstract: "Predicts the first eight demo galaxies once, on AVX2.",
        discussion: """
            Benchmarks/count-instructions.sh runs it under callgrind, which counts within that call only. Fails where a \
            redshift is not within 2e-6 of the golden one.
            """)

    /// Few galaxies: callgrind takes seven seconds for each, most of it in fused multiply-adds.
    static let galaxies = 8

    func run() throws {
        let galaxies = Self.galaxies
        let model = try RedshiftModel(weights: TensorFile.open(path: Checkout.demoWeights, checksums: .deferred))
        guard model.instructionSet == .avx2 else {
            throw BenchmarkError("CAI_ISA: the count is of avx2, found \(model.instructionSet.rawValue)")
        }
        let batch = try Batch(Checkout.demoGalaxies, count: galaxies)
        var workspace = try Workspace(for: model, capacity: galaxies)
        var redshifts = [Float](repeating: .nan, count: galaxies)
        countedPredict(model, batch, into: &redshifts, &workspace)

        let accuracy = try Golden(path: Checkout.demoGolden).compare(redshifts)
        guard accuracy.worst <= accuracy.worstAllowed else {
            throw BenchmarkError("a redshift is \(accuracy.worst) off, at most \(accuracy.worstAllowed) is allowed")
        }
        print("\(galaxies) galaxies, \(model.instructionSet.rawValue), \(model.gemm.rawValue)")
    }
}

/// Images and magnitudes of some galaxies.
struct Batch {
    let images: [Float]
    let magnitudes: [Float]

    /// The first `count` galaxies of a `TensorDataset`.
    init(_ path: String, count: Int) throws {
        let file = try TensorFile.open(path: path, checksums: .deferred)
        func rows(_ name: String) throws -> [Float] {
            guard let tensor = file[name] else { throw BenchmarkError("\(path): expected a tensor \(name)") }
            var values = [Float](repeating: 0, count: count * tensor.rowCount)
            var span = values.mutableSpan
            try tensor.copyFloats(rows: 0..<count, into: &span)
            return values
        }
        images = try rows("tensors.0")
        magnitudes = try rows("tensors.1")
    }
}

/// A separate function, whose name starts and stops callgrind's counting.
@inline(never)
func countedPredict(
    _ model: RedshiftModel, _ batch: Batch, into redshifts: inout [Float], _ workspace: inout Workspace
) {
    var span = redshifts.mutableSpan
    model.predict(images: batch.images.span, magnitudes: batch.magnitudes.span, into: &span, workspace: &workspace)
}
