import AstroMAE
import Cloud
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// Runs one rank: fetches its partitions, predicts their galaxies with the same readers, weights and runner as
/// `PredictionJob`, and puts its predictions and then its result into the store.
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

    /// Loads the weights that are used where an item names none, if they exist.
    func prepare() { _ = try? models.model(nil, from: store) }

    /// The name of the weights that a rank would use, and what its result would state of them.
    func weightsIdentity(_ weights: String?) throws(Failure) -> (name: String, etag: String?, sha256: String?) {
        try models.identity(weights, from: store)
    }

    /// Runs a rank to its end, from where an earlier attempt stopped at its deadline. Run again, it writes the same
    /// predictions.
    /// - Parameters:
    ///   - deadline: seconds since 1970; computing ends some seconds before it.
    ///   - requestID: of the invocation on AWS Lambda, whose bill is found by it.
    ///   - progress: called on the calling thread, about ten times a second.
    /// - Throws: `Failure` naming the rank and the error. Its result is then not written. Of kind `.deadline` where galaxies
    ///   that this attempt finished are kept for the next one; `.stalled` where the next one would get no further.
    public func run(
        _ item: WorkerItem, deadline: Double? = nil, requestID: String? = nil,
        progress: (Progress) -> Void = { _ in }
    ) throws(Failure) -> RankResult {
        var rank = RankRun(store: store, deadline: deadline)
        var item = item
        do throws(Failure) {
            item = try item.resolved(in: rank.store)
            rank.begin(item)
            rank.result.requestID = requestID
            try run(item, &rank, deadline, progress)
        } catch {
            report(error, of: item, requestID, store.until(deadline))
            let kind = error.kind == .deadline && !rank.isKept ? .stalled : error.kind
            throw Failure(kind, "rank \(item.rank): \(error)")
        }
        return rank.result
    }

    /// Writes why a rank failed, where the store takes it: Summarize names it.
    private func report(_ error: Failure, of item: WorkerItem, _ requestID: String?, _ store: any ObjectStore) {
        guard item.runID != nil else { return }
        let key = item.keys.failure(item.rank)
        let earlier = (try? store.get(bucket: item.bucket, key: key)).flatMap {
            try? JSONFile.decode(RankFailure.self, $0, name: key)
        }
        let failure = RankFailure(
            item, error, after: earlier, requestID: requestID, environment: environment)
        guard let json = try? JSONFile.encoded(failure) else { return }
        _ = try? store.put(bucket: item.bucket, key: key, json)
    }

    private func run(
        _ item: WorkerItem, _ rank: inout RankRun, _ deadline: Double?, _ progress: (Progress) -> Void
    ) throws(Failure) {
        try ObjectLabelTable.check(item.dataPaths, name: "DATA_PATH")
        rank.result.initSeconds = rank.lap()

        let pool = FetchPool(rank.store, residentLimit: residentLimit)
        defer { pool.close() }
        // At the deadline, no thread waits for bytes any longer.
        let alarm = Alarm(at: rank.stop) { pool.close() }
        defer { alarm.cancel() }
        // Their first bytes are fetched while the weights are loaded.
        let (sources, etags) = try sources(item, rank, pool)
        rank.result.etags = etags
        rank.result.fetchSeconds = rank.lap()

        let loaded = try models.model(item.weights, item.precision, from: rank.store)
        rank.result.modelSeconds = rank.lap()
        try rank.check("after loading the weights")

        let layout = try GalaxyLayout.usual.resolved(for: loaded.model.statedBands)
        let sections = try GalaxyRun.sections(
            of: try open(sources, item, for: loaded.model, layout, rank, alarm), rows: item.rows)
        rank.result.warnings = loaded.model.warnings + (try GalaxyChoices(sections, layout)).warnings
        rank.identify(loaded, sections.map(\.partition), layout, environment)
        let found = try earlier(item, rank, galaxies: sections.galaxyCount)
        if case .unusable(_, let reason) = found {
            rank.result.warnings.append("\(reason): galaxies of an earlier attempt are computed again")
        }
        rank.result.earlierGalaxies = found.kept?.finished.count
        rank.result.fetchSeconds += rank.lap()

        var reached: PredictionJournal.Earlier?
        do throws(Failure) {
            let predictions = try predict(sections, item, loaded.model, found.kept, rank, progress) {
                reached = $0
            }
            rank.result.inferenceSeconds = rank.lap()
            if item.predictions { try publish(predictions, item, rank.store, into: &rank.result) }
            rank.result.publishSeconds = rank.lap()
            rank.result.peakFetched = pool.peakResidentBytes
            var finished = rank
            finished.finish(predictions, after: found.kept)
            try rank.store.put(
                bucket: item.bucket, key: item.keys.result(item.rank), try JSONFile.encoded(finished.result))
            rank = finished
        } catch {
            guard error.kind == .deadline || error.kind == .cancelled && alarm.hasRung, let reached else { throw error }
            rank.result.peakFetched = pool.peakResidentBytes
            throw keep(reached, after: found.kept, of: item, &rank, store.until(deadline))
        }
        if found.condition != .absent {
            try? rank.store.delete(bucket: item.bucket, key: item.keys.kept(item.rank))
        }
    }

    /// The partitions and their ETags, which all reads demand.
    private func sources(
        _ item: WorkerItem, _ rank: RankRun, _ pool: FetchPool
    ) throws(Failure) -> ([ObjectSource], etags: [String]) {
        var (sources, etags): ([ObjectSource], [String]) = ([], [])
        if let first = item.dataPaths.first { try rank.check("opening \(first)") }
        let store = rank.store
        // There may be thousands.
        let found = try ParallelLoop.threads(Initialize.requestsAtOnce).map(item.dataPaths.count) {
            index throws(Failure) in
            try store.head(bucket: item.dataBucket, key: item.dataPaths[index])
        }
        for (index, key) in item.dataPaths.enumerated() {
            try rank.check("opening \(key)")
            let name = store.name(bucket: item.dataBucket, key: key)
            guard let info = found[index] else { throw Failure(name, "there is no such object") }
            guard item.etags.isEmpty || item.etags[index] == info.etag else {
                throw Failure(
                    .conflict, name,
                    "expected the object that the run began with (ETag \(item.etags[index].shortened())), found another "
                        + "(\(info.etag)): resume the run")
            }
            sources.append(try pool.open(bucket: item.dataBucket, key: key, info: info))
            etags.append(info.etag)
        }
        return (sources, etags)
    }

    /// Checks the headers of all partitions before the first galaxy is computed.
    private func open(
        _ sources: [ObjectSource], _ item: WorkerItem, for model: RedshiftModel, _ layout: GalaxyLayout,
        _ rank: RankRun,
        _ alarm: Alarm
    ) throws(Failure) -> [PartitionReader] {
        var partitions: [PartitionReader] = []
        for (index, (key, label)) in zip(item.dataPaths, item.objectLabels).enumerated() {
            try rank.check("opening \(key)")
            do throws(Failure) {
                let file = try TensorFile.open(sources[index], checksums: .deferred)
                partitions.append(
                    try PartitionReader(
                        file, source: InputList.lastComponent(key), label: label, imageShape: model.imageShape,
                        magnitudeCount: model.magnitudeCount,
                        layout: layout))
            } catch {
                guard !alarm.hasRung else { throw rank.stopped("opening \(key)") }
                throw error
            }
        }
        return partitions
    }

    /// Computes while partitions are fetched.
    private func predict(
        _ sections: [GalaxyRun.Section], _ item: WorkerItem, _ model: RedshiftModel, _ kept: KeptGalaxies?,
        _ rank: RankRun, _ progress: (Progress) -> Void, ended: (PredictionJournal.Earlier) -> Void
    ) throws(Failure) -> Predictions {
        let runner = BatchRunner(
            model: model, threads: threads, batchSize: min(item.batchSize, BatchRunner.defaultBatchSize))
        return try runner.run(
            sections, earlier: kept?.earlier, until: rank.lastStart(galaxies: sections.galaxyCount),
            progress: progress, ended: ended)
    }

    /// The most bytes of partitions in memory at a time: a quarter of the memory, where that is known and small.
    private var residentLimit: Int {
        guard let memory = LambdaSettings.memory(environment) else { return FetchPool.defaultResidentLimit }
        return min(FetchPool.defaultResidentLimit, max(16, memory / 4) << 20)
    }

    /// Writes a rank's predictions as `cai infer` does, to a temporary file: there may be too many of them for the memory.
    private func publish(
        _ predictions: Predictions, _ item: WorkerItem, _ store: RecordingStore, into result: inout RankResult
    ) throws(Failure) {
        let file = TemporaryFile(environment, ending: "csv")
        try PredictionWriter.write(predictions, to: file.path, format: .csv)
        let (bytes, sha256) = try SHA256Digest.ofFile(file.path)
        (result.predictionBytes, result.predictionSHA256) = (bytes, sha256)
        result.predictionETag = try store.put(
            bucket: item.bucket, key: item.keys.predictions(item.rank), contentsOf: file.path)
    }
}
