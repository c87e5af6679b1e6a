/// Searches memory, partition size and workers at once for the plan that costs least or ends first, within AWS's limits.
///
/// A worker's memory buys processors in proportion, so computing costs the same at any memory; what differs is the time
/// besides, which each rank pays at its memory's price, and Step Functions' price for each rank. Small memory and
/// large partitions are therefore cheap and slow, and the reverse fast and expensive: the search covers all pairs.
public struct Planner: Sendable {
    /// At least 1.
    public var galaxies: Int
    public var architecture = LambdaArchitecture.x86
    public var assumptions = PlanAssumptions()
    public var prices = PriceList.published
    /// The concurrency of the account.
    public var concurrencyLimit = LambdaLimits.usualConcurrency
    /// MB of 2^20 bytes that the account allows for a function.
    public var memoryLimit = LambdaLimits.memoryRange.upperBound
    /// Nominal MB of `partitions`, which it sets; nil where the user has stated none.
    public var partitionSizes: [Int]? {
        didSet {
            partitions = (partitionSizes ?? Self.usualPartitions).map(PlanAssumptions.galaxies(ofMegabytes:))
        }
    }
    /// MB of 2^20 bytes to try.
    public var memories = Planner.memories()
    /// Galaxies of a partition to try.
    public var partitions = Planner.usualPartitions.map(PlanAssumptions.galaxies(ofMegabytes:))
    /// MB of 2^20 bytes of `/tmp`.
    public var storage = LambdaLimits.storageRange.lowerBound

    public init(galaxies: Int) { self.galaxies = galaxies }

    /// The sizes that the template accepts (512 MB and more) in steps of 64 MB, whole processors, and `most` itself.
    /// - Parameter most: MB of 2^20 bytes that the account allows.
    public static func memories(upTo most: Int = LambdaLimits.memoryRange.upperBound) -> [Int] {
        let steps = Array(stride(from: 512, through: most, by: 64))
        let processors = (1...5).map { $0 * LambdaLimits.memoryOfOneProcessor }.filter { $0 <= most }
        return Set(steps + processors + [most]).sorted()
    }

    /// Nominal MB: the four sizes of the published system, and others.
    public static let usualPartitions = [
        5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000, 3000,
        4000,
    ]

    /// A plan and its cost in dollars.
    public struct Candidate: Sendable, Equatable {
        public let plan: FanOutPlan
        public let bill: Bill

        public var cost: Double { bill.total }
        public var seconds: Double { plan.totalSeconds }
    }

    /// Every plan within AWS's limits, with the account's full concurrency: fewer workers at once cost the same and end
    /// later.
    public func candidates() -> [Candidate] {
        memories.flatMap { memory in
            let worker = LambdaWorker(
                memory: memory, architecture: architecture, storage: storage, assumptions: assumptions)
            // A partition larger than all the galaxies gives the same plan again.
            let least = partitions.filter { $0 >= galaxies }.min()
            return partitions.filter { $0 < galaxies || $0 == least }.compactMap { rows -> Candidate? in
                let share = min(rows, galaxies)
                let bytes = share * PlanAssumptions.bytesOfGalaxy
                guard worker.canTake(galaxies: share, bytes: bytes, reserve: assumptions.reserve) else { return nil }
                guard (galaxies + rows - 1) / rows <= LambdaLimits.mostRanks else { return nil }
                return candidate(worker, partition: rows, concurrency: mostWorkers)
            }
        }
    }

    private var mostWorkers: Int { min(concurrencyLimit, LambdaLimits.mostConcurrency) }

    private func candidate(_ worker: LambdaWorker, partition rows: Int, concurrency: Int) -> Candidate {
        let plan = FanOutPlan(
            galaxies: galaxies, partition: rows, worker: worker, concurrency: concurrency, assumptions: assumptions)
        return Candidate(plan: plan, bill: plan.bill(prices))
    }

    /// The cheapest plan that ends in time; of equal costs the one that ends first.
    public static func cheapest(of candidates: [Candidate], within seconds: Double = .infinity) -> Candidate? {
        candidates.filter { $0.seconds <= seconds }.min { ($0.cost, $0.seconds) < ($1.cost, $1.seconds) }
    }

    /// The plan that ends first; of equal times the cheapest.
    public static func fastest(of candidates: [Candidate]) -> Candidate? {
        candidates.min { ($0.seconds, $0.cost) < ($1.seconds, $1.cost) }
    }

    /// The plans that are cheapest for some deadline: each costs less than all that end sooner. Fastest first.
    public static func frontier(of candidates: [Candidate]) -> [Candidate] {
        var frontier: [Candidate] = []
        for candidate in candidates.sorted(by: { ($0.seconds, $0.cost) < ($1.seconds, $1.cost) })
        where candidate.cost < frontier.last?.cost ?? .infinity {
            frontier.append(candidate)
        }
        return frontier
    }

    /// The fewest workers at once with which a plan ends in time; nil where it never does.
    public static func fewestWorkers(for plan: FanOutPlan, within seconds: Double) -> Int? {
        guard plan.totalSeconds <= seconds else { return nil }
        // More workers never end later.
        var (low, high) = (1, plan.workersAtOnce)
        while low < high {
            let middle = (low + high) / 2
            let span = Schedule.span(of: plan.ranks, each: plan.slowest, at: middle)
            if span + plan.totalSeconds - plan.mapSeconds <= seconds { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Cores of one machine that meet a deadline, at a core's rate: galaxies are independent, and cores share nothing.
    public static func cores(galaxies: Int, within seconds: Double, rate: Double) -> Double {
        (Double(galaxies) / (rate * seconds)).rounded(.up)
    }
}
