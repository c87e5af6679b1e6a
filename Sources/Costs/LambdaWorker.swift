/// A function that predicts one rank's galaxies: its configuration and its assumed rate.
public struct LambdaWorker: Sendable, Equatable {
    /// MB of 2^20 bytes configured.
    public let memory: Int
    public let architecture: LambdaArchitecture
    /// MB of 2^20 bytes of `/tmp`. Workers stream partitions and need none beyond the 512 MB that are free.
    public let storage: Int
    /// From its processors alone.
    public let galaxiesPerSecond: Double
    private let network: Double
    private let overhead: Double

    /// - Parameter galaxiesPerSecond: of the whole worker; nil to derive it from its processors.
    public init(
        memory: Int, architecture: LambdaArchitecture, storage: Int = LambdaLimits.storageRange.lowerBound,
        galaxiesPerSecond: Double? = nil, assumptions: PlanAssumptions = PlanAssumptions()
    ) {
        self.memory = memory
        self.architecture = architecture
        self.storage = storage
        self.galaxiesPerSecond =
            galaxiesPerSecond ?? LambdaLimits.processors(memory: memory) * assumptions.processorRate
        network = assumptions.network
        overhead = assumptions.overhead
    }

    /// Seconds of an invocation. Partitions are fetched while others are computed, so the slower of the two decides.
    public func seconds(galaxies: Int, bytes: Int) -> Double {
        overhead + max(Double(galaxies) / galaxiesPerSecond, Double(bytes) / network)
    }

    /// The most bytes of memory that a worker needs for a share of the given bytes and galaxies.
    ///
    /// Measured (docs/PERFORMANCE.md, section 6): 94 MB with two threads, weights in half precision, 4.5 MB of them for
    /// each thread. Added: fetched bytes, which are held to 256 MB or a quarter of the memory, and the predictions'
    /// rows.
    public func memoryNeed(galaxies: Int, bytes: Int) -> Double {
        let threads = Double(LambdaLimits.threads(memory: memory))
        let fetched = min(Double(bytes), Double(min(256, memory / 4)) * 1_048_576)
        return 85e6 + 4.5e6 * threads + fetched + 100 * Double(galaxies)
    }

    /// Whether a share fits into time and memory with the reserve left free.
    public func canTake(galaxies: Int, bytes: Int, reserve: Double) -> Bool {
        let part = 1 - reserve
        return seconds(galaxies: galaxies, bytes: bytes) <= part * LambdaLimits.mostSeconds
            && memoryNeed(galaxies: galaxies, bytes: bytes) <= part * Double(memory) * 1_048_576
    }
}
