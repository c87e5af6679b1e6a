import AstroMAE
import Foundation
import TestSupport
import Testing

/// One stage of one network: a case of its own.
struct StageCase: Sendable, CustomTestStringConvertible {
    let network: GoldenNetwork
    let stage: String
    var testDescription: String { "\(network) \(stage)" }

    static let all = GoldenNetwork.all.flatMap { network in
        network.stageNames.map { StageCase(network: network, stage: $0) }
    }
}

/// Our stages of every network, computed once.
private let ourStages: [String: Result<[String: [Float]], any Error>] = Dictionary(
    uniqueKeysWithValues: GoldenNetwork.all.map { network in
        (
            network.weights,
            Result {
                let count = try network.values("vit_block").count / network.model().config.vitFeatures
                let galaxies = try Galaxies(network.galaxies, limit: count)
                return try network.model().stages(images: galaxies.images.span, magnitudes: galaxies.magnitudes.span)
            }
        )
    })

@Suite("Stages against PyTorch") struct StageTests {
    @Test("golden files name every stage")
    func stagesAreListed() throws {
        // patch_embed, fc_norm, head, vit_block, 13 + 9 + 1 of the other branches; then the blocks.
        for network in GoldenNetwork.all {
            let depth = try network.model().config.depth
            let isCell = try network.model().config.blockKind == .normalCell
            #expect(network.stageNames.count == 27 + (isCell ? 5 : 4) + depth)
        }
    }

    @Test("stage", arguments: StageCase.all)
    func stage(_ test: StageCase) throws {
        let ours = try #require(ourStages[test.network.weights]).get()
        let values = try #require(ours[test.stage])
        let golden = try test.network.values(test.stage)
        try #require(values.count == golden.count)
        let tolerance = try StageTolerance(test.network.model().config).relative(test.stage)
        let scale = golden.reduce(0) { max($0, abs($1)) }
        let error = zip(values, golden).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        print("STAGE \(test.testDescription) \(error / scale) \(tolerance) \(error / scale / tolerance)")
        #expect(error <= tolerance * scale, "relative error \(error / scale)")
    }
}
