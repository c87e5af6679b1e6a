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
    /// Whether the run writes predictions.
    var hasPredictions = false
    public internal(set) var ranks = 0
    var toleratedFailurePercentage = 0.0
    /// The failed ranks, or the first of them: `failedCount` counts all.
    public internal(set) var failed: [FailedRank] = []
    public internal(set) var failedCount = 0
    public internal(set) var galaxies = 0
    public internal(set) var nonFinite = 0
    /// The instruction sets of the ranks. Equal bits are promised for one instruction set; a run over different machines
    /// may have several.
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

    init(manifest: RunManifest) {
        runID = manifest.runID
        bucket = manifest.input.bucket
        keys = manifest.keys
        hasPredictions = manifest.input.predictions
        ranks = manifest.ranks
        toleratedFailurePercentage = manifest.input.toleratedFailurePercentage
    }

    public var failedPercentage: Double { 100 * Double(failedCount) / Double(max(1, ranks)) }
    /// Whether no more ranks failed than the run tolerates.
    public var isTolerable: Bool { failedPercentage <= toleratedFailurePercentage }
    /// Galaxies a second of wall time; nil where that is 0.
    public var galaxiesPerSecond: Double? { rate(wallSeconds) }

    func rate(_ seconds: Double?) -> Double? { seconds.flatMap { $0 > 0 ? Double(galaxies) / $0 : nil } }

    mutating func add(failed rank: Int, _ error: Failure) {
        failed.append(FailedRank(rank: rank, reason: error.description))
        failedCount += 1
    }

    mutating func add(_ rank: RankResult) {
        galaxies = galaxies.cappedSum(rank.galaxies)
        nonFinite = nonFinite.cappedSum(rank.nonFinite)
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
