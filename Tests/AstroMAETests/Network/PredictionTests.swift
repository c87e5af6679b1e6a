import AstroMAE
import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite("Redshifts against PyTorch in float64") struct PredictionTests {
    /// Root mean square and largest difference from float64.
    private func errors(_ z: [Double], _ exact: [Double]) -> (rms: Double, largest: Double) {
        let differences = zip(z, exact).map { $0 - $1 }
        return (
            (differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count)).squareRoot(),
            differences.reduce(0) { max($0, $1.isNaN ? .infinity : abs($1)) }
        )
    }

    @Test(
        "Redshifts of tiny networks are as close to float64 as PyTorch's float32",
        arguments: GoldenNetwork.tiny.map(\.merged),
        ["partition.pt", "partition-views.pt", "partition-f32.pt"])
    func tiny(network: GoldenNetwork, partition: String) throws {
        let galaxies = try Galaxies(Fixture.path("tiny/" + partition))
        let z = try network.model().redshifts(galaxies, batch: 16).map(Double.init)
        let exact = try network.values("z_float64")
        let torch = errors(try network.values("z"), exact)
        let ours = errors(z, exact)
        #expect(ours.largest <= 2e-6)
        #expect(ours.rms <= 1.25 * torch.rms)
    }

    @Test(
        "Redshifts of 512 demo galaxies are within 2e-6 and 1.25 times PyTorch's float32 error",
        arguments: [GoldenNetwork.full.merged])
    func full(network: GoldenNetwork) throws {
        let golden = try TensorFile.open(path: Fixture.path("full/predictions-f16.golden.safetensors"))
        let exact = Array(try golden["z_float64"].orMissing().doubles().prefix(512))
        let torch = errors(Array(try golden["z"].orMissing().doubles().prefix(512)), exact)
        let galaxies = try Galaxies(network.galaxies)
        let ours = errors(try network.model().redshifts(galaxies, batch: 64).map(Double.init), exact)
        #expect(galaxies.count == 512)
        #expect(ours.largest <= 2e-6)
        #expect(ours.rms <= 1.25 * torch.rms)
    }
}
