import Cloud
import Costs
import Inference
import Platform

/// The summary of a run: `summary.json`, which Summarize writes and returns.
public struct RunReport: Sendable {
    /// A rank without a valid result, and why.
    public struct FailedRank: Sendable, Equatable, Codable {
        public let rank: Int
        public let reason: String
    }

    public internal(set) var runID = ""
    /// The bucket of the results; empty where a file does not name it.
    public internal(set) var bucket = ""
    public internal(set) var keys: RunKeys
    /// The key of the table of predictions: all of them, or those of the ranks that did not fail; nil where there is none.
    public internal(set) var table: String?
    /// Why the table could not be written; nil for no error.
    public internal(set) var tableError: String?
    public internal(set) var ranks = 0
    var toleratedFailurePercentage = 0.0
    /// The failed ranks, or the first of them: `failedCount` counts all.
    public internal(set) var failed: [FailedRank] = []
    public internal(set) var failedCount = 0
    public internal(set) var galaxies = 0
    public internal(set) var nonFinite = 0
    /// These galaxies by the reason, of the ranks that state it.
    public internal(set) var flags = FlagCounts([])
    /// Galaxies whose redshift is implausible, of the ranks that state it.
    public internal(set) var implausible: PlausibleRedshifts.Outside?
    /// Median |dz|; nil where few redshifts are known: see `PlausibleRedshifts`.
    public internal(set) var medianError: Double?
    /// Galaxies with an object id that an earlier one has; nil where there are none, and where they are not looked for.
    public internal(set) var repeatedIDs: RepeatedIDs.Found?
    /// The ranks' warnings, each once; at most 20.
    public internal(set) var warnings: [String] = []
    /// Objects of the listing that are not partitions.
    public internal(set) var leftOut = LeftOutObjects()
    /// The instruction sets of the ranks: several where they ran on different processors. Bits do not depend on it.
    public internal(set) var instructionSets: Set<String> = []
    public internal(set) var weights: Set<String> = []
    /// Seconds since the run was initialized (or resumed).
    public internal(set) var wallSeconds = 0.0
    /// From the first rank's start to the last one's end; nil where ranks do not record them.
    public internal(set) var mapSeconds: Double?
    /// Sums over all ranks, as the store's seconds, requests and bytes.
    public internal(set) var workerSeconds = 0.0
    public internal(set) var inferenceSeconds = 0.0
    public internal(set) var storeSeconds = 0.0
    public internal(set) var storeRequests = 0
    public internal(set) var bytesRead = 0
    public internal(set) var bytesWritten = 0
    /// GB-seconds that AWS Lambda bills for the workers; nil where they ran elsewhere.
    public internal(set) var billedGigabyteSeconds: Double?
    /// Dollars: the workers' time and all invocations.
    public internal(set) var cost: Double?
    /// nil where no galaxy has a redshift to compare with, or there are too many to hold.
    public internal(set) var quality: Quality?
    /// The error that the Map reports; nil for none.
    public internal(set) var mapError: String?
    /// As in the manifest.
    public internal(set) var concurrency: PlannedConcurrency?

    init(manifest: RunManifest) {
        (runID, ranks, keys) = (manifest.runID, manifest.ranks, manifest.keys)
        bucket = manifest.input.bucket
        toleratedFailurePercentage = manifest.input.toleratedFailurePercentage
        (leftOut, concurrency) = (manifest.leftOut, manifest.concurrency)
    }

    public var failedPercentage: Double { Self.percentage(failedCount, of: ranks) }
    /// Whether no more ranks failed than the run tolerates.
    public var isTolerable: Bool { failedPercentage <= toleratedFailurePercentage }
    /// Galaxies a second of wall time; nil where that is 0.
    public var galaxiesPerSecond: Double? { rate(wallSeconds) }

    /// The failed ranks that a summary names.
    private static let mostFailed = 1000

    static func percentage(_ failed: Int, of ranks: Int) -> Double { 100 * Double(failed) / Double(max(1, ranks)) }

    func rate(_ seconds: Double?) -> Double? { seconds.flatMap { $0 > 0 ? Double(galaxies) / $0 : nil } }

