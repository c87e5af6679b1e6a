import AstroMAE
import TensorFiles
import TestSupport
import Testing

/// One stage of one network.
struct StageCase: Sendable, CustomTestStringConvertible {
    let network: GoldenNetwork
    let stage: String
    var testDescription: String { "\(network) \(stage)" }

    /// The scale of the stage's relative errors: its largest magnitude, or for the first magnitude layer, whose terms
    /// cancel, the largest sum of its terms' magnitudes.
    func scale(_ golden: [Double]) throws -> Double {
        guard ["magnitude_block.0", "magnitude_block.1"].contains(stage) else {
            return golden.reduce(0) { max($0, abs($1)) }
        }
        let key = "inception_model.magnitude_block.0.weight"
        let file = try TensorFile.open(path: network.weights)
        let weight = try file.tensors.first { $0.name.hasSuffix(key) }.orMissing().doubles()
        let magnitudes = try Galaxies(network.galaxies, limit: 4).magnitudes.map(Double.init)
        let bands = 5
        let sums = (0..<weight.count / bands).flatMap { output in
            (0..<magnitudes.count / bands).map { galaxy in
                (0..<bands).reduce(0.0) {
                    $0 + abs(weight[output * bands + $1] * magnitudes[galaxy * bands + $1])
                }
            }
        }
        return sums.max() ?? 0
    }

    static let all = (GoldenNetwork.all + GoldenNetwork.merged).flatMap { network in
        network.stageNames.map { StageCase(network: network, stage: $0) }
    }
}

/// The recorded stages of every network, and its sizes, computed once.
private struct RecordedPass: Sendable {
    let config: ModelConfig
    let stages: [String: [Float]]

    init(_ network: GoldenNetwork) throws {
        let model = try network.model()
        config = model.config
        let count = try network.values("fc_norm").count / config.width
        let galaxies = try Galaxies(network.galaxies, limit: count)
        stages = try model.stages(images: galaxies.images.span, magnitudes: galaxies.magnitudes.span)
    }

    static let all = Dictionary(
        uniqueKeysWithValues: (GoldenNetwork.all + GoldenNetwork.merged).map { network in
            (network.description, Result { try RecordedPass(network) })
        })

    static func of(_ network: GoldenNetwork) throws -> RecordedPass { try #require(all[network.description]).get() }
}

@Suite("Stages against PyTorch") struct StageTests {
    @Test("Golden files name every stage")
    func stagesAreListed() throws {
        // patch_embed, fc_norm, head, vit_block, 13 + 9 + 1 of the other branches; then the blocks.
        for network in GoldenNetwork.all {
            let config = try RecordedPass.of(network).config
            #expect(network.stageNames.count == 27 + (config.blockKind == .normalCell ? 5 : 4) + config.depth)
            let merged = try RecordedPass.of(network.merged).stages.keys
            #expect(Set(merged).isSuperset(of: network.merged.stageNames))
            #expect(network.merged.stageNames.count == network.stageNames.count - GoldenNetwork.mergedStages.count)
            #expect(GoldenNetwork.mergedStages.isDisjoint(with: merged))
        }
    }

    @Test("A stage agrees with PyTorch within its tolerance", arguments: StageCase.all)
    func stage(_ test: StageCase) throws {
        let pass = try RecordedPass.of(test.network)
        let values = try #require(pass.stages[test.stage])
        let golden = try test.network.values(test.stage)
        try #require(values.count == golden.count)
        let tolerance = StageTolerance(pass.config).relative(test.stage)
        let scale = try test.scale(golden)
        #expect(values.allSatisfy { $0.isFinite })
        let error = zip(values, golden).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(error <= tolerance * scale, "relative error \(error / scale)")
    }
}
