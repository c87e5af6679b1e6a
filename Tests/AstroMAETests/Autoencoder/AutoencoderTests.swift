import AllocationCounter
import AstroMAE
import TensorFiles
import TestSupport
import Testing

/// A network and a number of visible patches.
struct MaskingCase: Sendable, CustomTestStringConvertible {
    let network: GoldenAutoencoder
    let visible: Int
    var testDescription: String { "\(network) \(visible)" }

    static let all = GoldenAutoencoder.all.flatMap { network in
        network.visible.map { MaskingCase(network: network, visible: $0) }
    }
}

@Suite("The masked autoencoder") struct AutoencoderTests {
    @Test("Every stage of the autoencoder agrees with float64 within float32's rounding", arguments: MaskingCase.all)
    func stages(test: MaskingCase) throws {
        let model = try test.network.model()
        let galaxies = try test.network.galaxies()
        let stages = try model.stages(
            images: galaxies.images.span, noise: galaxies.noise.span,
            masking: try model.masking(visible: test.visible))
        let tolerance = AutoencoderTolerance(config: model.config, visible: test.visible)
        var names = ["latent", "pred"]
        if test.network.description != GoldenAutoencoder.demo.description {
            names += ["decoder_embed", "mask"] + (0..<model.config.encoder.depth).map { "blocks.\($0)" }
            names += (0..<model.config.decoder.depth).map { "decoder_blocks.\($0)" }
        }
        for name in names {
            let golden = try #require(try test.network.stage(name, visible: test.visible))
            let values = try #require(stages[name])
            try #require(values.count == golden.count, "\(name)")
            let scale = golden.reduce(0) { max($0, abs($1)) }
            let error = zip(values, golden).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
            #expect(values.allSatisfy { $0.isFinite })
            if name == "mask" {
                #expect(error == 0)
            } else {
                #expect(error <= tolerance.relative(name) * scale, "\(name): relative error \(error / scale)")
            }
        }
        let losses = try #require(stages["loss"])
        guard test.visible < model.config.patches else {
            #expect(losses.allSatisfy { $0.isNaN })
            return
        }
        // The error of a squared difference is twice that of the prediction, times the difference.
        let predictions = try #require(try test.network.stage("pred", visible: test.visible))
        let reach = predictions.reduce(0) { max($0, abs($1)) } * tolerance.relative("pred")
        for (loss, golden) in zip(losses, try #require(try test.network.stage("loss", visible: test.visible))) {
            #expect(abs(Double(loss) - golden) <= 2 * reach * golden.squareRoot() + reach * reach + 0x1p-23 * golden)
        }
    }

    @Test("The rounded demo autoencoder agrees with PyTorch on unrounded weights within the rounding")
    func pytorch() throws {
        let model = try GoldenAutoencoder.demo.model()
        let golden = try TensorFile.open(path: GoldenAutoencoder.demo.inputs)
        let galaxies = try GoldenAutoencoder.demo.galaxies()
        let stages = try model.stages(
            images: galaxies.images.span, noise: galaxies.noise.span, masking: try model.masking(ratio: 0.75))
        let tolerance = AutoencoderTolerance(config: model.config, visible: 4)
        for name in ["latent", "pred"] {
            let expected = try golden[name].orMissing().doubles()
            let values = try #require(stages[name])
            try #require(values.count == expected.count)
            let scale = expected.reduce(0) { max($0, abs($1)) }
            let error = zip(values, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
            #expect(error <= tolerance.halfPrecision * scale, "\(name): relative error \(error / scale)")
        }
        let mask = try golden["mask"].orMissing().floats()
        #expect(stages["mask"] == mask)
        let loss = try golden["loss"].orMissing().doubles()[0]
        let losses = try #require(stages["loss"])
        let mean = losses.reduce(0) { $0 + Double($1) } / Double(losses.count)
        #expect(abs(mean - loss) <= tolerance.halfPrecision * loss)
    }

    @Test("A reconstruction has the same bits for every batch size", arguments: MaskingCase.all, Engine.exact)
    func batches(test: MaskingCase, engine: Engine) throws {
        guard engine.instructionSet != .portable || test.network.visible.count > 1 else { return }
        let model = try test.network.model(instructionSet: engine.instructionSet, gemm: engine.gemm)
        // More than a micro-batch of the encoder.
        let galaxies = try test.network.galaxies().repeated(to: 70)
        let whole = try Reconstruction(of: galaxies, by: model, visible: test.visible, batch: 70)
        for batch in [1, 9, 64] {
            let other = try Reconstruction(of: galaxies, by: model, visible: test.visible, batch: batch)
            #expect(other.hasBits(of: whole), "batch \(batch)")
        }
    }

    @Test(
        "Recording stages, and NaN in other galaxies, change no bit of a reconstruction",
        arguments: MaskingCase.all)
    func neighbours(test: MaskingCase) throws {
        let model = try test.network.model()
        var galaxies = try test.network.galaxies()
        let clean = try Reconstruction(of: galaxies, by: model, visible: test.visible, batch: galaxies.count)
        let stages = try model.stages(
            images: galaxies.images.span, noise: galaxies.noise.span, masking: try model.masking(visible: test.visible))
        #expect(stages["pred"] == clean.predictions && stages["mask"] == clean.mask)
        for pixel in 0..<model.imageCount { galaxies.images[model.imageCount + pixel] = .nan }
        let poisoned = try Reconstruction(of: galaxies, by: model, visible: test.visible, batch: galaxies.count)
        let row = model.config.patches * model.config.patchCount
        #expect(poisoned.predictions[row..<2 * row].allSatisfy { $0.isNaN })
        #expect(poisoned.predictions[..<row] == clean.predictions[..<row])
        #expect(poisoned.predictions[(2 * row)...] == clean.predictions[(2 * row)...])
    }

    @Test("A reconstruction allocates nothing after the first call", arguments: MaskingCase.all, Engine.exact)
    func allocations(test: MaskingCase, engine: Engine) throws {
        let model = try test.network.model(instructionSet: engine.instructionSet, gemm: engine.gemm)
        let galaxies = try test.network.galaxies()
        let (count, patches) = (galaxies.count, model.config.patches)
        var workspace = try AutoencoderWorkspace(for: model, masking: model.masking(visible: test.visible))
        var predictions = [Float](repeating: 0, count: count * patches * model.config.patchCount)
        var mask = [Float](repeating: 0, count: count * patches)
        var losses = [Float](repeating: 0, count: count)
        var predictionSpan = predictions.mutableSpan
        var maskSpan = mask.mutableSpan
        var lossSpan = losses.mutableSpan
        var counts: [UInt] = [0, 0, 0]
        for pass in counts.indices {
            model.reconstruct(
                images: galaxies.images.span, noise: galaxies.noise.span, into: &predictionSpan, mask: &maskSpan,
                losses: &lossSpan, workspace: &workspace)
            counts[pass] = cai_allocation_count()
        }
        #expect(counts[2] == counts[1])
    }
}
