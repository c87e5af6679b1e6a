import AllocationCounter
@testable import AstroMAE
import TensorFiles
import TestSupport
import Testing

@Suite("Profile") struct ProfileTests {
    /// 20 galaxies a call: several micro-batches of the encoder, single galaxies of the Inception blocks, one batch of
    /// the heads.
    private static let count = 20

    private func run(_ model: RedshiftModel, _ galaxies: Galaxies, _ profile: Profile?) throws -> [Float] {
        var workspace = try Workspace(for: model, capacity: Self.count, profile: profile)
        var redshifts = [Float](repeating: .nan, count: Self.count)
        var span = redshifts.mutableSpan
        model.predict(
            images: galaxies.images.span, magnitudes: galaxies.magnitudes.span, into: &span, workspace: &workspace)
        return redshifts
    }

    @Test("A profile changes no bit of a redshift", arguments: GoldenNetwork.tiny, Engine.all)
    func bits(network: GoldenNetwork, engine: Engine) throws {
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies, limit: Self.count)
        let profile = Profile()
        #expect(try run(model, galaxies, profile) == run(model, galaxies, nil))
        #expect(profile.total.calls > 0)
    }

    @Test("A profile counts every kernel call", arguments: GoldenNetwork.tiny)
    func calls(network: GoldenNetwork) throws {
        let model = try network.model()
        let profile = Profile()
        _ = try run(model, try Galaxies(network.galaxies, limit: Self.count), profile)
        let micro = model.config.microBatch
        let batches = (Self.count + micro - 1) / micro
        let blocks = batches * model.config.depth
        let expected: [(NetworkOperation, Int)] = [
            (.patchEmbed, batches), (.norm, 2 * blocks + batches), (.qkv, blocks), (.attention, blocks),
            (.projection, blocks),
            (.fc1, blocks), (.fc2, blocks), (.tokenMean, 2 * Self.count), (.head, 1), (.vitBlock, 2),
            (.inceptionStem, Self.count), (.inceptionHead, 2), (.magnitudes, 6), (.fusion, 2),
        ]
        for (operation, calls) in expected { #expect(profile[operation].calls == calls, "\(operation.name)") }
        #expect((profile[.parallelConvolution].calls > 0) == (model.config.parallelConvolution != nil))
        for operation in NetworkOperation.allCases where profile[operation].calls > 0 {
            #expect(profile[operation].bytes > 0 && profile[operation].nanoseconds >= 0)
            #expect(profile[operation].flops + profile[operation].elements > 0)
        }
        let sum = NetworkOperation.allCases.reduce(0) { $0 + profile[$1].calls }
        #expect(profile.total.calls == sum)
    }

    @Test("Profiled FLOPs follow from the tensors' shapes", arguments: GoldenNetwork.all)
    func flops(network: GoldenNetwork) throws {
        let model = try network.model()
        let expected = try Self.flopsPerGalaxy(network, model.config)
        #expect(try model.flopsPerGalaxy == expected.values.reduce(0, +))
        let profile = Profile()
        _ = try run(model, try Galaxies(network.galaxies, limit: Self.count), profile)
        for operation in NetworkOperation.allCases {
            #expect(profile[operation].flops == Self.count * (expected[operation] ?? 0), "\(operation.name)")
        }
    }

    /// Two for each weight and each token, patch, pixel or galaxy that it is applied to, and attention's two products.
    private static func flopsPerGalaxy(
        _ network: GoldenNetwork, _ config: ModelConfig
    ) throws -> [NetworkOperation: Int] {
        let checkpoint = try Checkpoint(TensorFile.open(path: network.weights))
        let patches = config.grid * config.grid
        let (tokens, side) = (config.tokens, config.imageSize)
        var flops: [NetworkOperation: Int] = [:]
        for key in checkpoint.keys where key.hasSuffix(".weight") {
            let shape = try checkpoint[key].orMissing().shape
            // An alias, and a branch that is never run.
            guard shape.count > 1, !["conv2d_init", "vis_inception.8.branch3"].contains(where: key.contains) else {
                continue
            }
            let parts = key.split(separator: ".").map(String.init).filter { $0 != "merged" }
            let operation: NetworkOperation
            var positions = 1
            switch parts[0] {
            case "patch_embed": (operation, positions) = (.patchEmbed, patches)
            case "blocks" where parts[2] == "PCM": (operation, positions) = (.parallelConvolution, patches)
            case "blocks":
                let names: [String: NetworkOperation] = ["qkv": .qkv, "proj": .projection, "fc1": .fc1, "fc2": .fc2]
                operation = try names[parts[3]].orMissing()
                // Only attention reads the last block's class token, and its fc2 runs on the mean over the patches.
                let isLast = parts[1] == "\(config.depth - 1)" && operation != .qkv
                positions = !isLast ? tokens : operation == .fc2 ? 1 : patches
            case "head": operation = .head
            case "vit_block": operation = .vitBlock
            case "concat_block": operation = .fusion
            default:
                if parts[1] == "magnitude_block" {
                    operation = .magnitudes
                } else if shape.count == 2 {
                    operation = .inceptionHead
                } else {
                    let halvings = ["0": 0, "2": 1, "3": 1, "5": 2, "6": 2, "8": 3]
                    let map = side >> (try halvings[parts[2]].orMissing())
                    positions = map * map
                    let kernels: [Int: NetworkOperation] = [
                        1: .inception1x1, 3: .inception3x3, 5: .inception5x5,
                    ]
                    operation = parts[2] == "0" ? .inceptionStem : kernels[shape[3]] ?? .inceptionLarger
                }
            }
            flops[operation, default: 0] += 2 * positions * shape.reduce(1, *)
        }
        flops[.attention] = config.depth * 4 * tokens * tokens * config.width
        return flops
    }

    @Test("A profile allocates nothing in predict", arguments: Engine.exact)
    func allocations(engine: Engine) throws {
        let network = GoldenNetwork.tiny[0]
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies, limit: Self.count)
        let (counts, _) = try AstroMAETests.allocations(of: model, galaxies, count: Self.count, profile: Profile())
        #expect(counts[2] == counts[1])
    }
}
