import Costs
import Platform

/// The plan of a run on AWS, computed from the listing alone: nothing is started and no partition is read.
public struct LaunchPlan: Sendable, Equatable {
    public struct Rank: Sendable, Equatable {
        public let rank: Int
        public let files: Int
        public let bytes: Int
        /// From the bytes: a galaxy has 20,520 of image and magnitudes, and 8 of redshift.
        public let galaxies: Int
        public let seconds: Double
    }

    /// The folder of the partitions, such as `s3://bucket/folder/`.
    public let place: String
    /// Partitions; one that is split among ranks counts once.
    public let files: Int
    /// Time and use, computed as `cai cost` does.
    public let plan: FanOutPlan
    public let ranks: [Rank]
    /// Why as many workers at once.
    public let concurrencyReason: String
    private let prices: PriceList

    /// - Parameters:
    ///   - sizes: the bytes of each rank's partitions, or of its part of one.
    ///   - files: the number of partitions; nil where none is split.
    ///   - concurrency: workers at once.
    public init(
        place: String, sizes: [[Int]], files: Int? = nil, concurrency: Int, concurrencyReason: String = "the input",
        worker: LambdaWorker, assumptions: PlanAssumptions = PlanAssumptions(), prices: PriceList = .published
    ) {
        (self.place, self.concurrencyReason, self.prices) = (place, concurrencyReason, prices)
        let shares = sizes.map { sizes in
            let bytes = sizes.reduce(0, +)
            return FanOutPlan.Share(files: sizes.count, bytes: bytes, galaxies: bytes / PlanAssumptions.bytesOfGalaxy)
        }
        self.files = files ?? sizes.reduce(0) { $0 + $1.count }
        plan = FanOutPlan(shares: shares, worker: worker, concurrency: concurrency, assumptions: assumptions)
        ranks = shares.enumerated().map { rank, share in
            Rank(
                rank: rank, files: share.files, bytes: share.bytes, galaxies: share.galaxies,
                seconds: worker.seconds(galaxies: share.galaxies, bytes: share.bytes))
        }
    }

    public var bill: Bill { plan.bill(prices) }

    /// AWS limits that the run would exceed, one line each.
    public var warnings: [String] {
        let most = LambdaLimits.mostSeconds
        var lines: [String] = []
        if let rank = ranks.first(where: { $0.seconds > most }) {
            let count = ranks.count { $0.seconds > most }
            lines.append(
                "\(count) of \(ranks.count) ranks would take longer than Lambda's \(Int(most)) s, such as rank "
                    + "\(rank.rank) with \(Int(min(1e15, rank.seconds.rounded(.up)))) s: they are tried again, and continue "
                    + "where they stopped; more ranks, a smaller rank_galaxies or more memory need one attempt")
        }
        if plan.workersAtOnce > LambdaLimits.usualConcurrency {
            lines.append(
                "\(plan.workersAtOnce) workers at once: an account has \(LambdaLimits.usualConcurrency) unless it "
                    + "has asked for more, and new ones have fewer")
        }
        let memory = plan.worker.memory
        if memory > LambdaLimits.usualMemory {
            lines.append("\(memory) MB: new accounts often have \(LambdaLimits.usualMemory) MB at most")
        }
        if let rank = ranks.max(by: { need(of: $0) < need(of: $1) }), need(of: rank) > Double(memory) * 1_048_576 {
            lines.append(
                "\(memory) MB: a worker needs about \(Int(min(1e15, (need(of: rank) / 1_048_576).rounded(.up)))) MB for "
                    + "rank \(rank.rank)")
        }
        let idle = ranks.count { $0.files == 0 }
        if idle > 0 { lines.append("\(idle) of \(ranks.count) ranks have no partition") }
        return lines
    }

    private func need(of rank: Rank) -> Double { plan.worker.memoryNeed(galaxies: rank.galaxies, bytes: rank.bytes) }
}

extension LaunchPlan {
    /// What `--dry-run --json` prints.
    public var json: JSONValue {
        let (bill, usage, worker) = (bill, plan.usage, plan.worker)
        return .object([
            "data": .string(place), "files": .integer(files), "bytes": .integer(plan.bytes),
            "galaxies": .integer(plan.galaxies), "concurrency": .integer(plan.concurrency),
            "concurrency_reason": .string(concurrencyReason),
            "memory_mb": .integer(worker.memory), "architecture": .string(worker.architecture.rawValue),
            "galaxies_per_s_of_a_worker": .number(worker.galaxiesPerSecond),
            "overhead_s": .number(plan.assumptions.overhead), "start_s": .number(plan.assumptions.start),
            "worker_s": .number(plan.workerSeconds), "slowest_rank_s": .number(plan.slowest),
            "map_s": .number(plan.mapSeconds), "other_s": .number(plan.otherSeconds),
            "total_s": .number(plan.totalSeconds), "requests": .integer(usage.requests),
            "state_transitions": .integer(usage.stateTransitions),
            "s3_requests": .integer(usage.gets + usage.puts + usage.lists), "gb_s": .number(usage.gigabyteSeconds),
            "functions_usd": .number(bill.functions + bill.requests), "storage_usd": .number(bill.storage),
            "state_machine_usd": .number(bill.stateMachine), "s3_usd": .number(bill.objects),
            "cost_usd": .number(bill.total),
            "warnings": .array(warnings.map { .string($0) }),
            "ranks": .array(
                ranks.map { rank in
                    .object([
                        "rank": .integer(rank.rank), "files": .integer(rank.files), "bytes": .integer(rank.bytes),
                        "galaxies": .integer(rank.galaxies), "seconds": .number(rank.seconds),
                    ])
                }),
        ])
    }
}
