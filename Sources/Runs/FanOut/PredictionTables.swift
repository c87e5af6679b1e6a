import Cloud
import Inference
import Platform

/// Joins the ranks' predictions in order of rank, with the predictions of a few ranks in memory at a time.
struct PredictionTables {
    let manifest: RunManifest
    let store: any ObjectStore
    let environment: [String: String]

    /// Bytes of predictions that are read at once, except where a single rank has more.
    private static let mostBytes = 64 << 20
    /// The most galaxies that quality is measured over: it needs about 60 bytes of memory for each.
    private static let mostForQuality = 10_000_000

    private typealias Table = Result<(bytes: [UInt8], rows: Rows), Failure>

    /// What is measured over the predictions of the whole run.
    struct Measures {
        /// nil where no galaxy has a redshift to compare with, or there are too many.
        var quality: Quality?
        var medianError: Double?
        /// nil where no id repeats, or there are too many.
        var repeatedIDs: RepeatedIDs.Found?
    }

    /// What a rank's predictions have for the measures.
    struct Rows {
        static let header = Array((PredictionEncoder.columns + "\n").utf8)

        var ids: [String] = []
        /// z_phot and z_spec of the galaxies whose z_spec is known.
        var predicted: [Double] = []
        var spectroscopic: [Double] = []

        /// - Throws: `Failure` where the bytes are not those that `PredictionWriter` writes.
        init(_ bytes: [UInt8], name: String) throws(Failure) {
            guard bytes.starts(with: Self.header) else {
                throw Failure(name, "expected the header \(PredictionEncoder.columns), found another")
            }
            try PredictionFile(bytes, name: name).forEach([.objectID, .zSpec, .flags]) { row in
                ids.append(row.objectID ?? "")
                guard let known = row.zSpec else { return }
                predicted.append(Double(row.float))
                spectroscopic.append(known)
            }
            guard bytes.last == UInt8(ascii: "\n") else {
                throw Failure(name, "row \(ids.count): expected a line's end after it, found none")
            }
        }
    }

    /// Writes `predictions.csv` and the `RunRecord` beside it, unless the run has none. An entry with incomplete predictions
    /// becomes a failure.
    func join(_ entries: inout [Result<RankEntry, Failure>]) throws(Failure) -> Measures {
        guard manifest.input.predictions else { return Measures() }
        let bucket = manifest.input.bucket
        let temporary = TemporaryFile(environment, ending: "csv")
        var predicted: [Double] = []
        var spectroscopic: [Double] = []
        var ids = RepeatedIDs()
        var digest = SHA256Stream()
        digest.update(Rows.header)
        let galaxies = entries.reduce(0) { $0.cappedSum((try? $1.get().result.galaxies) ?? 0) }
        let file = try AtomicFile(path: temporary.path)
        try file.write(Rows.header)
        var rank = 0
        while rank < entries.count {
            let ranks = window(from: rank, entries)
            for (rank, table) in zip(ranks, read(ranks, entries)) {
                switch table {
                case .success(let table):
                    let rows = Array(table.bytes.dropFirst(Rows.header.count))
                    try file.write(rows)
                    digest.update(rows)
                    guard galaxies <= Self.mostForQuality else { continue }
                    table.rows.ids.forEach { ids.insert($0) }
                    predicted += table.rows.predicted
                    spectroscopic += table.rows.spectroscopic
                case .failure(let error): entries[rank] = .failure(error)
                }
            }
            rank = ranks.upperBound
        }
        try file.commit()
        try store.put(bucket: bucket, key: manifest.keys.predictions, contentsOf: temporary.path)
        let record = RunRecord(
            manifest, entries.compactMap { try? $0.get().result },
            RankSidecar.Output(
                name: RunKeys.predictionsName, bytes: temporary.size, sha256: digest.finish()))
        try store.put(bucket: bucket, key: manifest.keys.record, try record.json)
        return Measures(
            quality: try? Quality(predicted: predicted, spectroscopic: spectroscopic),
            medianError: PlausibleRedshifts.medianError(predicted: predicted, spectroscopic: spectroscopic),
            repeatedIDs: ids.found)
    }

    /// The next ranks whose predictions fit into memory; at least one.
    private func window(from first: Int, _ entries: [Result<RankEntry, Failure>]) -> Range<Int> {
        var bytes = 0
        var end = first
        while end < entries.count {
            let size = (try? entries[end].get().predictions?.size) ?? 0
            if end > first, bytes + size > Self.mostBytes { break }
            bytes += size
            end += 1
        }
        return first..<end
    }

    private func read(_ ranks: Range<Int>, _ entries: [Result<RankEntry, Failure>]) -> [Table] {
        ParallelLoop.threads(Initialize.requestsAtOnce).map(ranks.count) { index in
            Result { () throws(Failure) in try read(try entries[ranks.lowerBound + index].get()) }
        }
    }

    private func read(_ entry: RankEntry) throws(Failure) -> (bytes: [UInt8], rows: Rows) {
        let bucket = manifest.input.bucket
        guard let predictions = entry.predictions else { throw Failure("the rank wrote no predictions") }
        let name = store.name(bucket: bucket, key: predictions.key)
        let bytes = try store.get(bucket: bucket, key: predictions.key, range: nil, etag: predictions.etag)
        let rows = try Rows(bytes, name: name)
        guard rows.ids.count == entry.result.galaxies else {
            throw Failure("\(name): expected \(entry.result.galaxies) rows, found \(rows.ids.count)")
        }
        return (bytes, rows)
    }
}
