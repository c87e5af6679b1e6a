import AstroMAE
import TensorFiles
import TestSupport
import Testing

@testable import Inference

@Suite struct PatchErrorsTests {
    /// One pass hides 12 of 16 patches: those have an error in each band, the 4 that stay visible have none.
    @Test("Patches that no pass hides have no error") func patchesThatNoPassHidesHaveNoError() throws {
        let model = try MaskedAutoencoder(
            weights: TensorFile.open(path: Fixture.weights("astromae-mae-demo.safetensors")))
        let partitions = try InputList.expand([Fixture.weights("demo-galaxies.pt")])
            .map { try PartitionReader($0, for: model) }
        let masking = try model.masking(ratio: 0.75)
        let noise = MaskNoise(seed: 0, patches: 16)
        let errors = try PatchErrors.measure(
            GalaxyRun.sections(of: partitions, limit: 3), model: model,
            plan: MaskPlan(masking: masking, noise: noise, passes: 1),
            runner: GalaxyRunner(gemm: model.gemm, threads: 1, batchSize: 2))
        #expect(errors.errors.count == 3 * 16 * 5)
        for galaxy in 0..<3 {
            let values = (0..<16).map { MaskNoise.value(seed: 0, index: galaxy, patch: $0) }
            let visible = Set((0..<16).sorted { values[$0] < values[$1] }.prefix(4))
            for patch in 0..<16 {
                let bands = errors.errors[(galaxy * 16 + patch) * 5..<(galaxy * 16 + patch + 1) * 5]
                #expect(bands.allSatisfy { visible.contains(patch) ? $0.isNaN : $0.isFinite && $0 > 0 })
            }
        }
    }
}