    mutating func add(failed rank: Int, _ error: Failure) {
        failedCount += 1
        guard failed.count < Self.mostFailed else { return }
        failed.append(FailedRank(rank: rank, reason: error.description))
    }

    mutating func add(_ rank: RankResult) {
        galaxies = galaxies.cappedSum(rank.galaxies)
        nonFinite = nonFinite.cappedSum(rank.nonFinite)
        if let flags = rank.flags { self.flags.add(flags) }
        implausible = PlausibleRedshifts.usual.joined(implausible, rank.implausible)
        for warning in rank.warnings where warnings.count < 20 && !warnings.contains(warning) {
            warnings.append(warning)
        }
        instructionSets.insert(rank.instructionSet ?? "")
        weights.insert(rank.weights ?? "")
        workerSeconds += rank.totalSeconds ?? 0
        inferenceSeconds += rank.inferenceSeconds ?? 0
        storeSeconds += rank.store?.total ?? 0
        storeRequests = storeRequests.cappedSum(rank.store?.requests ?? 0)
        bytesRead = bytesRead.cappedSum(rank.store?.bytesRead ?? 0)
        bytesWritten = bytesWritten.cappedSum(rank.store?.bytesWritten ?? 0)
        guard let memory = rank.configuredMemory else { return }
        var usage = LambdaUsage()
        usage.add(of: rank.totalSeconds ?? 0, memory: memory)
        usage.requests += (rank.attempts ?? 1) - 1
        billedGigabyteSeconds = (billedGigabyteSeconds ?? 0) + usage.gigabyteSeconds
        let architecture = rank.architecture.flatMap(LambdaArchitecture.init) ?? .x86
        cost = (cost ?? 0) + PriceList.published.bill(usage, on: architecture).total
    }

    /// One line that names the first failed ranks.
    public var failureText: String {
        let shown = failed.prefix(5).map { "rank \($0.rank): \($0.reason)" }.joined(separator: "; ")
        let more = failedCount > 5 ? "; and \(failedCount - 5) more" : ""
        return "\(failedCount) of \(ranks) ranks failed, \(Decimals.fixed(failedPercentage, 2))% where "
            + "\(Decimals.fixed(toleratedFailurePercentage, 2))% are tolerated: \(shown)\(more)"
            + (mapError.map { "; the Map: \($0)" } ?? "")
    }
}

