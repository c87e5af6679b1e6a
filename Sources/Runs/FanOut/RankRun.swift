import Cloud
import FoundationEssentials
import Inference
import Platform

/// A rank while it runs: its clock, its deadline and its result so far.
struct RankRun {
    let store: RecordingStore
    /// When computing has to stop; nil for no deadline.
    let stop: ContinuousClock.Instant?
    var result = RankResult()

    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant
    private let processorSeconds = ProcessFigures.processorSeconds

    /// Seconds before the deadline at which computing stops, so that the error still reaches the caller.
    private static let margin = 2.0

    init(_ item: WorkerItem, store: RecordingStore, deadline: Double?) {
        self.store = store
        last = start
        let now = Date().timeIntervalSince1970
        stop = deadline.map { [start] in start + .seconds(min($0 - now - Self.margin, 1e9)) }
        result.started = now
        (result.rank, result.worldSize, result.runID) = (item.rank, item.worldSize, item.runID)
        (result.batchSize, result.resultPath, result.dataPaths) = (item.batchSize, item.resultPath, item.dataPaths)
    }

    /// Seconds since the last lap.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { last = now }
        return (now - last) / .seconds(1)
    }

    /// - Throws: `Failure` when the time to stop has come.
    func check(_ stage: String) throws(Failure) {
        if let stop, ContinuousClock.now >= stop { throw stopped(stage) }
    }

    func stopped(_ stage: String) -> Failure { Failure("stopped at the deadline, \(stage): 0 galaxies done") }

    /// - Parameter partitions: of the rank.
    mutating func finish(
        _ loaded: ModelCache.Loaded, _ predictions: Predictions, _ partitions: [PartitionReader],
        _ layout: GalaxyLayout, _ environment: [String: String]
    ) {
        result.galaxies = predictions.redshifts.count
        result.seconds = result.inferenceSeconds ?? 0
        let bits = Double(result.galaxies) * RankResult.bitsPerGalaxy
        result.throughput = result.seconds > 0 ? bits / result.seconds : 0
        let flags = predictions.flagCounts
        (result.nonFinite, result.flags) = (flags.flagged, flags.flagged > 0 ? flags : nil)
        result.implausible = PlausibleRedshifts.usual.outside(predictions.redshifts)
        result.threads = predictions.threads
        result.instructionSet = loaded.model.instructionSet.rawValue
        result.weights = loaded.name
        result.weightsETag = loaded.etag
        result.weightsSHA256 = loaded.sha256
        result.version = Release.version
        result.gemm = loaded.model.gemm.rawValue
        result.arithmetic = loaded.model.arithmetic.description
        result.choices = RunChoices.made(partitions, layout, heads: loaded.model.config.encoder.numHeads)
        result.configuredMemory = LambdaSettings.memory(environment)
        result.logGroup = LambdaSettings.logGroup(environment)
        result.architecture = RankResult.architecture
        result.store = RankResult.StoreTimes(store.statistics)
        result.memory = Double(ProcessFigures.peakMemory) / 1e6
        result.processorSeconds = ProcessFigures.processorSeconds - processorSeconds
        result.finished = Date().timeIntervalSince1970
        result.totalSeconds = (ContinuousClock.now - start) / .seconds(1)
    }
}

/// Settings that AWS Lambda passes to a function.
enum LambdaSettings {
    static func logGroup(_ environment: [String: String]) -> String? { environment.set("AWS_LAMBDA_LOG_GROUP_NAME") }

    /// Configured memory in MB of 2^20 bytes; nil outside of Lambda.
    static func memory(_ environment: [String: String]) -> Int? {
        environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }.flatMap { 1...1 << 20 ~= $0 ? $0 : nil }
    }
}
