import Cloud
import Inference
import Platform

/// A rank's result, checked to be complete and of its run.
struct RankEntry: Sendable {
    let rank: Int
    /// As the rank wrote it, with keys that `RankResult` does not have.
    let json: [UInt8]
    let galaxies: Int
    /// SHA-256 or, of earlier versions, ETag.
    let weights: String
    /// nil where the run writes no predictions.
    let table: Table?

    /// A rank's predictions in the store.
    struct Table: Sendable {
        let info: ObjectInfo
        /// Of the predictions when they were written.
        let etag: String
        let sha256: String
    }

    func result() throws(Failure) -> RankResult {
        try JSONFile.decode(RankResult.self, json, name: "\(rank).json")
    }
}

/// Reads the results of a run's ranks and compares them with the manifest.
struct RankResults: Sendable {
    private let manifest: RunManifest
    private let store: any ObjectStore
    private let objects: [String: ObjectInfo]
    private let shares: [[RunManifest.Partition]]

    /// - Parameter present: the objects under the run's `result_path`.
    init(manifest: RunManifest, present: [ObjectInfo], store: any ObjectStore) {
        self.manifest = manifest
        self.store = store
        objects = Dictionary(present.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        shares = manifest.shares
    }

    /// Each rank's result, or why it is invalid; reads many at a time.
    /// - Throws: `Failure` where the store cannot be read: that says nothing about a rank.
    func read(_ ranks: Range<Int>) throws(Failure) -> [Result<RankEntry, Failure>] {
        let entries = ParallelLoop.threads(Initialize.requestsAtOnce).map(ranks.count) { index in
            Result { () throws(Failure) in try read(ranks.lowerBound + index) }
        }
        for case .failure(let error) in entries where error.isOfStore { throw error }
        return ofOneNetwork(entries)
    }

    /// The ranks with a valid result and the predictions that it states: their ETag is the one that they had, or their bytes
    /// have the digest that they had; one of their results; and the ranks with another result, and why it is not used.
    func validRanks() throws(Failure) -> (valid: Set<Int>, kept: RankEntry?, refused: [(rank: Int, reason: Failure)]) {
        let results = try checkTables(of: try read(0..<manifest.ranks))
        var valid: Set<Int> = []
        var kept: RankEntry?
        var refused: [(rank: Int, reason: Failure)] = []
        for (rank, result) in results.enumerated() {
            switch result {
            case .success(let entry):
                valid.insert(rank)
                kept = kept ?? entry
            case .failure(let error) where objects[manifest.keys.result(rank)] != nil: refused.append((rank, error))
            case .failure: break
            }
        }
        return (valid, kept, refused)
    }

    /// The entries, of which those without the table that their rank wrote have become failures; reads only tables with
    /// another ETag.
    /// - Throws: `Failure` where the store cannot be read.
    func checkTables(of entries: [Result<RankEntry, Failure>]) throws(Failure) -> [Result<RankEntry, Failure>] {
        let checked = ParallelLoop.threads(Initialize.requestsAtOnce).map(entries.count) { index in
            Result { () throws(Failure) in
                let entry = try entries[index].get()
                try checkTable(of: entry)
                return entry
            }
        }
        for case .failure(let error) in checked where error.isOfStore { throw error }
        return checked
    }

    private func checkTable(of entry: RankEntry) throws(Failure) {
        guard let table = entry.table, table.info.etag != table.etag else { return }
        let (bucket, key) = (manifest.input.bucket, table.info.key)
        let bytes = try store.get(bucket: bucket, key: key, range: nil, etag: table.info.etag)
        guard SHA256Digest.hash(bytes).hexadecimal == table.sha256 else {
            throw RankTable.changed(store.name(bucket: bucket, key: key))
        }
    }

    /// Weights that a worker finds by itself may be replaced between the start of a run and its resumption. Then only the
    /// results computed with the weights that most ranks had are valid.
    private func ofOneNetwork(_ entries: [Result<RankEntry, Failure>]) -> [Result<RankEntry, Failure>] {
        var ranks: [String: Int] = [:]
        for case .success(let entry) in entries { ranks[entry.weights, default: 0] += 1 }
        guard ranks.count > 1, let usual = ranks.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else {
            return entries
        }
        return entries.map { entry in
            guard case .success(let found) = entry, found.weights != usual else { return entry }
            return .failure(
                Failure(
                    "expected a result of the weights that other ranks had (\(usual.shortened())), found one of "
                        + "\(found.weights.shortened()): begin anew with overwrite"))
        }
    }

    private func read(_ rank: Int) throws(Failure) -> RankEntry {
        let key = manifest.keys.result(rank)
        let name = store.name(bucket: manifest.input.bucket, key: key)
        guard let object = objects[key] else { throw reason(rank, "\(name): is missing") }
        guard object.size <= Self.mostBytes else {
            throw Failure("\(name): expected a rank's result, found \(object.size) bytes")
        }
        let bytes = try store.get(bucket: manifest.input.bucket, key: key)
        let result = try JSONFile.decode(RankResult.self, bytes, name: name)
        func require(_ key: String, _ found: String?, _ expected: String?) throws(Failure) {
            guard found != expected else { return }
            throw Failure(
                "\(name): \(key): expected '\((expected ?? "none").shortened())', found "
                    + (found.map { "'\($0.shortened())'" } ?? "none"))
        }
        func mismatch(_ key: String, expected: String) -> Failure {
            let found = (try? JSONValue.parse(bytes, name: name))?[key]
            return Failure("\(name): \(key): expected \(expected), found \(found?.shown ?? "nothing")")
        }
        guard result.runID == manifest.runID else {
            throw Failure(
                "\(name): expected a result of run \(manifest.runID.shortened()), found one of "
                    + (result.runID ?? "no run").shortened())
        }
        guard result.dataPaths == shares[rank].map(\.key) else {
            throw mismatch("data_path", expected: WorkerItem.paths(shares[rank].map(\.key)).shown)
        }
        if result.rows != shares[rank].rows {
            try require("data_rows", result.rows.text, shares[rank].rows.text)
        }
        if let galaxies = shares[rank].galaxies, galaxies != result.galaxies {
            throw mismatch("num_samples", expected: "\(galaxies)")
        }
        try require(
            "data_etags", result.etags.joined(separator: ", "), shares[rank].map(\.etag).joined(separator: ", "))
        if let expected = manifest.weightsETag { try require("weights_etag", result.weightsETag, expected) }
        try require("arithmetic", result.arithmetic, manifest.arithmetic)
        // A rank without partitions takes nothing from files.
        if !result.dataPaths.isEmpty { try require("choices.missing", result.choices["missing"], manifest.missing) }
        guard result.isCounted else { throw Failure("\(name): expected num_samples, found none") }
        if let memory = result.configuredMemory, memory < 1 {
            throw mismatch("configured_memory_mb", expected: "a whole number of at least 1")
        }
        return RankEntry(
            rank: rank, json: bytes, galaxies: result.galaxies,
            weights: result.weightsSHA256 ?? result.weightsETag ?? "",
            table: manifest.input.predictions ? try table(rank, result, mismatch) : nil)
    }

    /// The rank's predictions, which must have the size that its result states.
    private func table(
        _ rank: Int, _ result: RankResult, _ mismatch: (String, String) -> Failure
    ) throws(Failure) -> RankEntry.Table {
        guard let size = result.predictionBytes else { throw mismatch("predictions_bytes", "a whole number") }
        guard let sha256 = result.predictionSHA256, let etag = result.predictionETag else {
            throw mismatch("predictions_sha256", "the digest of the predictions")
        }
        let key = manifest.keys.predictions(rank)
        let name = store.name(bucket: manifest.input.bucket, key: key)
        guard let predictions = objects[key] else { throw Failure("\(name): is missing") }
        guard predictions.size == size else {
            throw Failure("\(name): expected \(size) bytes, found \(predictions.size)")
        }
        return RankEntry.Table(info: predictions, etag: etag, sha256: sha256)
    }

    /// Why a rank has no result: what its worker wrote, if it could.
    private func reason(_ rank: Int, _ otherwise: String) -> Failure {
        let key = manifest.keys.failure(rank)
        if objects[key] != nil, let bytes = try? store.get(bucket: manifest.input.bucket, key: key),
            let failure = try? JSONFile.decode(RankFailure.self, bytes, name: key)
        {
            return Failure(failure.text)
        }
        guard let first = shares[rank].first?.key else { return Failure(otherwise) }
        let more = shares[rank].count > 1 ? " and \(shares[rank].count - 1) more" : ""
        return Failure("\(first)\(more): \(otherwise)")
    }

    /// A result has about two kilobytes, and the keys of its partitions.
    private static let mostBytes = 64 << 20
}

extension Failure {
    /// Whether it is of the store as a whole, not of one object in it.
    var isOfStore: Bool { [.unavailable, .deadline, .denied].contains(kind) }
}
