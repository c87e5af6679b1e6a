import AstroMAE
import Cloud
import FoundationEssentials
import Inference
import TensorFiles

/// Runs one rank: its partitions' galaxies through the network, its predictions and then its result into the store.
public struct Worker: Sendable {
    private let store: any ObjectStore
    private let environment: [String: String]
    private let threads: Int
    private let models: ModelCache

    /// - Parameter threads: that compute; bits do not depend on it.
    public init(store: any ObjectStore, environment: [String: String], threads: Int? = nil) {
        self.store = store
        self.environment = environment
        self.threads = threads ?? Processors(environment: environment).threads
        models = ModelCache(environment: environment, threads: self.threads)
    }

    /// Runs a rank to its end. Run again, it writes the same predictions.
    /// - Parameters:
    ///   - deadline: seconds since 1970; computing ends two seconds before it.
    ///   - progress: called on the calling thread, about ten times a second.
    /// - Throws: `FanOutError` naming the rank and what is wrong, or how far it came. Its result is then not written.
    public func run(
        _ item: WorkerItem, deadline: Double? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(FanOutError) -> RankResult {
        var rank = RankRun(item, store: RecordingStore(store), deadline: deadline)
        do throws(FanOutError) {
            try run(item, &rank, progress)
        } catch {
            throw FanOutError("rank \(item.rank): \(error)")
        }
        return rank.result
    }

    private func run(
        _ item: WorkerItem, _ rank: inout RankRun, _ progress: (Progress) -> Void
    ) throws(FanOutError) {
        try ObjectLabelTable.check(item.dataPaths, name: "DATA_PATH")
        rank.result.initSeconds = rank.lap()

        let loaded = try models.model(item.weights, from: rank.store)
        rank.result.modelSeconds = rank.lap()
        try rank.check("after loading the weights")

        let partitions = try open(item, for: loaded.model, rank)
        rank.result.fetchSeconds = rank.lap()

        let predictions: Predictions
        do throws(InferenceError) {
            predictions = try BatchRunner(
                model: loaded.model, threads: threads, batchSize: min(item.batchSize, BatchRunner.defaultBatchSize)
            ).run(partitions, until: rank.stop, progress: progress)
        } catch {
            throw FanOutError(error.description)
        }
        rank.result.inferenceSeconds = rank.lap()

        let keys = RunKeys(resultPath: item.resultPath)
        rank.result.predictionBytes = try publish(predictions, to: keys.predictions(item.rank), item, rank.store)
        rank.result.publishSeconds = rank.lap()

        rank.finish(item, loaded, predictions, environment)
        let json = try rank.result.json.encoded()
        try stored { () throws(CloudError) in
            try rank.store.put(bucket: item.bucket, key: keys.result(item.rank), json)
        }
    }

    /// Checks the headers of all partitions before the first galaxy is computed.
    private func open(
        _ item: WorkerItem, for model: RedshiftModel, _ rank: RankRun
    ) throws(FanOutError) -> [PartitionReader] {
        var partitions: [PartitionReader] = []
        for (key, label) in zip(item.dataPaths, item.objectLabels) {
            try rank.check("opening \(key)")
            let source = try PartitionSource.open(bucket: item.dataBucket, key: key, in: rank.store)
            do {
                let file = try TensorFile.open(source, checksums: .deferred)
                partitions.append(
                    try PartitionReader(
                        file, source: InputList.lastComponent(key), label: label, imageShape: model.imageShape,
                        magnitudeCount: model.magnitudeCount))
            } catch {
                throw FanOutError("\(error)")
            }
        }
        return partitions
    }

    /// Writes a rank's predictions as `cai infer` does, by way of a file: in memory they would be as large as they get.
    /// - Returns: how many bytes they are.
    private func publish(
        _ predictions: Predictions, to key: String, _ item: WorkerItem, _ store: RecordingStore
    ) throws(FanOutError) -> Int {
        let file = TemporaryFile(environment, ending: "csv")
        do throws(InferenceError) {
            try PredictionWriter.write(predictions, to: file.path, format: .csv)
        } catch {
            throw FanOutError(error.description)
        }
        try stored { () throws(CloudError) in
            try store.put(bucket: item.bucket, key: key, contentsOf: file.path)
        }
        return file.size
    }
}

/// A rank while it runs: its clock, its deadline and what it has done.
struct RankRun {
    let store: RecordingStore
    /// When to begin nothing more; nil for never.
    let stop: ContinuousClock.Instant?
    var result = RankResult()

    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant
    private let processorSeconds = ProcessFigures.processorSeconds

    /// Seconds before the deadline at which computing ends: what it takes to say so, with room to spare.
    private static let margin = 2.0

    init(_ item: WorkerItem, store: RecordingStore, deadline: Double?) {
        self.store = store
        last = start
        let now = Date().timeIntervalSince1970
        stop = deadline.map { [start] in start + .seconds(min($0 - now - Self.margin, 1e9)) }
        result.started = now
        result.rank = item.rank
        result.worldSize = item.worldSize
        result.runID = item.runID
        result.batchSize = item.batchSize
        result.resultPath = item.resultPath
        result.dataPaths = item.dataPaths
    }

    /// Seconds since the last lap.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { last = now }
        return (now - last) / .seconds(1)
    }

    /// - Throws: `FanOutError` where it is time to stop.
    func check(_ stage: String) throws(FanOutError) {
        if let stop, ContinuousClock.now >= stop {
            throw FanOutError("stopped at the deadline, \(stage): 0 galaxies done")
        }
    }

    mutating func finish(
        _ item: WorkerItem, _ loaded: ModelCache.Loaded, _ predictions: Predictions, _ environment: [String: String]
    ) {
        result.galaxies = predictions.redshifts.count
        result.nonFinite = predictions.nonFiniteCount
        result.threads = predictions.threads
        result.instructionSet = loaded.model.instructionSet.rawValue
        result.weights = loaded.name
        result.weightsETag = loaded.etag
        result.notices = loaded.model.notices
        result.configuredMemory = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }
        result.storeRequests = StoreCalls(statistics: store.statistics)
        result.peakMemory = ProcessFigures.peakMemory
        result.processorSeconds = ProcessFigures.processorSeconds - processorSeconds
        result.finished = Date().timeIntervalSince1970
        result.totalSeconds = (ContinuousClock.now - start) / .seconds(1)
    }
}
