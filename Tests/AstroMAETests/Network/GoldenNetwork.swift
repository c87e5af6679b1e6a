import Foundation
import Platform
import Synchronization
import TensorFiles
import TestSupport

@testable import AstroMAE

/// A network, the galaxies that PyTorch ran it on, and PyTorch's result of every stage.
struct GoldenNetwork: Sendable, CustomStringConvertible {
    let weights: String
    let golden: String
    let galaxies: String
    var numHeads: Int?
    /// Whether its Linear layers with nothing between them are merged when it is loaded, as by every command.
    var isMerged = false
    var description: String { (weights.split(separator: "/").last ?? "") + (isMerged ? " merged" : "") }

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
    static let merged = all.map(\.merged)

    init(weights: String, golden: String, galaxies: String) {
        (self.weights, self.golden, self.galaxies) = (weights, golden, galaxies)
    }

    init(tiny name: String, golden: String? = nil, numHeads: Int? = nil) {
        weights = Fixture.path("tiny/\(name).pt")
        self.golden = Fixture.path("tiny/\(golden ?? name).golden.safetensors")
        galaxies = Fixture.path("tiny/partition.pt")
        self.numHeads = numHeads
    }

    var isTiny: Bool { weights.contains("/tiny/") }

    /// The same weights, merged.
    var merged: GoldenNetwork {
        var copy = self
        copy.isMerged = true
        return copy
    }

    private static let convertedFiles = Dictionary(
        uniqueKeysWithValues: all.map { network in (network.weights, Result { try Self.merge(network.weights) }) })

    private static func merge(_ weights: String) throws -> MemorySource {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/merged.safetensors"
            try CheckpointWriter.convert(TensorFile.open(path: weights), to: path, dtype: .f32, linearLayout: .merged)
            return MemorySource(name: path, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
        }
    }

    func file() throws -> TensorFile { try TensorFile.open(path: weights) }

    /// The weights as `cai convert` writes them, with merged layers.
    func converted() throws -> TensorFile { try TensorFile.open(Self.convertedFiles[weights].orMissing().get()) }

    /// Loaded once for each engine: loading the demo network takes longer than most tests of it.
    func model(
        gemm: GemmBackend = .auto, instructionSet: InstructionSet? = nil
    ) throws -> RedshiftModel {
        let key = "\(weights) \(isMerged) \(gemm) \(instructionSet.map { "\($0)" } ?? "")"
        if let model = Self.models.withLock({ $0[key] }) { return model }
        let model = try RedshiftModel(
            file(), numHeads: numHeads, keepsLayers: !isMerged, gemm: gemm, instructionSet: instructionSet)
        Self.models.withLock { $0[key] = model }
        return model
    }

    private static let models = Mutex<[String: RedshiftModel]>([:])

    /// A golden array, as float64.
    func values(_ name: String) throws -> [Double] {
        guard let tensor = try TensorFile.open(path: golden)[name] else { throw MissingStage(name: name) }
        return try tensor.doubles()
    }

    struct MissingStage: Error { let name: String }

    /// Layers without a stage in a network with merged layers.
    static let mergedStages: Set = ["head", "vit_block", "vis_inception.12", "magnitude_block.8"]

    /// Stage names in the golden file, without predictions and merged layers.
    var stageNames: [String] {
        let names = (try? TensorFile.open(path: golden).tensors.map(\.name)) ?? []
        let stages = names.filter { $0 != "z" && $0 != "z_float64" }.sorted()
        return isMerged ? stages.filter { !Self.mergedStages.contains($0) } : stages
    }
}

/// Galaxies in the layout of the model's inputs.
struct Galaxies {
    let images: [Float]
    let magnitudes: [Float]
    let count: Int

    init(images: [Float], magnitudes: [Float], count: Int) {
        (self.images, self.magnitudes, self.count) = (images, magnitudes, count)
    }

    /// The first `limit` galaxies of a TensorDataset.
    init(_ path: String, limit: Int? = nil) throws {
        let file = try TensorFile.open(path: path)
        let (images, magnitudes) = (try file["tensors.0"].orMissing(), try file["tensors.1"].orMissing())
        count = min(images.shape[0], limit ?? .max)
        self.images = try images.floats(rows: 0..<count)
        self.magnitudes = try magnitudes.floats(rows: 0..<count)
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
    func redshifts(_ galaxies: Galaxies, batch: Int) throws -> [Float] {
        var workspace = try Workspace(for: self, capacity: batch)
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
