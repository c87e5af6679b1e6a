import Foundation
import Testing

@testable import Costs
@testable import Report

@Suite("Plans of runs on AWS")
struct PlannerTests {
    @Test("Pieces of work are assigned in order to the first free worker")
    func schedule() {
        #expect(Schedule.span(of: [], at: 3) == 0)
        #expect(Schedule.span(of: [3, 1, 1, 3], at: 4) == 3)
        #expect(Schedule.span(of: [3, 1, 1, 3], at: 1) == 8)
        #expect(Schedule.span(of: [3, 1, 1, 3], at: 2) == 5)
        // 2: 0-2; 3: 0-3; 4: 2-6; 1: 3-4; 5: 4-9.
        #expect(Schedule.span(of: [2, 3, 4, 1, 5], at: 2) == 9)
    }

    @Test("A thousand workers start at once, and a thousand more every ten seconds")
    func ramp() {
        #expect(Schedule.span(of: 1000, each: 4, at: 5000) == 4)
        // The first thousand take the second thousand's pieces before those workers start.
        #expect(Schedule.span(of: 2000, each: 4, at: 5000) == 8)
        #expect(Schedule.span(of: 2000, each: 30, at: 5000) == 40)
        // By 40 s: 1000 x 1, then 1000 from 10 to 40; by 60 the first thousand have done two.
        #expect(Schedule.span(of: 2500, each: 30, at: 2000) == 60)
    }

    @Test("The formula for equal pieces agrees with a simulation", arguments: [1, 7, 900, 1000, 1500, 3200])
    func uniform(concurrency: Int) {
        for (count, seconds) in [(1, 3.0), (999, 2.5), (1000, 0.1), (4321, 7.3), (6000, 10), (5000, 61.7)] {
            let listed = Schedule.span(of: Array(repeating: seconds, count: count), at: concurrency)
            #expect(abs(Schedule.span(of: count, each: seconds, at: concurrency) - listed) < 1e-6)
        }
    }

    @Test("A plan's time, use and cost agree with a calculation by hand")
    func plan() {
        // 10,000 galaxies in partitions of 2,556 on 1,769 MB, 230 galaxies/s: 3 of 12.113 s, and 2,332 in 11.139 s.
        // The Python recipe is the formulas of docs/COST.md, written out.
        let worker = LambdaWorker(memory: 1769, architecture: .x86)
        let plan = FanOutPlan(
            galaxies: 10_000, partition: 2556, worker: worker, concurrency: 1000, assumptions: PlanAssumptions())
        #expect(plan.ranks == 4)
        #expect(plan.galaxies == 10_000)
        #expect(abs(plan.mapSeconds - 12.11304347826087) < 1e-9)
        #expect(abs(plan.totalSeconds - 24.13304347826087) < 1e-9)
        #expect(abs(plan.usage.gigabyteSeconds - 85.516638671875) < 1e-9)
        #expect(abs(plan.bill().total - 0.0019716801617525393) < 1e-12)
        let two = FanOutPlan(
            galaxies: 10_000, partition: 2556, worker: worker, concurrency: 2, assumptions: PlanAssumptions())
        #expect(abs(two.mapSeconds - 2 * 12.11304347826087) < 1e-9)
        #expect(two.bill() == plan.bill())
    }

    @Test("The slower of network and processors determines the time")
    func network() {
        var assumptions = PlanAssumptions()
        assumptions.network = 1e6
        let worker = LambdaWorker(memory: 10_240, architecture: .arm, assumptions: assumptions)
        #expect(worker.seconds(galaxies: 1000, bytes: 20_000_000) == 21)
        #expect(worker.seconds(galaxies: 100_000, bytes: 1000) > 70)
    }

    @Test(
        "Partitions of a nominal size hold as many galaxies as the reference's",
        arguments: [(25, 1278), (50, 2556), (75, 3834), (100, 5113), (1, 51)])
    func partitions(megabytes: Int, galaxies: Int) {
        #expect(PlanAssumptions.galaxies(ofMegabytes: megabytes) == galaxies)
    }

    @Test("The memory that a worker needs has to fit, with a margin")
    func limits() {
        // 85 MB, two threads of 4.5, 10 MB of galaxies, 100 bytes for each of 500: 104.05 MB; 128 MB are 134.2.
        let small = LambdaWorker(memory: 128, architecture: .x86)
        #expect(abs(small.memoryNeed(galaxies: 500, bytes: 10_000_000) - 104_050_000) < 1)
        #expect(small.canTake(galaxies: 500, bytes: 10_000_000, reserve: 0.1))
        #expect(!small.canTake(galaxies: 500, bytes: 10_000_000, reserve: 0.25))
        // One processor at 230 galaxies/s: 719 s of computing and one of overhead are four fifths of 900.
        let worker = LambdaWorker(memory: 1769, architecture: .x86)
        #expect(worker.canTake(galaxies: 165_370, bytes: 1, reserve: 0.2))
        #expect(!worker.canTake(galaxies: 165_371, bytes: 1, reserve: 0.2))
        #expect(LambdaLimits.processors(memory: 10_240) < 6)
        #expect(LambdaLimits.threads(memory: 512) == 2)
        #expect(LambdaLimits.threads(memory: 10_240) == 6)
    }

    /// A grid small enough for an exhaustive search.
    private static func grid(galaxies: Int) -> Planner {
        var planner = Planner(galaxies: galaxies)
        planner.memories = [512, 1769, 3008, 10_240]
        planner.partitions = [1278, 5113, 20_000, 100_000]
        planner.concurrencyLimit = 30
        return planner
    }

