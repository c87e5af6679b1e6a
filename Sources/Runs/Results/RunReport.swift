import Cloud
import Costs
import FoundationEssentials
import Inference
import Platform

/// How a run went: what `summary.json` holds and Summarize returns.
public struct RunReport: Sendable {
    /// A rank without a valid result, and why.
    public struct FailedRank: Sendable, Equatable {
        public let rank: Int
        public let reason: String
    }

    public let manifest: RunManifest
    public internal(set) var failed: [FailedRank] = []
    public internal(set) var galaxies = 0
    public internal(set) var nonFinite = 0
    /// What ranks computed with. Bits are promised for one instruction set: a run over unlike machines may have several.
    public internal(set) var instructionSets: Set<String> = []
    public internal(set) var weights: Set<String> = []
    /// Seconds since the run was initialized (or resumed).
    public internal(set) var wallSeconds = 0.0
    /// From the first rank's start to the last one's end; nil where ranks do not tell.
    public internal(set) var mapSeconds: Double?
    /// Of all ranks together.
    public internal(set) var workerSeconds = 0.0
    public internal(set) var inferenceSeconds = 0.0
    public internal(set) var storeSeconds = 0.0
    public internal(set) var storeRequests = 0
    public internal(set) var bytesRead = 0
    public internal(set) var bytesWritten = 0
    /// What AWS Lambda bills for the workers; nil where they ran elsewhere.
    public internal(set) var billedGigabyteSeconds: Double?
    /// Dollars: the workers' time and all invocations.
    public internal(set) var cost: Double?
    /// nil where no galaxy has a redshift to compare with, or there are too many to hold.
    public internal(set) var quality: Quality?
    /// What the Map says went wrong; nil where it says nothing.
    public internal(set) var mapError: String?

    init(manifest: RunManifest) { self.manifest = manifest }

    public var failedPercentage: Double { 100 * Double(failed.count) / Double(max(1, manifest.ranks)) }
    /// Whether no more ranks failed than the run tolerates.
    public var isTolerable: Bool { failedPercentage <= manifest.input.toleratedFailurePercentage }

    mutating func add(_ entry: RankEntry) {
        galaxies = galaxies.cappedSum(entry.galaxies)
        nonFinite = nonFinite.cappedSum(entry.nonFinite)
        instructionSets.insert(entry.instructionSet)
        weights.insert(entry.weights)
        workerSeconds += entry.totalSeconds
        inferenceSeconds += entry.inferenceSeconds
        storeSeconds += entry.storeSeconds
        storeRequests = storeRequests.cappedSum(entry.storeRequests)
        bytesRead = bytesRead.cappedSum(entry.bytesRead)
        bytesWritten = bytesWritten.cappedSum(entry.bytesWritten)
        guard let memory = entry.configuredMemory else { return }
        var usage = LambdaUsage()
        usage.add(of: entry.totalSeconds, memory: memory)
        billedGigabyteSeconds = (billedGigabyteSeconds ?? 0) + usage.gigabyteSeconds
        let architecture = LambdaArchitecture(rawValue: entry.architecture) ?? .x86
        cost = (cost ?? 0) + PriceList.published.bill(usage, on: architecture).total
    }

    /// One line that names the ranks that failed, as many as it has room for.
    public var failureText: String {
        let shown = failed.prefix(5).map { "rank \($0.rank): \($0.reason)" }.joined(separator: "; ")
        let more = failed.count > 5 ? "; and \(failed.count - 5) more" : ""
        return "\(failed.count) of \(manifest.ranks) ranks failed, \(Decimals.fixed(failedPercentage, 2))% where "
            + "\(Decimals.fixed(manifest.input.toleratedFailurePercentage, 2))% are tolerated: \(shown)\(more)"
            + (mapError.map { "; the Map: \($0)" } ?? "")
    }

    private static func rate(_ galaxies: Int, _ seconds: Double?) -> JSONValue {
        seconds.flatMap { $0 > 0 ? JSONValue.number(Double(galaxies) / $0) : nil } ?? .null
    }

    /// - Parameter most: failed ranks to name; the others are counted.
    func json(namingAtMost most: Int = Int.max) -> JSONValue {
        let keys = manifest.keys
        func place(_ key: String) -> JSONValue { S3Location(bucket: manifest.input.bucket, key: key).json }
        return .object([
            "run_id": .string(manifest.runID), "result_path": .string(manifest.input.resultPath),
            "ranks": .integer(manifest.ranks), "failed": .integer(failed.count),
            "failed_ranks": .array(
                failed.prefix(most).map { .object(["rank": .integer($0.rank), "reason": .string($0.reason)]) }),
            "failed_percentage": .number(failedPercentage),
            "tolerated_failure_percentage": .number(manifest.input.toleratedFailurePercentage),
            "map_error": .optional(mapError),
            "galaxies": .integer(galaxies), "non_finite": .integer(nonFinite),
            "instruction_sets": .array(instructionSets.sorted().map { .string($0) }),
            "weights": .array(weights.sorted().prefix(20).map { .string($0) }),
            "wall_s": .number(wallSeconds), "map_s": .optional(mapSeconds), "worker_s": .number(workerSeconds),
            "inference_s": .number(inferenceSeconds),
            "galaxies_per_s": Self.rate(galaxies, wallSeconds), "galaxies_per_map_s": Self.rate(galaxies, mapSeconds),
            "galaxies_per_worker_s": Self.rate(galaxies, workerSeconds),
            "galaxies_per_inference_s": Self.rate(galaxies, inferenceSeconds),
            "s3_s": .number(storeSeconds), "s3_requests": .integer(storeRequests),
            "bytes_read": .integer(bytesRead), "bytes_written": .integer(bytesWritten),
            "billed_gb_s": .optional(billedGigabyteSeconds), "cost_usd": .optional(cost),
            "quality": quality.flatMap { Self.json($0) } ?? .null,
            "manifest": place(keys.manifest), "combined": place(keys.combined),
            "predictions": manifest.input.predictions ? place(keys.predictions) : .null, "summary": place(keys.summary),
        ])
    }

    private static func json(_ quality: Quality) -> JSONValue? {
        guard let data = try? JSONEncoder().encode(quality) else { return nil }
        return try? JSONValue.parse([UInt8](data), name: "quality")
    }
}
