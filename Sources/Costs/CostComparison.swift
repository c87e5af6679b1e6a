/// The cost of a run by the published formula, and the bill of AWS for it.
public struct CostComparison: Sendable, Equatable {
    /// Workers' invocations.
    public let requests: Int
    /// Of one, on average.
    public let seconds: Double
    /// GB (2^30 bytes) that a worker used; nil where unknown.
    public let memoryUsed: Double?
    /// MB of 2^20 bytes configured.
    public let memory: Int
    /// MB of 2^20 bytes of `/tmp` configured.
    public let storage: Int
    /// nil where the memory used is unknown.
    public let formula: Bill?
    /// Of the workers and of everything else in a run.
    public let usage: LambdaUsage
    public let prices: PriceList

    /// The actual bill on an architecture, if functions took as long there.
    public func bill(on architecture: LambdaArchitecture) -> Bill { prices.bill(usage, on: architecture) }

    /// - Parameters:
    ///   - workers: the workers' own use of time, memory and reads from S3.
    ///   - seconds: of a worker on average.
    public init(
        workers: LambdaUsage, files: Int, seconds: Double, memoryUsed: Double?, memory: Int, storage: Int,
        assumptions: PlanAssumptions, prices: PriceList
    ) {
        let requests = workers.requests
        self.requests = requests
        self.seconds = seconds
        self.memoryUsed = memoryUsed
        self.memory = memory
        self.storage = storage
        self.prices = prices
        formula = memoryUsed.map { used in
            PublishedFormula(requests: requests, seconds: seconds, memory: used, storage: Double(storage) / 1024)
                .bill(prices)
        }
        var usage = workers
        usage.addCoordination(
            ranks: requests, files: files, seconds: 2 * assumptions.overhead + 0.005 * Double(requests),
            memory: assumptions.coordinatorMemory)
        self.usage = usage
    }

    /// Equal workers, each with a partition of its own.
    /// - Parameter reads: S3 reads of one.
    public init(
        requests: Int, seconds: Double, memoryUsed: Double?, memory: Int, storage: Int = 512, reads: Int = usualReads,
        assumptions: PlanAssumptions = PlanAssumptions(), prices: PriceList = .published
    ) {
        var workers = LambdaUsage()
        workers.add(invocations: requests, of: seconds, memory: memory, storage: storage)
        workers.gets = requests * reads
        self.init(
            workers: workers, files: requests, seconds: seconds, memoryUsed: memoryUsed, memory: memory,
            storage: storage, assumptions: assumptions, prices: prices)
    }

    /// S3 reads for a partition of 25 MB, where they were not counted: cents for thousands of workers.
    public static let usualReads = 26
}
