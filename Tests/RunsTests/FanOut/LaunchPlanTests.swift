import Cloud
import Costs
import Runs
import Foundation
import Platform
import TestSupport
import Testing

@Suite("Plans of a run on AWS from a listing")
struct LaunchPlanTests {
    private static let galaxy = PlanAssumptions.bytesOfGalaxy

    private static func plan(
        _ sizes: [[Int]], concurrency: Int = 1000, memory: Int = 1024, rate: Double = 100
    ) -> LaunchPlan {
        LaunchPlan(
            place: "s3://data/p/", sizes: sizes, concurrency: concurrency,
            worker: LambdaWorker(memory: memory, architecture: .x86, galaxiesPerSecond: rate))
    }

    @Test("Galaxies and seconds follow from the bytes")
    func ranks() {
        let plan = Self.plan([[1000 * Self.galaxy + 700, 500 * Self.galaxy], [], [200 * Self.galaxy]])
        #expect(plan.ranks.map(\.files) == [2, 0, 1])
        #expect(plan.ranks.map(\.galaxies) == [1500, 0, 200])
        #expect(plan.ranks.map(\.seconds) == [16, 1, 3])
        #expect(plan.plan.files == 3)
        #expect(plan.plan.galaxies == 1700)
        #expect(plan.plan.bytes == 1700 * Self.galaxy + 700)
        #expect(plan.plan.slowest == 16)
        #expect(plan.plan.workerSeconds == 20)
        #expect(plan.warnings == ["1 of 3 ranks have no partition"])
    }

    @Test("Full concurrency takes as long as the slowest rank, and less shares the work")
    func mapTime() {
        let sizes = [[300 * Self.galaxy], [100 * Self.galaxy], [100 * Self.galaxy], [300 * Self.galaxy]]
        #expect(Self.plan(sizes, concurrency: 4).plan.mapSeconds == 4)
        #expect(Self.plan(sizes, concurrency: 1).plan.mapSeconds == 12)
        // 12 s of work over 2; at worst the longest rank starts when one of the two is done.
        #expect(Self.plan(sizes, concurrency: 2).plan.mapSeconds == 8)
    }

    @Test(
        "A processor comes with each 1,769 MB, six at most", arguments: [(1769, 230.0), (3538, 460), (10_240, 1331.4)])
    func rates(memory: Int, rate: Double) {
        let worker = LambdaWorker(memory: memory, architecture: .arm)
        #expect(abs(worker.galaxiesPerSecond - rate) < 0.1)
    }

    @Test("Cost is the sum for configured memory, requests and state transitions")
    func cost() {
        // 12.6 GB in 517 files at 1 GB of memory; Initialize and Summarize have the template's 1,769 MB.
        let plan = Self.plan(Array(repeating: [1276 * Self.galaxy], count: 517))
        let seconds = 517 * 13.76 + (2 + 0.005 * 517) * 1769 / 1024
        let usage = plan.plan.usage
        #expect(abs(usage.gigabyteSeconds - seconds) < 0.01)
        #expect(usage.requests == 519)
        #expect(usage.stateTransitions == 1042)
        #expect(abs(plan.bill.functions - seconds * 0.0000166667) < 1e-6)
        #expect(abs(plan.bill.requests - 519 * 2e-7) < 1e-12)
        #expect(abs(plan.bill.stateMachine - 1042 * 0.000025) < 1e-12)
        // 20 reads for the small ranges of a partition and 6 for the rest of its 26 MB; two for Summarize.
        #expect(usage.gets == 517 * 26 + 517 * 2 + 3)
        #expect(usage.puts == 517 * 2 + 8)
        #expect(plan.json["cost_usd"] == .number(plan.bill.total))
    }

    @Test("AWS limits that a run would exceed are named")
    func warnings() {
        let long = Self.plan([[100_000 * Self.galaxy], [Self.galaxy]]).warnings
        #expect(long.count == 1)
        #expect(long.first?.hasPrefix("1 of 2 ranks would take longer than Lambda's 900 s, such as rank 0") == true)
        #expect(Self.plan([[1]], memory: 10_240).warnings == ["10240 MB: new accounts often have 3008 MB at most"])
        let many = Self.plan(Array(repeating: [1], count: 1200), concurrency: 1100).warnings
        #expect(many.first?.hasPrefix("1100 workers at once: an account has 1000 unless") == true)
        #expect(Self.plan([[1]], concurrency: 10_000).warnings.isEmpty)
        // 85 MB, two threads of 4.5 MB, a quarter of a partition of 128 MB, 100 bytes for each of 100,000 galaxies.
        let narrow = Self.plan([[50_000 * Self.galaxy, 50_000 * Self.galaxy]], memory: 128, rate: 1000).warnings
        #expect(narrow == ["128 MB: a worker needs about 132 MB for rank 0"])
    }

    @Test("A plan assigns partitions as Initialize does, and writes nothing")
    func listing() throws {
        try Fixture.withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/data/p", withIntermediateDirectories: true)
            for (name, size) in [("1.pt", 10), ("2.pt", 20), ("10.pt", 30), ("notes.txt", 5)] {
                try Data(count: size * Self.galaxy).write(to: URL(fileURLWithPath: "\(folder)/data/p/\(name)"))
            }
            let json = #"{"bucket": "out", "result_path": "r", "data_bucket": "data", "data_prefix": "p", "ranks": 2}"#
            let input = try InitializeInput(try JSONValue.parse(Array(json.utf8), name: "input"))
            let store = try StoreLocator.store("file://" + folder)
            let plan = try Initialize(store: store)
                .plan(input, worker: LambdaWorker(memory: 1769, architecture: .x86))
            #expect(plan.ranks.map(\.galaxies) == [30, 30])
            #expect(plan.ranks.map(\.files) == [2, 1])
            #expect(plan.json["galaxies"] == .integer(60))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["data"])
        }
    }
}
