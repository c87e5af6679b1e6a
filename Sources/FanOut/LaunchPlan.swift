/// What a run would be on AWS, reckoned from the listing alone: nothing is started and no partition is read.
public struct LaunchPlan: Sendable, Equatable {
    /// The processors that a function can run on.
    public enum Architecture: String, Sendable, CaseIterable {
        case x86 = "x86_64"
        case arm = "arm64"
    }

    /// What is assumed of the functions.
    public struct Workers: Sendable, Equatable {
        /// MB (2^20 bytes) configured for each.
        public let memory: Int
        public let architecture: Architecture
        /// Of one worker.
        public let galaxiesPerSecond: Double

        /// AWS gives a processor for each 1,769 MB, six at most.
        public static let memoryOfOneProcessor = 1769
        public static let memoryRange = 128...10_240
        /// Of one Lambda processor, where nobody says otherwise: a core with AVX2 was measured at 300, and a Lambda
        /// processor is half of one with two threads, or a core that others share.
        public static let galaxiesPerSecondOfOneProcessor = 250.0

        public init(memory: Int, architecture: Architecture, galaxiesPerSecond: Double? = nil) {
            self.memory = memory
            self.architecture = architecture
            let processors = min(6, Double(memory) / Double(Self.memoryOfOneProcessor))
            self.galaxiesPerSecond = galaxiesPerSecond ?? processors * Self.galaxiesPerSecondOfOneProcessor
        }
    }

    public struct Rank: Sendable, Equatable {
        public let rank: Int
        public let files: Int
        public let bytes: Int
        /// Of the bytes: a galaxy has 20,520 of image and magnitudes, and 8 of redshift.
        public let galaxies: Int
        public let seconds: Double
    }

    /// Bytes of a galaxy in a partition.
    public static let bytesOfGalaxy = 20_520 + 8
    /// Seconds of an invocation that are none of computing: the environment's start, weights, the first bytes, results.
    public static let overhead = 1.0
    /// Lambda ends an invocation then.
    public static let mostSeconds = 900.0
    /// Functions at once that a new account often has.
    public static let usualConcurrency = 1000
    /// MB of memory that a new account often has.
    public static let usualMemory = 3008

    /// Where the partitions lie, such as `s3://bucket/folder/`.
    public let place: String
    public let workers: Workers
    public let ranks: [Rank]
    /// Workers at once.
    public let concurrency: Int
    public let files: Int
    public let bytes: Int
    public let galaxies: Int

    /// - Parameters:
    ///   - sizes: of each rank, the bytes of its partitions.
    ///   - concurrency: workers at once.
    public init(place: String, sizes: [[Int]], concurrency: Int, workers: Workers) {
        self.place = place
        self.workers = workers
        self.concurrency = concurrency
        ranks = sizes.enumerated().map { rank, sizes in
            let bytes = sizes.reduce(0, +)
            let galaxies = bytes / Self.bytesOfGalaxy
            return Rank(
                rank: rank, files: sizes.count, bytes: bytes, galaxies: galaxies,
                seconds: Self.overhead + Double(galaxies) / workers.galaxiesPerSecond)
        }
        files = ranks.reduce(0) { $0 + $1.files }
        bytes = ranks.reduce(0) { $0 + $1.bytes }
        galaxies = ranks.reduce(0) { $0 + $1.galaxies }
    }

    public var slowest: Double { ranks.map(\.seconds).max() ?? 0 }
    public var workerSeconds: Double { ranks.reduce(0) { $0 + $1.seconds } }

    /// Of the Map: as long as its slowest rank where all run at once, and else at most so long (Graham 1969: work shared
    /// out evenly, and the longest job last).
    public var mapSeconds: Double {
        guard ranks.count > concurrency else { return slowest }
        return workerSeconds / Double(concurrency) + slowest * (1 - 1 / Double(concurrency))
    }

    /// Of Initialize and Summarize together: a request or two for each rank, many at once.
    public var otherSeconds: Double { 2 * Self.overhead + 0.005 * Double(ranks.count) }

    /// Memory configured, not used: so it is billed.
    public var gigabyteSeconds: Double {
        Prices.gigabyteSeconds(memory: workers.memory, seconds: workerSeconds + otherSeconds)
    }

    public var requests: Int { ranks.count + 2 }

    /// States entered: one of each worker's own execution and its start, and those around the Map.
    public var stateTransitions: Int { 2 * ranks.count + 8 }

    /// US dollars: functions, and what Step Functions asks.
    public var cost: (functions: Double, stateMachine: Double) {
        (
            gigabyteSeconds * Prices.gigabyteSecond(workers.architecture.rawValue)
                + Double(requests) * Prices.request,
            Double(stateTransitions) * Prices.stateTransition
        )
    }

    /// AWS limits that the run would meet: a line each.
    public var warnings: [String] {
        var lines: [String] = []
        if let rank = ranks.first(where: { $0.seconds > Self.mostSeconds }) {
            let count = ranks.count { $0.seconds > Self.mostSeconds }
            lines.append(
                "\(count) of \(ranks.count) ranks would take longer than Lambda's \(Int(Self.mostSeconds)) s, such as "
                    + "rank \(rank.rank) with \(Int(min(1e15, rank.seconds.rounded(.up)))) s: take more ranks, smaller "
                    + "partitions or more memory")
        }
        if min(concurrency, ranks.count) > Self.usualConcurrency {
            lines.append(
                "\(min(concurrency, ranks.count)) workers at once: an account has \(Self.usualConcurrency) unless it "
                    + "has asked for more, and new ones have fewer")
        }
        if workers.memory > Self.usualMemory {
            lines.append("\(workers.memory) MB: new accounts often have \(Self.usualMemory) MB at most")
        }
        let idle = ranks.count { $0.files == 0 }
        if idle > 0 { lines.append("\(idle) of \(ranks.count) ranks have no partition") }
        return lines
    }
}
