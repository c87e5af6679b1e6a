import Cloud
import Platform

/// What a worker did, as `{result_path}/{rank}.json` tells it: every field of the reference, and some of ours. What
/// each means is in docs/RESULTS.md. Times are seconds of a monotonic clock unless they say otherwise.
public struct RankResult: Sendable, Equatable {
    // The reference's.
    public var batchSize = 0
    public var resultPath = ""
    public var dataPaths: [String] = []
    public var galaxies = 0
    /// Requests to the store, one by one.
    public var storeRequests = StoreCalls()
    public var initSeconds = 0.0
    public var fetchSeconds = 0.0
    public var modelSeconds = 0.0
    public var inferenceSeconds = 0.0
    public var publishSeconds = 0.0
    public var totalSeconds = 0.0
    /// The most memory that the process has had, in bytes.
    public var peakMemory = 0

    // Ours.
    public var runID: String?
    public var rank = 0
    public var worldSize = 0
    /// Seconds since 1970.
    public var started = 0.0
    public var finished = 0.0
    /// Of all threads, in the kernel and out of it.
    public var processorSeconds = 0.0
    public var threads = 0
    public var instructionSet = ""
    /// What the weights are called, and what changes with their bytes.
    public var weights = ""
    public var weightsETag: String?
    /// Bytes of the predictions; nil where none were asked for.
    public var predictionBytes: Int?
    /// Galaxies whose redshift is not a finite number.
    public var nonFinite = 0
    /// The most bytes of partitions that were in memory at a time.
    public var peakFetched = 0
    /// AWS Lambda's setting, in MB of 2^20 bytes; nil elsewhere.
    public var configuredMemory: Int?
    /// What had to be assumed of the weights.
    public var notices: [String] = []

    public init() {}

    /// The reference counts what is stored of a galaxy: 5 x 32 x 32 pixels in float32 and 5 magnitudes in float64.
    static let bitsPerGalaxy = 8 * 20_520

    #if arch(arm64)
    static let architecture = "arm64"
    #else
    static let architecture = "x86_64"
    #endif

    public var json: JSONValue {
        let time = inferenceSeconds
        let batches = Double(galaxies) / Double(max(1, batchSize))
        func rate(_ amount: Double) -> JSONValue { .number(time > 0 ? amount / time : 0) }
        var fields: [String: JSONValue] = [
            "total_cpu_time (seconds)": .number(time),
            "total_cpu_memory (MB)": .number(Double(peakMemory) / 1e6),
            "execution_time (seconds/batch)": .number(galaxies > 0 ? time / batches : 0),
            "num_batches": .integer((galaxies + max(1, batchSize) - 1) / max(1, batchSize)),
            "batch_size": .integer(batchSize), "device": .string("cpu"),
            "throughput_bps": rate(Double(galaxies * Self.bitsPerGalaxy)), "sample_persec": rate(Double(galaxies)),
            "result_path": .string(resultPath), "data_path": WorkerItem.paths(dataPaths),
            "num_samples": .integer(galaxies), "init_s": .number(initSeconds),
            "payload_fetch_s": .number(fetchSeconds), "scatter_s": .number(0), "model_load_s": .number(modelSeconds),
            "inference_s": .number(time), "barrier_s": .number(0), "publish_s": .number(publishSeconds),
            "total_s": .number(totalSeconds),
            "run_id": .optional(runID), "rank": .integer(rank), "world_size": .integer(worldSize),
            "started": .number(started), "finished": .number(finished),
            "processor_s": .number(processorSeconds), "threads": .integer(threads),
            "instruction_set": .string(instructionSet), "architecture": .string(Self.architecture),
            "weights": .string(weights), "weights_etag": .optional(weightsETag),
            "fetched_peak_bytes": .integer(peakFetched), "predictions_bytes": .optional(predictionBytes),
            "non_finite": .integer(nonFinite),
            "configured_memory_mb": .optional(configuredMemory),
        ]
        if !notices.isEmpty { fields["notices"] = .array(notices.map { .string($0) }) }
        fields.merge(storeRequests.json) { first, _ in first }
        return .object(fields)
    }
}
