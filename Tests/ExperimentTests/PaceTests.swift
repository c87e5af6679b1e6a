import Testing

@testable import Experiment

@Suite("Estimates of remaining time")
struct PaceTests {
    private func point(threads: Int?, batch: Int = 512) throws -> ExperimentPoint {
        var defaults = try PlanTests.defaults(threads: threads)
        defaults.batchSize = batch
        return try ExperimentPlan(sweeps: [], defaults: defaults, runs: 1, isGrid: false).points[0]
    }

    @Test("A run's time follows from runs of the same setting, else of as many threads, else per thread")
    func here() throws {
        var pace = SweepPace()
        #expect(pace.seconds(for: try point(threads: 2), galaxies: 100) == nil)
        pace.add(try point(threads: 2), galaxies: 1000, seconds: 10)
        #expect(pace.seconds(for: try point(threads: 2), galaxies: 100) == 1)
        #expect(pace.seconds(for: try point(threads: 1), galaxies: 100) == 2)
        pace.add(try point(threads: 2, batch: 32), galaxies: 1000, seconds: 30)
        #expect(pace.seconds(for: try point(threads: 2, batch: 32), galaxies: 100) == 3)
        #expect(pace.seconds(for: try point(threads: 2), galaxies: 100) == 1)
        #expect(pace.seconds(for: try point(threads: 2, batch: 64), galaxies: 100) == 2)
    }

    @Test("A run on AWS takes as long as the runs before it")
    func cloud() throws {
        var pace = SweepPace()
        pace.add(try point(threads: nil), galaxies: 1000, seconds: 10)
        pace.add(try point(threads: nil), galaxies: 9000, seconds: 20)
        #expect(pace.seconds(for: try point(threads: nil), galaxies: nil) == 15)
    }

    @Test("The remaining time is the rest of this run and all later ones")
    func left() {
        // From a tenth on, the estimate follows from the run's own progress: 5 s for a quarter leave 15 s.
        #expect(Experiment.secondsLeft(own: 100, later: [10, 20], seconds: 5, 0.25) == 45)
        #expect(Experiment.secondsLeft(own: 8, later: [10], seconds: 5, 0.05) == 13)
        #expect(Experiment.secondsLeft(own: 4, later: [], seconds: 5, 0.05) == 0)
        #expect(Experiment.secondsLeft(own: nil, later: [nil, nil], seconds: 1, 0.5) == 5)
        #expect(Experiment.secondsLeft(own: nil, later: [], seconds: 1, 0) == nil)
    }
}
