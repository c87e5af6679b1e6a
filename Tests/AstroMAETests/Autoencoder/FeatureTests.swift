import AllocationCounter
import AstroMAE
import Platform
import TensorFiles
import TestSupport
import Testing

extension FeatureEncoder {
    /// Features of images in batches of `batch`.
    fileprivate func features(_ images: [Float], batch: Int) throws -> [Float] {
        var workspace = try FeatureWorkspace(for: self)
        let count = images.count / imageCount
        var result: [Float] = []
        for first in stride(from: 0, to: count, by: batch) {
            let end = min(first + batch, count)
            var part = [Float](repeating: .nan, count: (end - first) * featureCount)
            do {
                var span = part.mutableSpan
                encode(
                    images: images.span.extracting(first * imageCount..<end * imageCount), into: &span,
                    workspace: &workspace)
            }
            result += part
        }
        return result
    }
}

@Suite("Features") struct FeatureTests {
    private func largest(_ values: [Float], _ golden: [Double]) -> (error: Double, scale: Double) {
        (
            zip(values, golden).reduce(0) { max($0, $1.0.isFinite ? abs(Double($1.0) - $1.1) : .infinity) },
            golden.reduce(0) { max($0, abs($1)) }
        )
    }

    /// The mean over the patch tokens of [N, tokens, width].
    private func pooled(_ tokens: [Double], _ config: EncoderConfig) -> [Double] {
        let galaxy = config.tokens * config.width
        return (0..<tokens.count / galaxy).flatMap { index in
            (0..<config.width).map { channel in
                (1..<config.tokens).reduce(0) { $0 + tokens[index * galaxy + $1 * config.width + channel] }
                    / Double(config.patches)
            }
        }
    }

    private func classTokens(_ tokens: [Double], _ config: EncoderConfig) -> [Double] {
        stride(from: 0, to: tokens.count, by: config.tokens * config.width).flatMap {
            tokens[$0..<$0 + config.width]
        }
    }

    @Test(
        "Features of a redshift network agree with PyTorch's stages", arguments: GoldenNetwork.all,
        FeatureLayer.allCases)
    func redshift(network: GoldenNetwork, layer: FeatureLayer) throws {
        let config = try network.model().config
        let encoder = try FeatureEncoder(weights: network.file(), layer: layer, numHeads: network.numHeads)
        let count = try network.values("fc_norm").count / config.width
        let values = try encoder.features(try Galaxies(network.galaxies, limit: count).images, batch: 2)
        let last = "blocks.\(config.depth - 1)"
        let tokens = try network.values(last)
        let golden =
            switch layer {
            case .tokens: tokens
            case .cls: classTokens(tokens, config.encoder)
            case .pooled: pooled(tokens, config.encoder)
            case .fcNorm: try network.values("fc_norm")
            }
        try #require(values.count == golden.count)
        #expect(encoder.kind == .redshift && encoder.featureShape.reduce(count, *) == golden.count)
        let (error, scale) = largest(values, golden)
        let stage = layer == .fcNorm || layer == .pooled ? "fc_norm" : last
        #expect(error <= StageTolerance(config).relative(stage) * scale, "relative error \(error / scale)")
    }

    @Test(
        "Features of a masked autoencoder agree with float64", arguments: GoldenAutoencoder.all,
        [FeatureLayer.pooled, .cls, .tokens])
    func autoencoder(network: GoldenAutoencoder, layer: FeatureLayer) throws {
        let config = try network.model().config
        let encoder = try FeatureEncoder(weights: TensorFile.open(path: network.weights), layer: layer)
        let tokens = try TensorFile.open(path: network.golden)["tokens"].orMissing().doubles()
        let count = tokens.count / (config.encoder.tokens * config.encoder.width)
        let images = Array(try network.galaxies().images.prefix(count * encoder.imageCount))
        let golden =
            switch layer {
            case .tokens: tokens
            case .cls: classTokens(tokens, config.encoder)
            default: pooled(tokens, config.encoder)
            }
        let values = try encoder.features(images, batch: 8)
        try #require(values.count == golden.count)
        #expect(encoder.kind == .autoencoder)
        // Means are at most as large as the tokens, and so are their errors.
        let tolerance = AutoencoderTolerance(config: config, visible: config.patches).relative("tokens")
        let scale = tokens.reduce(0) { max($0, abs($1)) }
        #expect(largest(values, golden).error <= tolerance * scale)
    }

    @Test("fc_norm features of a masked autoencoder are rejected")
    func noLayer() throws {
        #expect(throws: Failure.self) {
            try FeatureEncoder(weights: TensorFile.open(path: GoldenAutoencoder.demo.weights), layer: .fcNorm)
        }
    }

    @Test(
        "Features have the same bits for every batch size, and no pass after the first allocates",
        arguments: FeatureLayer.allCases,
        Engine.exact)
    func batches(layer: FeatureLayer, engine: Engine) throws {
        let images = try Galaxies(GoldenNetwork.tiny[0].galaxies).images
        let encoder = try FeatureEncoder(
            weights: GoldenNetwork.tiny[0].file(), layer: layer, gemm: engine.gemm,
            instructionSet: engine.instructionSet)
        let whole = try encoder.features(images, batch: 37)
        #expect(try encoder.features(images, batch: 1) == whole)
        #expect(try encoder.features(images, batch: 18) == whole)

        var workspace = try FeatureWorkspace(for: encoder)
        var features = [Float](repeating: 0, count: whole.count)
        var span = features.mutableSpan
        var counts: [UInt] = [0, 0, 0]
        for pass in counts.indices {
            encoder.encode(images: images.span, into: &span, workspace: &workspace)
            counts[pass] = cai_allocation_count()
        }
        #expect(counts[2] == counts[1])
    }

    @Test("fc_norm features have the bits of the head's input in a prediction", arguments: GoldenNetwork.tiny)
    func sameBits(network: GoldenNetwork) throws {
        let galaxies = try Galaxies(network.galaxies)
        let encoder = try FeatureEncoder(weights: network.file(), layer: .fcNorm, numHeads: network.numHeads)
        let stages = try network.model().stages(images: galaxies.images.span, magnitudes: galaxies.magnitudes.span)
        #expect(try stages["fc_norm"] == encoder.features(galaxies.images, batch: 5))
    }
}
