/// The cost of a run by the published formula (CAI's published table of costs): the memory that functions *used*,
/// and their time without rounding.
///
///     requests x seconds x GB x price of a GB-second
///     + requests x price of a request
///     + (GB of storage - 0.5) x requests x seconds x price of a GB-second of storage
///
/// AWS bills the memory that is *configured*, each invocation rounded up to a millisecond, and bills Step Functions
/// and S3 as well: `PriceList.bill` includes them.
public struct PublishedFormula: Sendable, Equatable {
    public let requests: Int
    /// Of a function, on average.
    public let seconds: Double
    /// GB that a function used.
    public let memory: Double
    /// GB of `/tmp` that a function had.
    public let storage: Double

    public init(requests: Int, seconds: Double, memory: Double, storage: Double = 0.5) {
        self.requests = requests
        self.seconds = seconds
        self.memory = memory
        self.storage = storage
    }

    /// Its terms in dollars, at the first tier of x86-64, where the published system ran.
    public func bill(_ prices: PriceList) -> Bill {
        let time = Double(requests) * seconds
        return Bill(
            functions: time * memory * prices.firstTier(on: .x86), requests: Double(requests) * prices.request,
            storage: max(0, storage - 0.5) * time * prices.storageGigabyteSecond, objects: 0, stateMachine: 0)
    }
}

/// A row of the published table of costs: 12.6 GB in partitions of one size.
public struct PublishedCost: Sendable, Equatable {
    /// MB of a partition.
    public let partition: Int
    public let formula: PublishedFormula
    /// As published, in dollars.
    public let cost: Double

    public static let rows = [
        PublishedCost(partition: 25, formula: PublishedFormula(requests: 517, seconds: 6.55, memory: 2.8), cost: 0.16),
        PublishedCost(partition: 50, formula: PublishedFormula(requests: 259, seconds: 11.8, memory: 4.0), cost: 0.20),
        PublishedCost(partition: 75, formula: PublishedFormula(requests: 173, seconds: 17.6, memory: 5.9), cost: 0.30),
        PublishedCost(partition: 100, formula: PublishedFormula(requests: 130, seconds: 25, memory: 7.0), cost: 0.38),
    ]

    /// MB configured for the published system's functions.
    public static let configuredMemory = 10_240
    /// The logged run with partitions of 50 MB: 259 functions, $0.64 at the configured memory. Its seconds are not
    /// published; 14.8 gives $0.64.
    public static let logged = PublishedCost(
        partition: 50, formula: PublishedFormula(requests: 259, seconds: 14.8, memory: 10), cost: 0.64)
}
