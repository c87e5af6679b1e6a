import Cloud
import Platform

/// A rank's result, checked to be complete and of its run.
struct RankEntry: Sendable {
    let result: RankResult
    /// The result as the rank wrote it, with keys that `RankResult` does not have.
    let json: JSONValue
    /// nil where the run writes no predictions.
    let predictions: ObjectInfo?
}

/// Reads the results of a run's ranks and compares them with the manifest.
struct RankResults: Sendable {
    private let manifest: RunManifest
    private let store: any ObjectStore
    private let objects: [String: ObjectInfo]
    private let shares: [[String]]

    /// - Parameter present: the objects under the run's `result_path`.
    init(manifest: RunManifest, present: [ObjectInfo], store: any ObjectStore) {
        self.manifest = manifest
        self.store = store
        objects = Dictionary(present.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        shares = manifest.shares
    }

    /// Each rank's result, or why it is invalid; reads many at a time.
    func read(_ ranks: Range<Int>) -> [Result<RankEntry, Failure>] {
        ofOneNetwork(
            ParallelLoop.threads(Initialize.requestsAtOnce).map(ranks.count) { index in
                Result { () throws(Failure) in try read(ranks.lowerBound + index) }
            })
    }

    /// Weights that a worker finds by itself may be replaced between the start of a run and its resumption. Then only the
    /// results computed with the weights that most ranks had are valid.
    private func ofOneNetwork(_ entries: [Result<RankEntry, Failure>]) -> [Result<RankEntry, Failure>] {
        var ranks: [String: Int] = [:]
        for case .success(let entry) in entries { ranks[entry.result.weightsETag ?? "", default: 0] += 1 }
        guard ranks.count > 1, let usual = ranks.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else {
            return entries
        }
        return entries.map { entry in
            let etag = (try? entry.get())?.result.weightsETag ?? ""
            guard case .success = entry, etag != usual else { return entry }
            return .failure(
                Failure(
                    "expected a result of the weights that other ranks had (weights_etag '\(usual.shortened())'), found one "
                        + "of '\(etag.shortened())': begin anew with overwrite"))
        }
    }

    private func read(_ rank: Int) throws(Failure) -> RankEntry {
        let key = manifest.keys.result(rank)
        let name = store.name(bucket: manifest.input.bucket, key: key)
        guard let object = objects[key] else { throw Failure(partitions(of: rank) + "\(name): is missing") }
        guard object.size <= Self.mostBytes else {
            throw Failure("\(name): expected a rank's result, found \(object.size) bytes")
        }
        let bytes = try store.get(bucket: manifest.input.bucket, key: key)
        let json = try JSONValue.parse(bytes, name: name)
        let result = try JSONFile.decode(RankResult.self, bytes, name: name)
        func mismatch(_ key: String, expected: String) -> Failure {
            Failure("\(name): \(key): expected \(expected), found \(json[key]?.shown ?? "nothing")")
        }
        guard result.runID == manifest.runID else {
            throw Failure(
                "\(name): expected a result of run \(manifest.runID.shortened()), found one of "
                    + (result.runID ?? "no run").shortened())
        }
        guard result.dataPaths == shares[rank] else {
            throw mismatch("data_path", expected: WorkerItem.paths(shares[rank]).shown)
        }
        if let expected = manifest.weightsETag, result.weightsETag != expected {
            throw mismatch("weights_etag", expected: "'\(expected)'")
        }
        guard json["num_samples"] ?? .null != .null else { throw Failure("\(name): expected num_samples, found none") }
        if let memory = result.configuredMemory, memory < 1 {
            throw mismatch("configured_memory_mb", expected: "a whole number of at least 1")
        }
        guard manifest.input.predictions else { return RankEntry(result: result, json: json, predictions: nil) }
        guard let size = result.predictionBytes else { throw mismatch("predictions_bytes", expected: "a whole number") }
        return RankEntry(result: result, json: json, predictions: try predictions(rank, bytes: size))
    }

    /// The rank's predictions, which must have the size that its result states.
    private func predictions(_ rank: Int, bytes size: Int) throws(Failure) -> ObjectInfo {
        let key = manifest.keys.predictions(rank)
        let name = store.name(bucket: manifest.input.bucket, key: key)
        guard let predictions = objects[key] else { throw Failure("\(name): is missing") }
        guard predictions.size == size else {
            throw Failure("\(name): expected \(size) bytes, found \(predictions.size)")
        }
        return predictions
    }

    /// The partitions of a rank without a result, as the beginning of an error: `100MB/5.pt and 2 more: `.
    private func partitions(of rank: Int) -> String {
        guard let first = shares[rank].first else { return "" }
        return first + (shares[rank].count > 1 ? " and \(shares[rank].count - 1) more" : "") + ": "
    }

    /// A result has about a kilobyte, and the keys of its partitions.
    private static let mostBytes = 64 << 20
}
