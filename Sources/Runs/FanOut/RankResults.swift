import Cloud
import Inference
import Platform
import TensorFiles

/// One rank's result, checked to be whole and of its run.
struct RankEntry: Sendable {
    /// As the rank wrote it.
    let json: JSONValue
    /// nil where the run writes none.
    let predictions: ObjectInfo?
    let galaxies: Int
    let totalSeconds: Double
    let inferenceSeconds: Double
    let storeSeconds: Double
    let storeRequests: Int
    let bytesRead: Int
    let bytesWritten: Int
    /// Seconds since 1970; nil where the rank does not tell.
    let started: Double?
    let finished: Double?
    /// In MB of 2^20 bytes; nil where it is not AWS Lambda's to bill.
    let configuredMemory: Int?
    let architecture: String
    let nonFinite: Int
    let instructionSet: String
    let weights: String
    let weightsETag: String?
}

/// Reads the results of a run's ranks and holds them against the manifest.
struct RankResults: Sendable {
    private let manifest: RunManifest
    private let store: any ObjectStore
    private let objects: [String: ObjectInfo]
    private let shares: [[String]]

    /// - Parameter present: what lies under the run's `result_path`.
    init(manifest: RunManifest, present: [ObjectInfo], store: any ObjectStore) {
        self.manifest = manifest
        self.store = store
        objects = Dictionary(present.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        shares = manifest.shares
    }

    /// Each rank's result, or what is wrong with it, many at once.
    func read(_ ranks: Range<Int>) -> [Result<RankEntry, Failure>] {
        ofOneNetwork(
            ParallelLoop.threads(Initialize.requestsAtOnce).map(ranks.count) { index in
                Result { () throws(Failure) in try read(ranks.lowerBound + index) }
            })
    }

    /// Weights that a worker finds by itself may be replaced between the beginning of a run and its resumption. Results
    /// are then those of the weights that most ranks had; those of others are none.
    private func ofOneNetwork(
        _ entries: [Result<RankEntry, Failure>]
    ) -> [Result<RankEntry, Failure>] {
        var ranks: [String: Int] = [:]
        for case .success(let entry) in entries { ranks[entry.weightsETag ?? "", default: 0] += 1 }
        guard ranks.count > 1, let usual = ranks.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else {
            return entries
        }
        return entries.map { entry in
            guard case .success(let rank) = entry, rank.weightsETag ?? "" != usual else { return entry }
            return .failure(
                Failure(
                    "expected a result of the weights that other ranks had (weights_etag '\(usual.shortened())'), found one "
                        + "of '\((rank.weightsETag ?? "").shortened())': begin anew with overwrite"))
        }
    }

    private func read(_ rank: Int) throws(Failure) -> RankEntry {
        let key = manifest.keys.result(rank)
        let name = store.name(bucket: manifest.input.bucket, key: key)
        guard let object = objects[key] else { throw Failure(place(rank) + "\(name): is missing") }
        guard object.size <= Self.mostBytes else {
            throw Failure("\(name): expected a rank's result, found \(object.size) bytes")
        }
        let bytes = try store.get(bucket: manifest.input.bucket, key: key)
        let json = try JSONValue.parse(bytes, name: name)
        let result = try Payload(json, name: name)
        let runID = try result.text("run_id")
        guard runID == manifest.runID else {
            throw Failure(
                "\(name): expected a result of run \(manifest.runID.shortened()), found one of "
                    + (runID ?? "no run").shortened())
        }
        guard try result.texts("data_path") == shares[rank] else {
            throw result.error("data_path", expected: WorkerItem.paths(shares[rank]).shown)
        }
        if let expected = manifest.weightsETag, try result.text("weights_etag") != expected {
            throw result.error("weights_etag", expected: "'\(expected)'")
        }
        guard let galaxies = try result.count("num_samples") else {
            throw Failure("\(name): expected num_samples, found none")
        }
        let predictions = manifest.input.predictions ? try predictions(rank, result) : nil
        return RankEntry(
            json: json, predictions: predictions, galaxies: galaxies,
            totalSeconds: try result.number("total_s") ?? 0, inferenceSeconds: try result.number("inference_s") ?? 0,
            storeSeconds: try result.number("s3_total_time") ?? 0,
            storeRequests: try result.count("s3_num_requests") ?? 0,
            bytesRead: try result.count("s3_bytes_read") ?? 0, bytesWritten: try result.count("s3_bytes_written") ?? 0,
            started: try result.number("started"), finished: try result.number("finished"),
            configuredMemory: try result.count("configured_memory_mb", in: 1...Payload.mostCount),
            architecture: try result.text("architecture") ?? "", nonFinite: try result.count("non_finite") ?? 0,
            instructionSet: try result.text("instruction_set") ?? "", weights: try result.text("weights") ?? "",
            weightsETag: try result.text("weights_etag"))
    }

    /// The rank's predictions, which have to be as large as its result says.
    private func predictions(_ rank: Int, _ result: Payload) throws(Failure) -> ObjectInfo {
        guard let size = try result.count("predictions_bytes") else {
            throw result.error("predictions_bytes", expected: "a whole number")
        }
        let key = manifest.keys.predictions(rank)
        let name = store.name(bucket: manifest.input.bucket, key: key)
        guard let predictions = objects[key] else { throw Failure("\(name): is missing") }
        guard predictions.size == size else {
            throw Failure("\(name): expected \(size) bytes, found \(predictions.size)")
        }
        return predictions
    }

    /// What a rank without a result was to do, since nobody else may have said so: `100MB/5.pt and 2 more: `.
    private func place(_ rank: Int) -> String {
        guard let first = shares[rank].first else { return "" }
        return first + (shares[rank].count > 1 ? " and \(shares[rank].count - 1) more" : "") + ": "
    }

    /// A result is about a kilobyte, and the keys of its partitions.
    private static let mostBytes = 64 << 20
}
