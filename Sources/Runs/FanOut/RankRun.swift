import Cloud
import FoundationEssentials
import Inference
import Platform

/// A rank while it runs: its clock, its deadline and its result so far.
struct RankRun {
    /// Its calls fail when computing has to stop.
    let store: RecordingStore
    /// When computing has to stop; nil for no deadline.
    let stop: ContinuousClock.Instant?
    var result = RankResult()
    /// Whether galaxies that this attempt finished are in the store.
    var isKept = false

    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant
    private let processorSeconds = ProcessFigures.processorSeconds

    /// Seconds before the deadline at which computing stops, so that the error still reaches the caller, ...
    private static let answerMargin = 2.0
    /// ... and what is finished the store: this part of the time, up to so many seconds, and the transfer of the bytes.
    private static let storeMargin = (part: 0.03, most: 10.0, bytesPerSecond: 5e6)

    /// - Parameters:
    ///   - store: without a limit of time.
    ///   - deadline: seconds since 1970.
    init(store: any ObjectStore, deadline: Double?) {
        last = start
        let now = Date().timeIntervalSince1970
        let end = deadline.map { end in
            end - Self.answerMargin - min(Self.storeMargin.most, Self.storeMargin.part * max(0, end - now))
        }
        stop = end.map { [start] in start + .seconds(min($0 - now, 1e9)) }
        self.store = RecordingStore(store.until(end))
        result.started = now
    }

    /// States what is run.
    mutating func begin(_ item: WorkerItem) {
        (result.rank, result.worldSize, result.runID) = (item.rank, item.worldSize, item.runID)
        (result.batchSize, result.resultPath) = (item.batchSize, item.resultPath)
        (result.dataPaths, result.rows) = (item.dataPaths, item.rows)
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

    func stopped(_ stage: String) -> Failure {
        Failure(.stalled, "stopped at the deadline, \(stage): 0 galaxies done")
    }

    /// When no further galaxy is begun, so that those of the rank can be put into the store.
    func lastStart(galaxies: Int) -> ContinuousClock.Instant? {
        let bytes = KeptGalaxies.size(galaxies: galaxies, partitions: result.dataPaths.count)
        return stop.map { $0 - .seconds(Double(bytes) / Self.storeMargin.bytesPerSecond) }
    }

    /// States what the redshifts are computed from and by.
    /// - Parameter partitions: of the rank.
    mutating func identify(
        _ loaded: ModelCache.Loaded, _ partitions: [PartitionReader], _ layout: GalaxyLayout,
        _ environment: [String: String]
    ) {
        result.instructionSet = loaded.model.instructionSet.rawValue
        result.weights = loaded.name
        result.weightsETag = loaded.etag
        result.weightsSHA256 = loaded.sha256
        result.version = Release.version
        result.gemm = loaded.model.gemm.rawValue
        result.arithmetic = loaded.model.arithmetic.description
        result.choices = RunChoices.made(partitions, layout, with: RunChoices.made(loaded.model))
        result.configuredMemory = LambdaSettings.memory(environment)
        result.logGroup = LambdaSettings.logGroup(environment)
        result.architecture = RankResult.architecture
    }

    /// - Parameter kept: what this attempt continued from.
    mutating func finish(_ predictions: Predictions, after kept: KeptGalaxies?) {
        result.galaxies = predictions.redshifts.count
        let flags = predictions.flagCounts
        (result.nonFinite, result.flags) = (flags.flagged, flags.flagged > 0 ? flags : nil)
        result.implausible = PlausibleRedshifts.usual.outside(predictions.redshifts)
        result.threads = predictions.threads
        measure()
        if let kept { result.add(kept.result) }
        result.setThroughput()
    }

    /// States what this attempt took, which stopped while it computed, or published.
    mutating func stopEarly() {
        let seconds = lap()
        if result.inferenceSeconds == nil {
            result.inferenceSeconds = seconds
        } else {
            result.publishSeconds += seconds
        }
        measure()
    }

    private mutating func measure() {
        result.seconds = result.inferenceSeconds ?? 0
        result.store = RankResult.StoreTimes(store.statistics)
        result.memory = Double(ProcessFigures.peakMemory) / 1e6
        result.processorSeconds = ProcessFigures.processorSeconds - processorSeconds
        result.finished = Date().timeIntervalSince1970
        result.totalSeconds = (ContinuousClock.now - start) / .seconds(1)
    }
}
