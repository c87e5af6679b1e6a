import Cloud
import Inference

/// The result of one rank: `{result_path}/{rank}.json`, and an element of `combined_data.json`. It has every field of the
/// published system, and more of this program (docs/RESULTS.md). What files of the published system or of earlier versions
/// lack is nil, or 0 where it is added up. Times are seconds of a monotonic clock unless stated otherwise.
public struct RankResult: Sendable, Equatable {
    /// `total_cpu_time (seconds)`: wall time of computing, in spite of its name.
    public var seconds = 0.0
    /// `total_cpu_memory (MB)`, in 10^6 bytes: here the peak of the process, in published files a sum over allocations.
    public var memory = 0.0
    /// `throughput_bps`: bits of galaxies by `seconds`.
    public var throughput = 0.0
    public var batchSize = 0
    /// `num_samples`; `sample_persec` times `seconds` where a file lacks it.
    public var galaxies = 0
    /// Whether the file has `num_samples`.
    var isCounted = true
    /// Keys of the rank's partitions; empty where it had none or the file does not name them.
    public var dataPaths: [String] = []
    /// The ETags that the partitions had; empty in files of versions that did not state them.
    public var etags: [String] = []
    /// The rows of the partitions that the rank had, nil for all; empty where none was cut.
    public var rows: [Range<Int>?] = []
    public var resultPath: String?
    /// nil in files of versions that did not count calls to the store.
    public var store: StoreTimes?

    public var initSeconds = 0.0
    public var fetchSeconds = 0.0
    public var scatterSeconds = 0.0
    public var modelSeconds = 0.0
    /// nil, as `totalSeconds`, in files of versions that did not record stages.
    public var inferenceSeconds: Double?
    public var barrierSeconds = 0.0
    public var publishSeconds = 0.0
    public var totalSeconds: Double?

    /// nil in published files, as all that follows.
    public var runID: String?
    public var rank: Int?
    public var worldSize: Int?
    /// Seconds since 1970.
    public var started: Double?
    public var finished: Double?
    /// Of all threads, in user and kernel mode.
    public var processorSeconds: Double?
    public var threads: Int?
    public var instructionSet: String?
    /// `x86_64` or `arm64`.
    public var architecture: String?
    /// The name of the weights, and their ETag, which changes with their bytes.
    public var weights: String?
    public var weightsETag: String?
    /// Of the weights' file, in hexadecimal digits.
    public var weightsSHA256: String?
    /// The program's version and back end; nil, as `choices`, in files of versions that did not state them.
    public var version: String?
    /// `Arithmetic`
    public var arithmetic: String?
    public var gemm: String?
    /// What was taken from the files, and how, as in `RunRecord.choices`.
    public var choices: [String: String] = [:]
    /// Bytes of the predictions; nil where none were written.
    public var predictionBytes: Int?
    /// Their SHA-256 in hexadecimal digits, and their ETag in the store.
    public var predictionSHA256: String?
    public var predictionETag: String?
    /// Galaxies whose redshift is not a finite number.
    public var nonFinite = 0
    /// These galaxies by the reason; nil where there are none, and in files of versions that did not count reasons.
    public var flags: FlagCounts?
    /// Galaxies whose redshift is implausible; nil where there are none, and in files of versions that did not count them.
    public var implausible: PlausibleRedshifts.Outside?
    /// The most bytes of partitions that were in memory at a time.
    public var peakFetched: Int?
    /// The memory configured on AWS Lambda, in MB of 2^20 bytes; nil elsewhere.
    public var configuredMemory: Int?
    /// Of the invocation on AWS Lambda, and where its log is; nil elsewhere and in files of earlier versions.
    public var requestID: String?
    public var logGroup: String?
    /// Attempts whose work is in this result; nil for one.
    public var attempts: Int?
    /// Galaxies that earlier attempts computed; nil for none.
    public var earlierGalaxies: Int?
    /// Choices that can change a number: what the weights do not state, how files were read.
    public var warnings: [String] = []

    public init() {}

    /// Seconds that calls to the store took. Calls at the same time count one by one.
    public struct StoreTimes: Sendable, Equatable {
        public let total: Double
        public let average: Double?
        public let shortest: Double?
        public let longest: Double?
        public let requests: Int?
        /// Seconds since 1970.
        public let firstRequest: Double?
        public let lastResponse: Double?
        public let bytesRead: Int?
        public let bytesWritten: Int?
    }

    /// Seconds of the stages, which follow each other.
    public struct Stages: Sendable, Equatable {
        /// Checking the event and loading the weights (`init_s`, `model_load_s`).
        public let load: Double
        /// Until the partitions can be read (`payload_fetch_s`, `scatter_s`). This program fetches galaxies while others
        /// are computed: that time is in `compute`.
        public let download: Double
        /// `inference_s`, `barrier_s`.
        public let compute: Double
        /// `publish_s`.
        public let publish: Double
        /// `total_s`.
        public let total: Double

        /// The time between the stages.
        public var other: Double { max(0, total - load - download - compute - publish) }
    }

    /// nil in files of versions that did not record stages.
    public var stages: Stages? {
        guard let inferenceSeconds, let totalSeconds else { return nil }
        return Stages(
            load: initSeconds + modelSeconds, download: fetchSeconds + scatterSeconds,
            compute: inferenceSeconds + barrierSeconds, publish: publishSeconds, total: totalSeconds)
    }

    /// `throughput_bps` times the computing time.
    public var bits: Double { throughput * seconds }

    /// Image and magnitudes of a galaxy as partitions store them: 5 x 32 x 32 pixels in float32, 5 magnitudes in float64.
    public static let bitsPerGalaxy = 8 * 20_520.0

    #if arch(arm64)
    static let architecture = "arm64"
    #else
    static let architecture = "x86_64"
    #endif
}

extension RankResult.StoreTimes {
    /// Calls that a recording store has timed. A call that was tried again counts once, with all its time.
    init(_ calls: StoreStatistics) {
        total = calls.totalTime
        average = calls.totalTime / Double(max(1, calls.requests))
        (shortest, longest) = (calls.minTime ?? 0, calls.maxTime ?? 0)
        requests = calls.requests
        (firstRequest, lastResponse) = (calls.firstRequest, calls.lastResponse)
        (bytesRead, bytesWritten) = (calls.bytesRead, calls.bytesWritten)
    }
}
