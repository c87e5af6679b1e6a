import AstroMAE
import TensorFiles
import TestSupport

/// A network, the galaxies that PyTorch ran it on, and what PyTorch got at every stage.
struct GoldenNetwork: Sendable, CustomStringConvertible {
    let weights: String
    let golden: String
    let galaxies: String
    var numHeads: Int?
    var description: String { weights.split(separator: "/").last.map(String.init) ?? weights }

    static let tiny = [
        GoldenNetwork(tiny: "normalcell"), GoldenNetwork(tiny: "normalcell-cuda", golden: "normalcell"),
        GoldenNetwork(tiny: "plain-vit"), GoldenNetwork(tiny: "kernel3", numHeads: 3),
        GoldenNetwork(tiny: "wrapped", numHeads: 3),
    ]
    /// The demo weights in half precision; the golden values are those of the same rounded weights.
    static let full = GoldenNetwork(
        weights: Fixture.weights("astromae-demo.safetensors"),
        golden: Fixture.path("full/stages-first4-f16.golden.safetensors"),
        galaxies: Fixture.weights("demo-galaxies.pt"))
    static let all = tiny + [full]

    init(weights: String, golden: String, galaxies: String) {
        (self.weights, self.golden, self.galaxies) = (weights, golden, galaxies)
    }

    init(tiny name: String, golden: String? = nil, numHeads: Int? = nil) {
        weights = Fixture.path("tiny/\(name).pt")
        self.golden = Fixture.path("tiny/\(golden ?? name).golden.safetensors")
        galaxies = Fixture.path("tiny/partition.pt")
        self.numHeads = numHeads
    }

    func model(
        gemm: GemmBackend = .auto, instructionSet: InstructionSet? = nil
    ) throws -> RedshiftModel {
        try RedshiftModel(
            weights: TensorFile.open(path: weights), numHeads: numHeads, gemm: gemm, instructionSet: instructionSet)
    }

    /// A golden array, as float64.
    func values(_ name: String) throws -> [Double] {
        guard let tensor = try TensorFile.open(path: golden)[name] else { throw MissingStage(name: name) }
        return try tensor.doubles()
    }

    struct MissingStage: Error { let name: String }

    /// Stage names in the golden file, predictions left out.
    var stageNames: [String] {
        let names = (try? TensorFile.open(path: golden).tensors.map(\.name)) ?? []
        return names.filter { $0 != "z" && $0 != "z_float64" }.sorted()
    }
}

/// Galaxies as the model takes them.
struct Galaxies {
    let images: [Float]
    let magnitudes: [Float]
    let count: Int

    /// The first `limit` galaxies of a TensorDataset.
    init(_ path: String, limit: Int? = nil) throws {
        let file = try TensorFile.open(path: path)
        let (images, magnitudes) = (try file["tensors.0"].orMissing(), try file["tensors.1"].orMissing())
        count = min(images.shape[0], limit ?? .max)
        self.images = Array(try images.floats().prefix(count * images.rowCount))
        self.magnitudes = Array(try magnitudes.floats().prefix(count * magnitudes.rowCount))
    }
}

extension Optional {
    func orMissing() throws -> Wrapped {
        guard let self else { throw GoldenNetwork.MissingStage(name: "tensor") }
        return self
    }
}

extension RedshiftModel {
    /// Redshifts of galaxies in batches of `batch`.
    func redshifts(_ galaxies: Galaxies, batch: Int) -> [Float] {
        var workspace = Workspace(for: self, capacity: batch)
        var result = [Float](repeating: .nan, count: galaxies.count)
        for first in stride(from: 0, to: galaxies.count, by: batch) {
            let count = min(batch, galaxies.count - first)
            let images = galaxies.images.span.extracting(first * imageCount..<(first + count) * imageCount)
            let magnitudes = galaxies.magnitudes.span.extracting(
                first * magnitudeCount..<(first + count) * magnitudeCount)
            var part = [Float](repeating: .nan, count: count)
            var span = part.mutableSpan
            predict(images: images, magnitudes: magnitudes, into: &span, workspace: &workspace)
            result.replaceSubrange(first..<first + count, with: part)
        }
        return result
    }
}
