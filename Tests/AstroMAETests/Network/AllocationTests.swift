import AllocationCounter
import AstroMAE
import TestSupport
import Testing

@Suite("Allocations") struct AllocationTests {
    @Test(
        "predict allocates nothing after its first call",
        arguments: [.full.merged, GoldenNetwork.tiny[0]] + GoldenNetwork.tiny.map(\.merged),
        Engine.exact)
    func none(network: GoldenNetwork, engine: Engine) throws {
        // The portable kernels without optimization take seconds for the demo network.
        guard engine.instructionSet != .portable || network.isTiny else { return }
        let model = try network.model(gemm: engine.gemm, instructionSet: engine.instructionSet)
        let galaxies = try Galaxies(network.galaxies, limit: 20)
        let (counts, redshifts) = try allocations(of: model, galaxies, count: 20)
        #expect(counts[2] == counts[1])
        #expect(redshifts.allSatisfy { $0.isFinite })
    }

    @Test("The allocation counter counts an array")
    func counts() {
        let before = cai_allocation_count()
        let box = [Int](repeating: 7, count: Int(before % 7) + 1000)
        #expect(cai_allocation_count() > before)
        #expect(box.count >= 1000)
    }
}

/// Allocations of this process after each of three passes over the first `count` galaxies, and their redshifts.
func allocations(
    of model: RedshiftModel, _ galaxies: Galaxies, count: Int, profile: Profile? = nil
) throws -> (counts: [UInt], redshifts: [Float]) {
    var workspace = try Workspace(for: model, capacity: count, profile: profile)
    var redshifts = [Float](repeating: .nan, count: count)
    var span = redshifts.mutableSpan
    var counts: [UInt] = [0, 0, 0]
    for pass in counts.indices {
        model.predict(
            images: galaxies.images.span, magnitudes: galaxies.magnitudes.span, into: &span, workspace: &workspace)
        counts[pass] = cai_allocation_count()
    }
    return (counts, redshifts)
}
