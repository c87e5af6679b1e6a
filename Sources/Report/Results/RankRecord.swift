/// What one rank of a run says of itself: an element of `combined_data.json`, as the published system writes it or as
/// ours does (docs/RESULTS.md). Keys that are not here are passed over.
public struct RankRecord: Sendable, Equatable {
    /// `total_cpu_time (seconds)`: wall time of computing, in spite of its name.
    public let seconds: Double
    /// `total_cpu_memory (MB)`.
    public let memory: Double
    /// `throughput_bps`: bits of galaxies by `seconds`.
    public let throughput: Double
    public let batchSize: Int
    /// `num_samples`; of files that lack it, `sample_persec` times `seconds`.
    public let galaxies: Int
    /// Keys of its partitions; empty where it had none or does not tell.
    public let dataPaths: [String]
    public let resultPath: String?
    /// Calls to the store; nil in files of versions that did not count them.
    public let store: StoreTimes?
    /// nil in files of versions that did not tell the stages apart.
    public let stages: Stages?

    public let rank: Int?
    public let worldSize: Int?
    public let runID: String?
    /// Seconds since 1970.
    public let started: Double?
    public let finished: Double?
    public let threads: Int?
    public let instructionSet: String?
    /// AWS Lambda's setting in MB of 2^20 bytes; nil elsewhere.
    public let configuredMemory: Int?

    /// Seconds that calls to the store took. Calls at once count one by one.
    public struct StoreTimes: Sendable, Equatable {
        public let total: Double
        public let average: Double?
        public let shortest: Double?
        public let longest: Double?
        public let requests: Int?
        /// Seconds since 1970.
        public let firstRequest: Double?
        public let lastResponse: Double?
    }

    /// Seconds of the stages, which follow each other.
    public struct Stages: Sendable, Equatable {
        /// Checking the event, and loading the weights (`init_s`, `model_load_s`).
        public let load: Double
        /// Until the partitions can be read (`payload_fetch_s`, `scatter_s`). In our runs galaxies are fetched while
        /// others are computed: that is in `compute`.
        public let download: Double
        /// `inference_s`, `barrier_s`.
        public let compute: Double
        /// `publish_s`.
        public let publish: Double
        /// `total_s`.
        public let total: Double

        /// What lies between the stages.
        public var other: Double { max(0, total - load - download - compute - publish) }
    }

    /// `throughput_bps` x time.
    public var bits: Double { throughput * seconds }

    /// Image and magnitudes of a galaxy as partitions store them: 5 x 32 x 32 pixels in float32, 5 magnitudes in
    /// float64.
    public static let bitsPerGalaxy = 8 * 20_520.0
}
