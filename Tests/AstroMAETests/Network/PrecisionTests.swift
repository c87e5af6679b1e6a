import AstroMAE
import TensorFiles
import TestSupport
import Testing

/// Tiny networks in bfloat16 on one table, loaded for each test: they are small.
private func rounded(
    _ network: GoldenNetwork = .tiny[0], _ instructionSet: InstructionSet? = nil
) throws -> RedshiftModel {
    try RedshiftModel(
        weights: network.file(), numHeads: network.numHeads, precision: .bf16, instructionSet: instructionSet)
}

@Suite("bfloat16 in the Linear layers") struct PrecisionTests {
    /// Twice what the demo's 512 galaxies have. Below it are the operands' relative errors of 2^-9.
    @Test("Redshifts of demo galaxies are within 6e-4 of float64, and not float32's")
    func demo() throws {
        let golden = try TensorFile.open(path: Fixture.path("full/predictions-f16.golden.safetensors"))
        let galaxies = try Galaxies(GoldenNetwork.full.galaxies, limit: 64)
        let exact = Array(try golden["z_float64"].orMissing().doubles().prefix(galaxies.count))
        let found = try rounded(.full).redshifts(galaxies, batch: 64)
        let errors = zip(found, exact).map { abs(Double($0) - $1) }
        #expect(errors.allSatisfy { $0 <= 6e-4 })
        #expect(errors.contains { $0 > 1e-5 })
    }

    @Test(
        "A redshift has the same bits in any batch and beside NaN",
        arguments: GoldenNetwork.tiny, InstructionSet.allCases.filter(\.isAvailable))
    func independent(network: GoldenNetwork, set: InstructionSet) throws {
        // Without optimization the portable kernels are slow.
        let galaxies = try Galaxies(network.galaxies, limit: set == .portable ? 5 : 20)
        let model = try rounded(network, set)
        let whole = try model.redshifts(galaxies, batch: galaxies.count)
        #expect(whole.allSatisfy { $0.isFinite })
        #expect(try model.redshifts(galaxies, batch: 1) == whole)
        #expect(try model.redshifts(galaxies, batch: 3) == whole)
        var images = galaxies.images
        for pixel in 0..<model.imageCount { images[2 * model.imageCount + pixel] = .nan }
        let others = try model.redshifts(
            Galaxies(images: images, magnitudes: galaxies.magnitudes, count: galaxies.count), batch: galaxies.count)
        #expect(others[2].isNaN)
        #expect(whole.indices.allSatisfy { $0 == 2 || others[$0] == whole[$0] })
    }

    @Test("Recording stages changes no bit of a redshift", arguments: GoldenNetwork.tiny)
    func stages(network: GoldenNetwork) throws {
        let model = try rounded(network)
        let galaxies = try Galaxies(network.galaxies, limit: 5)
        let stages = try model.stages(images: galaxies.images.span, magnitudes: galaxies.magnitudes.span)
        #expect(try stages["z"] == model.redshifts(galaxies, batch: 5))
    }

    @Test("The arithmetic names the precision")
    func arithmetic() throws {
        #expect(try rounded().arithmetic.description.contains(" packed bf16"))
        #expect(try GoldenNetwork.tiny[0].model().arithmetic.description.contains(" packed float32"))
    }

    @Test("OpenBLAS with bfloat16 is refused")
    func openBLAS() throws {
        let error = #expect(throws: (any Error).self) {
            try RedshiftModel(weights: GoldenNetwork.tiny[0].file(), gemm: .openblas, precision: .bf16)
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("OpenBLAS"))
    }

    @Test("Features are rounded too, and their bits do not depend on the batch")
    func features() throws {
        let galaxies = try Galaxies(GoldenNetwork.tiny[0].galaxies, limit: 7)
        func features(_ precision: Precision, count: Int) throws -> [Float] {
            let encoder = try FeatureEncoder(
                weights: GoldenNetwork.tiny[0].file(), layer: .tokens, precision: precision)
            var workspace = try FeatureWorkspace(for: encoder)
            var values = [Float](repeating: .nan, count: count * encoder.featureCount)
            var span = values.mutableSpan
            encoder.encode(
                images: galaxies.images.span.extracting(0..<count * encoder.imageCount), into: &span,
                workspace: &workspace)
            return values
        }
        let (plain, rounded) = (try features(.float32, count: 7), try features(.bf16, count: 7))
        #expect(plain != rounded)
        // Features are of the order of 1; each block's operands have relative errors of 2^-9.
        #expect(zip(plain, rounded).allSatisfy { abs($0 - $1) < 0.1 })
        let one = try features(.bf16, count: 1)
        #expect(Array(rounded.prefix(one.count)) == one)
    }
}
