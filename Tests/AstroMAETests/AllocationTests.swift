import AllocationCounter
import AstroMAE
import TestSupport
import Testing

@Suite("Allocations") struct AllocationTests {
    @Test(
        "predict allocates nothing after its first call",
        arguments: [.full, .full.merged, GoldenNetwork.tiny[0].merged] + GoldenNetwork.tiny,
        Engine.exact)
    func none(network: GoldenNetwork, engine: Engine) throws {
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies, limit: 20)
        var workspace = Workspace(for: model, capacity: 20)
        var redshifts = [Float](repeating: .nan, count: 20)
        var span = redshifts.mutableSpan
        var counts: [UInt] = [0, 0, 0]
        for pass in counts.indices {
            model.predict(
                images: galaxies.images.span, magnitudes: galaxies.magnitudes.span, into: &span,
                workspace: &workspace)
            counts[pass] = cai_allocation_count()
        }
        #expect(counts[2] == counts[1])
        #expect(redshifts.allSatisfy { $0.isFinite })
    }

    @Test("the counter counts")
    func counts() {
        let before = cai_allocation_count()
        let box = [Int](repeating: 7, count: Int(before % 7) + 1000)
        #expect(cai_allocation_count() > before)
        #expect(box.count >= 1000)
    }
}
