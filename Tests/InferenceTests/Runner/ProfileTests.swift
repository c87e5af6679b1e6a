import AstroMAE
import TensorFiles
import TestSupport
import Testing

@testable import Inference

@Suite("Profile of a run") struct ProfileTests {
    @Test("adds up the threads, and is no longer than they were", arguments: [1, 3])
    func threads(threads: Int) throws {
        let model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")))
        let galaxies = try InputList.expand([Fixture.path("tiny/partition.pt")]).map {
            try PartitionReader($0, for: model)
        }
        let profile = Profile()
        let predictions = try BatchRunner(model: model, threads: threads, batchSize: 5).run(galaxies, profile: profile)
        #expect(try profile.total.flops == predictions.redshifts.count * model.flopsPerGalaxy)
        #expect(Double(profile.total.nanoseconds) / 1e9 <= predictions.seconds * Double(predictions.threads))
        #expect(predictions.redshifts == (try BatchRunner(model: model).run(galaxies).redshifts))
    }

    @Test("the peak has a rate for each thread", arguments: InstructionSet.allCases.filter(\.isAvailable))
    func peak(set: InstructionSet) throws {
        let peak = FMAPeak.measure(set, threads: 3, seconds: 0.01)
        #expect(peak.threads.count == 3)
        #expect(peak.threads.allSatisfy { $0 > 0 && $0.isFinite })
        let (mean, slowest) = (try #require(peak.perThread), try #require(peak.threads.min()))
        #expect(mean >= slowest * (1 - 1e-12))
        #expect(FMAPeak(threads: []).perThread == nil)
    }
}
