import Cloud
import Inference
import Platform

/// Joins the ranks' predictions in order of rank. They are read once, piece by piece, and compared with the digests that their
/// ranks state; large ones are copied by the store. No file is written here.
struct PredictionTables {
    let manifest: RunManifest
    let store: any ObjectStore
    let environment: [String: String]

    /// What is measured over the predictions of the whole run, and where they are.
    struct Joined {
        /// nil where there is no table.
        var key: String?
        /// nil where no galaxy has a redshift to compare with, or there are too many.
        var quality: Quality?
        var medianError: Double?
        /// nil where no id repeats, or there are too many.
        var repeatedIDs: RepeatedIDs.Found?
    }

    /// Measures take up to this number of bytes of memory for a galaxy.
    private static let bytesOfGalaxy = 80
    private static let mostMeasured = 10_000_000
    /// Objects that are opened ahead of the one that is read.
    private static let openAtOnce = 32

    /// The most galaxies that are measured: half of the memory, where that is known, holds them.
    private var mostMeasured: Int {
        guard let memory = LambdaSettings.memory(environment) else { return Self.mostMeasured }
        return min(Self.mostMeasured, (memory << 20) / 2 / Self.bytesOfGalaxy)
    }

    /// Writes `predictions.csv`, or `predictions.partial.csv` where ranks have failed and that is tolerated, and the
    /// `RunRecord` beside it; nothing where more have failed, or the run has no table. An entry whose predictions are not
    /// those that its rank wrote becomes a failure.
    func join(_ entries: inout [Result<RankEntry, Failure>]) throws(Failure) -> Joined {
        guard manifest.input.predictions, manifest.input.combine else { return Joined() }
        while true {
            let failed = entries.count { (try? $0.get()) == nil }
            let key = key(failed: failed)
            let joined = try write(key, &entries)
            // Otherwise the failures that were found belong to another table, or none.
            if entries.count(where: { (try? $0.get()) == nil }) == failed { return joined }
        }
    }

    private func key(failed: Int) -> String? {
        if failed == 0 { return manifest.keys.predictions }
        let percentage = RunReport.percentage(failed, of: manifest.ranks)
        let isTolerated = failed < manifest.ranks && percentage <= manifest.input.toleratedFailurePercentage
        return isTolerated ? manifest.keys.partialPredictions : nil
    }

    /// Reads all tables, and writes them to `key` if none of them is invalid.
    private func write(_ key: String?, _ entries: inout [Result<RankEntry, Failure>]) throws(Failure) -> Joined {
        let bucket = manifest.input.bucket
        let galaxies = entries.reduce(0) { $0.cappedSum((try? $1.get().galaxies) ?? 0) }
        let size = entries.reduce(RankTable.header.count) { $0.cappedSum((try? $1.get().table?.info.size) ?? 0) }
        let target = try key.map { (key) throws(Failure) in
            JoinedTable(try store.upload(bucket: bucket, key: key, size: size), bucket: bucket)
        }
        do throws(Failure) {
            try target?.write(RankTable.header)
            var measures = Measures(isOn: galaxies <= mostMeasured)
            try forEachTable(&entries) { entry, source throws(Failure) in
                let table = try RankTable(
                    source, galaxies: entry.galaxies, sha256: entry.table?.sha256 ?? "", isMeasured: measures.isOn
                ) { target?.hold($0) }
                measures.add(table)
                if let info = entry.table?.info { try target?.append(info, table.checksum) }
            } failed: {
                target?.abandon()
            }
            guard let key, let target, !target.isAbandoned else { return Joined() }
            try finish(target, key, entries)
            return measures.joined(key: key)
        } catch {
            target?.abandon()
            throw error
        }
    }

    private func finish(_ table: JoinedTable, _ key: String, _ entries: [Result<RankEntry, Failure>]) throws(Failure) {
        let sha256 = try table.complete()
        var results: [RankResult] = []
        for case .success(let entry) in entries { results.append(try entry.result()) }
        let failed = entries.indices.filter { (try? entries[$0].get()) == nil }
        let record = RunRecord(
            manifest, results, missing: failed,
            RankSidecar.Output(name: InputList.lastComponent(key), bytes: table.count, sha256: sha256))
        try store.put(bucket: manifest.input.bucket, key: RunKeys.record(of: key), try record.json)
    }

    /// Calls `body` with each valid entry and its table, in order of rank; some of the next ones are fetched meanwhile.
    /// - Parameter failed: called where `body` throws for the table, whose entry becomes a failure.
    private func forEachTable(
        _ entries: inout [Result<RankEntry, Failure>],
        _ body: (RankEntry, ObjectSource) throws(Failure) -> Void, failed: () -> Void
    ) throws(Failure) {
        let pool = FetchPool(store, residentLimit: 64 << 20)
        defer { pool.close() }
        var sources: [Int: ObjectSource] = [:]
        var next = 0
        for rank in entries.indices {
            while next < entries.count, next < rank + Self.openAtOnce {
                if let info = try? entries[next].get().table?.info {
                    sources[next] = try pool.open(bucket: manifest.input.bucket, key: info.key, info: info)
                }
                next += 1
            }
            guard case .success(let entry) = entries[rank] else { continue }
            do throws(Failure) {
                guard let source = sources.removeValue(forKey: rank) else {
                    throw Failure("the rank wrote no predictions")
                }
                source.prefetch(0..<source.byteCount)
                try body(entry, source)
            } catch {
                guard !error.isOfStore else { throw error }
                entries[rank] = .failure(error)
                failed()
            }
        }
    }
}

/// What is measured over the tables.
private struct Measures {
    let isOn: Bool
    private var predicted: [Double] = []
    private var spectroscopic: [Double] = []
    private var ids = RepeatedIDs()

    init(isOn: Bool) { self.isOn = isOn }

    mutating func add(_ table: RankTable) {
        predicted += table.predicted
        spectroscopic += table.spectroscopic
        table.ids.forEach { ids.insert($0) }
    }

    func joined(key: String) -> PredictionTables.Joined {
        PredictionTables.Joined(
            key: key, quality: try? Quality(predicted: predicted, spectroscopic: spectroscopic),
            medianError: PlausibleRedshifts.medianError(predicted: predicted, spectroscopic: spectroscopic),
            repeatedIDs: ids.found)
    }
}
