import AstroMAE
import TestSupport
import Testing

/// A kernel table and a GEMM back end.
struct Engine: Sendable, CustomTestStringConvertible {
    let instructionSet: InstructionSet
    let gemm: GemmBackend
    var testDescription: String { "\(instructionSet) \(gemm)" }

    /// Engines whose bits depend on the galaxy alone; OpenBLAS's also depend on the batch.
    static let exact = all.filter { $0.gemm == .packed }
    static let all = InstructionSet.allCases.filter(\.isAvailable).flatMap { set in
        [GemmBackend.packed, .openblas].map { Engine(instructionSet: set, gemm: $0) }
    }
}

@Suite("Reproducibility") struct ReproducibilityTests {
    @Test(
        "A redshift has the same bits for every batch size",
        arguments: GoldenNetwork.tiny.map(\.merged), Engine.exact)
    func batchSizes(network: GoldenNetwork, engine: Engine) throws {
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        // The portable kernels without optimization are slow.
        let isPortable = engine.instructionSet == .portable
        let galaxies = try Galaxies(network.galaxies, limit: isPortable ? 9 : nil)
        let whole = try model.redshifts(galaxies, batch: 512)
        for batch in isPortable ? [1, 7] : [1, 7, 32] {
            #expect(try model.redshifts(galaxies, batch: batch) == whole, "batch \(batch)")
        }
    }

    @Test(
        "A redshift of the demo network has the same bits for every batch size",
        arguments: Engine.exact.filter { $0.instructionSet != .portable })
    func demoNetwork(engine: Engine) throws {
        let network = GoldenNetwork.full.merged
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies, limit: 150)
        let whole = try model.redshifts(galaxies, batch: 150)
        #expect(try model.redshifts(galaxies, batch: 149) == whole)
        let first = try Galaxies(network.galaxies, limit: 40)
        for batch in [1, 7, 32] {
            #expect(try model.redshifts(first, batch: batch) == Array(whole.prefix(40)), "batch \(batch)")
        }
    }

    @Test("A repeated call gives the same bits", arguments: Engine.all)
    func repeats(engine: Engine) throws {
        let network = GoldenNetwork.tiny[0]
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies)
        #expect(try model.redshifts(galaxies, batch: 20) == model.redshifts(galaxies, batch: 20))
    }

    @Test("NaN and infinity in a galaxy change no bit of the others", arguments: Engine.all)
    func neighbours(engine: Engine) throws {
        let network = GoldenNetwork.tiny[0]
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies)
        let clean = try model.redshifts(galaxies, batch: 37)
        var images = galaxies.images
        var magnitudes = galaxies.magnitudes
        magnitudes[9 * model.magnitudeCount] = .nan
        for pixel in 0..<model.imageCount { images[5 * model.imageCount + pixel] = pixel % 2 == 0 ? .nan : .infinity }
        let poisoned = try model.redshifts(Galaxies(images: images, magnitudes: magnitudes, count: 37), batch: 37)
        #expect(poisoned[5].isNaN && poisoned[9].isNaN)
        #expect(poisoned.indices.allSatisfy { $0 == 5 || $0 == 9 || poisoned[$0] == clean[$0] })
    }

    @Test("Recording stages changes no bit of a redshift", arguments: GoldenNetwork.all + GoldenNetwork.merged)
    func stagesChangeNothing(network: GoldenNetwork) throws {
        let model = try network.model()
        let galaxies = try Galaxies(network.galaxies, limit: 5)
        let stages = try model.stages(images: galaxies.images.span, magnitudes: galaxies.magnitudes.span)
        #expect(try stages["z"] == model.redshifts(galaxies, batch: 5))
    }

    @Test(
        "Back ends and instruction sets agree within float32's precision",
        arguments: GoldenNetwork.merged)
    func enginesAgree(network: GoldenNetwork) throws {
        let reference = try network.model().redshifts(Galaxies(network.galaxies, limit: 20), batch: 20)
        for engine in Engine.all {
            // The portable kernels without optimization take seconds for the demo network.
            let isSlow = engine.instructionSet == .portable && !network.isTiny
            let galaxies = try Galaxies(network.galaxies, limit: isSlow ? 2 : 20)
            let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
            #expect(model.instructionSet == engine.instructionSet && model.gemm == engine.gemm)
            // Each is within 1e-6 of float64, half of the tolerance of redshifts.
            for (z, expected) in zip(try model.redshifts(galaxies, batch: 20), reference) {
                #expect(abs(z - expected) <= 2e-6)
            }
        }
    }
}
