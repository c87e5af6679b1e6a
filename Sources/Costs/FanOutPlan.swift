/// A planned run on AWS: its time, use and cost.
public struct FanOutPlan: Sendable, Equatable {
    /// Equal ranks.
    public struct Share: Sendable, Equatable {
        public let ranks: Int
        /// Of each.
        public let files: Int
        public let bytes: Int
        public let galaxies: Int

        public init(ranks: Int = 1, files: Int = 1, bytes: Int, galaxies: Int) {
            self.ranks = ranks
            self.files = files
            self.bytes = bytes
            self.galaxies = galaxies
        }
    }

    public let worker: LambdaWorker
    public let assumptions: PlanAssumptions
    public let shares: [Share]
    /// Workers at the same time.
    public let concurrency: Int
    public let ranks: Int
    /// Of the Map: from the first worker's start to the last one's end.
    public let mapSeconds: Double
    /// Of all workers together.
    public let workerSeconds: Double
    /// Of the slowest rank.
    public let slowest: Double

    /// - Parameters:
    ///   - shares: in the order of ranks.
    ///   - concurrency: workers at once, at least 1.
    public init(
        shares: [Share], worker: LambdaWorker, concurrency: Int, assumptions: PlanAssumptions = PlanAssumptions()
    ) {
        self.init(shares: shares, worker: worker, concurrency: concurrency, assumptions: assumptions) { seconds in
            Schedule.span(
                of: zip(shares, seconds).flatMap { Array(repeating: $1, count: $0.ranks) }, at: concurrency)
        }
    }

    /// Galaxies in partitions of one size, one for each rank. The Map's time is that of as many full partitions.
    public init(
        galaxies: Int, partition rows: Int, worker: LambdaWorker, concurrency: Int, assumptions: PlanAssumptions
    ) {
        func share(_ ranks: Int, _ galaxies: Int) -> Share {
            Share(ranks: ranks, bytes: galaxies * PlanAssumptions.bytesOfGalaxy, galaxies: galaxies)
        }
        let (full, rest) = galaxies.quotientAndRemainder(dividingBy: rows)
        let shares = (full > 0 ? [share(full, rows)] : []) + (rest > 0 ? [share(1, rest)] : [])
        self.init(shares: shares, worker: worker, concurrency: concurrency, assumptions: assumptions) { seconds in
            Schedule.span(of: full + (rest > 0 ? 1 : 0), each: seconds.max() ?? 0, at: concurrency)
        }
    }

    private init(
        shares: [Share], worker: LambdaWorker, concurrency: Int, assumptions: PlanAssumptions,
        map: ([Double]) -> Double
    ) {
        self.worker = worker
        self.assumptions = assumptions
        self.shares = shares
        self.concurrency = concurrency
        let seconds = shares.map { worker.seconds(galaxies: $0.galaxies, bytes: $0.bytes) }
        ranks = shares.reduce(0) { $0 + $1.ranks }
        slowest = seconds.max() ?? 0
        workerSeconds = zip(shares, seconds).reduce(0) { $0 + Double($1.0.ranks) * $1.1 }
        mapSeconds = map(seconds)
    }

    public var galaxies: Int { shares.reduce(0) { $0 + $1.ranks * $1.galaxies } }
    public var bytes: Int { shares.reduce(0) { $0 + $1.ranks * $1.bytes } }
    public var files: Int { shares.reduce(0) { $0 + $1.ranks * $1.files } }
    public var workersAtOnce: Int { min(ranks, concurrency) }

    /// Of Initialize and Summarize together: a request or two for each rank, many at once.
    public var otherSeconds: Double { 2 * assumptions.overhead + 0.005 * Double(ranks) }

    /// From the start of the execution to its end.
    public var totalSeconds: Double { assumptions.start + mapSeconds + otherSeconds }

    /// S3 reads for partitions of so many bytes in all: their ends, then ranges that grow from 0.5 MB to 4 MB.
    public static func reads(files: Int = 1, bytes: Int) -> Int { 20 * files + bytes / 4_194_304 }

    public var usage: LambdaUsage {
        var usage = LambdaUsage()
        for share in shares {
            usage.add(
                invocations: share.ranks, of: worker.seconds(galaxies: share.galaxies, bytes: share.bytes),
                memory: worker.memory, storage: worker.storage)
            usage.gets += share.ranks * Self.reads(files: share.files, bytes: share.bytes)
        }
        usage.addCoordination(ranks: ranks, files: files, seconds: otherSeconds, memory: assumptions.coordinatorMemory)
        return usage
    }

    /// In dollars, on the worker's architecture.
    public func bill(_ prices: PriceList = .published) -> Bill { prices.bill(usage, on: worker.architecture) }
}

extension LambdaUsage {
    /// Adds the use of a run besides its workers: Initialize, Summarize, the state machine, results.
    /// - Parameters:
    ///   - seconds: of Initialize and Summarize together.
    ///   - memory: MB of 2^20 bytes configured for these two.
    mutating func addCoordination(ranks: Int, files: Int, seconds: Double, memory: Int) {
        add(invocations: 2, of: seconds / 2, memory: memory)
        // One of each worker's own execution and its start, and those around the Map.
        stateTransitions += 2 * ranks + 8
        // Of each rank: predictions and result are written, and read by Summarize. Of the run: its manifest and items,
        // the three joined objects, and Step Functions' own account.
        puts += 2 * ranks + 8
        gets += 2 * ranks + 3
        lists += 2 + (files + 2 * ranks) / 1000
    }
}