extension RunReport: Codable {
    enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case resultPath = "result_path"
        case ranks
        case failedCount = "failed"
        case failed = "failed_ranks"
        case failedPercentage = "failed_percentage"
        case toleratedFailurePercentage = "tolerated_failure_percentage"
        case mapError = "map_error"
        case galaxies
        case nonFinite = "non_finite"
        case flags, implausible, warnings
        case medianError = "median_abs_dz"
        case tableError = "predictions_error"
        case repeatedIDs = "repeated_ids"
        case leftOut = "left_out"
        case instructionSets = "instruction_sets"
        case weights
        case wallSeconds = "wall_s"
        case mapSeconds = "map_s"
        case workerSeconds = "worker_s"
        case inferenceSeconds = "inference_s"
        case wallRate = "galaxies_per_s"
        case mapRate = "galaxies_per_map_s"
        case workerRate = "galaxies_per_worker_s"
        case inferenceRate = "galaxies_per_inference_s"
        case storeSeconds = "s3_s"
        case storeRequests = "s3_requests"
        case bytesRead = "bytes_read"
        case bytesWritten = "bytes_written"
        case billedGigabyteSeconds = "billed_gb_s"
        case cost = "cost_usd"
        case quality, manifest, combined, predictions, summary
        case concurrency = "max_concurrency"
        case concurrencyReason = "max_concurrency_reason"
    }

    private typealias Field<Value> = (CodingKeys, any WritableKeyPath<RunReport, Value> & Sendable)

    private static let counts: [Field<Int>] = [
        (.ranks, \.ranks), (.failedCount, \.failedCount), (.galaxies, \.galaxies), (.nonFinite, \.nonFinite),
        (.storeRequests, \.storeRequests), (.bytesRead, \.bytesRead), (.bytesWritten, \.bytesWritten),
    ]
    private static let amounts: [Field<Double>] = [
        (.toleratedFailurePercentage, \.toleratedFailurePercentage), (.workerSeconds, \.workerSeconds),
        (.inferenceSeconds, \.inferenceSeconds), (.storeSeconds, \.storeSeconds),
    ]

    /// A summary of another version may lack any key except `wall_s`.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys) -> Value? {
            (try? fields.decodeIfPresent(Value.self, forKey: key)) ?? nil
        }
        runID = value(.runID) ?? ""
        keys = RunKeys(resultPath: value(.resultPath) ?? "", runID: runID)
        if case .string(let name)? = (value(.manifest) as JSONValue?)?["bucket"] { bucket = name }
        if case .string(let key)? = (value(.predictions) as JSONValue?)?["key"] { table = key }
        tableError = value(.tableError)
        failed = value(.failed) ?? []
        for (key, field) in Self.counts { self[keyPath: field] = value(key) ?? 0 }
        for (key, field) in Self.amounts { self[keyPath: field] = value(key) ?? 0 }
        instructionSets = value(.instructionSets) ?? []
        weights = value(.weights) ?? []
        wallSeconds = try fields.decode(Double.self, forKey: .wallSeconds)
        mapSeconds = try fields.decodeIfPresent(Double.self, forKey: .mapSeconds)
        billedGigabyteSeconds = value(.billedGigabyteSeconds)
        cost = value(.cost)
        quality = value(.quality)
        mapError = value(.mapError)
        flags = value(.flags) ?? FlagCounts([])
        (implausible, medianError, repeatedIDs) = (value(.implausible), value(.medianError), value(.repeatedIDs))
        warnings = value(.warnings) ?? []
        leftOut = LeftOutObjects(json: value(.leftOut))
        concurrency = (value(.concurrency) as Int?).map {
            PlannedConcurrency(workers: $0, reason: value(.concurrencyReason) ?? "")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        func location(_ key: String) -> JSONValue { S3Location(bucket: bucket, key: key).json }
        for (key, field) in Self.counts { try fields.encode(self[keyPath: field], forKey: key) }
        for (key, field) in Self.amounts { try fields.encode(self[keyPath: field], forKey: key) }
        try fields.encode(runID, forKey: .runID)
        try fields.encode(keys.resultPath, forKey: .resultPath)
        try fields.encode(failed, forKey: .failed)
        try fields.encode(failedPercentage, forKey: .failedPercentage)
        try fields.encode(mapError, forKey: .mapError)
        try fields.encode(instructionSets.sorted(), forKey: .instructionSets)
        try fields.encode(Array(weights.sorted().prefix(20)), forKey: .weights)
        try fields.encode(wallSeconds, forKey: .wallSeconds)
        try fields.encode(mapSeconds, forKey: .mapSeconds)
        try fields.encode(galaxiesPerSecond, forKey: .wallRate)
        try fields.encode(rate(mapSeconds), forKey: .mapRate)
        try fields.encode(rate(workerSeconds), forKey: .workerRate)
        try fields.encode(rate(inferenceSeconds), forKey: .inferenceRate)
        try fields.encode(billedGigabyteSeconds, forKey: .billedGigabyteSeconds)
        try fields.encode(cost, forKey: .cost)
        try fields.encode(quality, forKey: .quality)
        if flags.flagged > 0 { try fields.encode(flags, forKey: .flags) }
        try fields.encodeIfPresent(implausible, forKey: .implausible)
        try fields.encodeIfPresent(medianError, forKey: .medianError)
        try fields.encodeIfPresent(repeatedIDs, forKey: .repeatedIDs)
        if !warnings.isEmpty { try fields.encode(warnings, forKey: .warnings) }
        if !leftOut.counts.isEmpty { try fields.encode(leftOut.json, forKey: .leftOut) }
        try fields.encodeIfPresent(concurrency?.workers, forKey: .concurrency)
        try fields.encodeIfPresent(concurrency?.reason, forKey: .concurrencyReason)
        try fields.encode(location(keys.manifest), forKey: .manifest)
        try fields.encode(location(keys.combined), forKey: .combined)
        try fields.encode(table.map(location) ?? .null, forKey: .predictions)
        try fields.encodeIfPresent(tableError, forKey: .tableError)
        try fields.encode(location(keys.summary), forKey: .summary)
    }
}