    /// Every plan of the grid with every number of simultaneous workers, simulated rank by rank.
    private static func everything(_ planner: Planner) -> [(cost: Double, seconds: Double)] {
        var plans: [(Double, Double)] = []
        for memory in planner.memories {
            let worker = LambdaWorker(memory: memory, architecture: planner.architecture)
            for rows in planner.partitions {
                let ranks = (planner.galaxies + rows - 1) / rows
                let shares = (0..<ranks).map { rank in
                    let count = min(rows, planner.galaxies - rank * rows)
                    return FanOutPlan.Share(bytes: count * 20_528, galaxies: count)
                }
                guard let first = shares.first else { continue }
                let seconds = 1 + Double(first.galaxies) / (min(6, Double(memory) / 1769) * 230)
                guard seconds <= 720, worker.canTake(galaxies: first.galaxies, bytes: first.bytes, reserve: 0.2)
                else { continue }
                for concurrency in 1...planner.concurrencyLimit {
                    let plan = FanOutPlan(shares: shares, worker: worker, concurrency: concurrency)
                    plans.append((plan.bill().total, plan.totalSeconds))
                }
            }
        }
        return plans
    }

    @Test("No plan is cheaper than the cheapest or faster than the fastest", arguments: [900, 40_000, 300_000])
    func optimal(galaxies: Int) throws {
        let planner = Self.grid(galaxies: galaxies)
        let (found, all) = (planner.candidates(), Self.everything(planner))
        let cheapest = try #require(Planner.cheapest(of: found))
        #expect(abs(cheapest.cost - (all.map(\.cost).min() ?? 0)) < 1e-12)
        let fastest = try #require(Planner.fastest(of: found))
        #expect(abs(fastest.seconds - (all.map(\.seconds).min() ?? 0)) < 1e-6)
        for deadline in [20.0, 45, 60, 120, 400, 1000] {
            let best = all.filter { $0.seconds <= deadline }.map(\.cost).min()
            let inTime = Planner.cheapest(of: found, within: deadline)
            #expect((inTime == nil) == (best == nil), "\(deadline)")
            if let best, let inTime { #expect(abs(inTime.cost - best) < 1e-12, "\(deadline)") }
        }
    }

    @Test("A plan that ends exactly at the deadline is in time")
    func boundary() throws {
        let found = Self.grid(galaxies: 40_000).candidates()
        let fastest = try #require(Planner.fastest(of: found))
        #expect(Planner.cheapest(of: found, within: fastest.seconds) != nil)
        #expect(Planner.cheapest(of: found, within: fastest.seconds.nextDown) == nil)
        for candidate in found {
            let fewest = try #require(Planner.fewestWorkers(for: candidate.plan, within: candidate.seconds))
            #expect(fewest <= candidate.plan.workersAtOnce)
            #expect(Planner.fewestWorkers(for: candidate.plan, within: candidate.seconds.nextDown) == nil)
        }
    }

    @Test("The fewest workers at once end in time, and one fewer do not")
    func fewest() throws {
        let found = Self.grid(galaxies: 300_000).candidates()
        let candidate = try #require(found.first { $0.plan.ranks > 100 })
        let within = 2 * candidate.seconds
        let fewest = try #require(Planner.fewestWorkers(for: candidate.plan, within: within))
        func seconds(_ concurrency: Int) -> Double {
            FanOutPlan(shares: candidate.plan.shares, worker: candidate.plan.worker, concurrency: concurrency)
                .totalSeconds
        }
        #expect(seconds(fewest) <= within)
        #expect(seconds(fewest - 1) > within)
    }

    @Test("Along the frontier of plans, time increases as cost decreases")
    func frontier() throws {
        let found = Planner(galaxies: 500_000).candidates()
        let frontier = Planner.frontier(of: found)
        #expect(frontier.count > 2)
        #expect(frontier.first == Planner.fastest(of: found))
        #expect(frontier.last == Planner.cheapest(of: found))
        for (soon, late) in zip(frontier, frontier.dropFirst()) {
            #expect(late.seconds > soon.seconds)
            #expect(late.cost < soon.cost)
        }
        for candidate in frontier { #expect(candidate == Planner.cheapest(of: found, within: candidate.seconds)) }
    }

    @Test("Half a million galaxies in a minute are planned on Lambda and on the cores of one machine")
    func headline() throws {
        let planner = Planner(galaxies: 500_000)
        let inTime = try #require(Planner.cheapest(of: planner.candidates(), within: 60))
        #expect(inTime.seconds <= 60)
        // Computing alone: 500,000 / 230 processor seconds at 1769/1024 GB.
        let least = 500_000.0 / 230 * 1769 / 1024 * 0.0000166667
        #expect(inTime.cost > least)
        #expect(inTime.cost < 1.1 * least)
        #expect(Planner.cores(galaxies: 500_000, within: 60, rate: 460) == 19)
        #expect(Planner.cores(galaxies: 460 * 60, within: 60, rate: 460) == 1)
    }

    @Test("One galaxy has a plan, and work that does not fit has none")
    func edges() throws {
        let one = try #require(Planner.cheapest(of: Planner(galaxies: 1).candidates()))
        #expect(one.plan.ranks == 1)
        #expect(one.plan.worker.memory == 512)
        var none = Planner(galaxies: 1_000_000)
        none.partitions = [1_000_000]
        #expect(none.candidates().isEmpty)
        #expect(Planner.cheapest(of: none.candidates()) == nil)
        #expect(Planner.frontier(of: none.candidates()).isEmpty)
        #expect(Planner.memories(upTo: 3008).last == 3008)
        #expect(Planner.memories(upTo: 200) == [200])
    }
}
