import Cloud
import Costs
import FoundationEssentials
import Platform

/// Ends a run: checks the ranks' results against the manifest and joins them.
public struct Summarize: Sendable {
    private let store: any ObjectStore
    private let environment: [String: String]

    public init(store: any ObjectStore, environment: [String: String]) {
        self.store = store
        self.environment = environment
    }

    /// Writes the table of predictions, `combined_data.json`, each rank's result where readers of the published layout look
    /// for it, and `summary.json`; the last three whatever becomes of the table.
    /// - Returns: the report; the caller decides by `isTolerable` whether the run failed.
    /// - Throws: `Failure` where there is no such run, or results cannot be written.
    public func run(_ event: SummarizeEvent) throws(Failure) -> RunReport {
        let manifest = try RunManifest.read(event.manifest, from: store)
        let bucket = manifest.input.bucket
        let name = store.name(bucket: event.manifest.bucket, key: event.manifest.key)
        guard manifest.place == event.manifest else {
            throw Failure("\(name): expected the manifest of a run there, found that of one at \(manifest.place.key)")
        }
        guard manifest.arithmetic != nil else {
            throw Failure(
                name, "expected the manifest of a run of this version, found that of an earlier version: resume the run"
            )
        }
        guard event.runID == nil || event.runID == manifest.runID else {
            throw Failure(
                .conflict, name,
                "expected the manifest of run \((event.runID ?? "").shortened()), found that of "
                    + "\(manifest.runID.shortened()), which has begun since")
        }
        let present = try store.list(bucket: bucket, prefix: manifest.keys.prefix)
        let results = RankResults(manifest: manifest, present: present, store: store)
        var entries = try results.read(0..<manifest.ranks)
        if !manifest.input.combine { entries = try results.checkTables(of: entries) }
        var report = RunReport(manifest: manifest)
        report.mapError = event.mapError

        var failure: Failure?
        do throws(Failure) {
            let tables = PredictionTables(manifest: manifest, store: store, environment: environment)
            let joined = try tables.join(&entries)
            (report.table, report.quality, report.medianError) = (joined.key, joined.quality, joined.medianError)
            report.repeatedIDs = joined.repeatedIDs
            // Of an earlier summary, whose ranks have been run or lost since.
            let others = manifest.keys.tables.filter { $0 != joined.key }
            for key in present.map(\.key) where others.contains(where: { [$0, RunKeys.record(of: $0)].contains(key) }) {
                try store.delete(bucket: bucket, key: key)
            }
        } catch {
            (failure, report.tableError) = (error, error.description)
        }
        try publish(entries, manifest)
        var (first, last) = (Double.infinity, -Double.infinity)
        for (rank, entry) in entries.enumerated() {
            do throws(Failure) {
                let result = try entry.get().result()
                report.add(result)
                // The earlier ranks of a resumed run, and earlier attempts of its ranks, ran before it started.
                if let started = result.started, let finished = result.finished, finished >= manifest.started {
                    (first, last) = (min(first, max(started, manifest.started)), max(last, finished))
                }
            } catch {
                report.add(failed: rank, error)
            }
        }
        if last > first { report.mapSeconds = last - first }
        // The invocations of Initialize and Summarize.
        if let cost = report.cost { report.cost = cost + 2 * PriceList.published.request }
        report.wallSeconds = max(0, Date().timeIntervalSince1970 - manifest.started)
        try store.put(bucket: bucket, key: manifest.keys.summary, try JSONFile.encoded(report, pretty: true))
        if let failure { throw failure }
        return report
    }

    /// The valid results: one by one, and in one array, by rank: the reference's `combined_data.json`.
    private func publish(_ entries: [Result<RankEntry, Failure>], _ manifest: RunManifest) throws(Failure) {
        let valid = entries.compactMap { try? $0.get() }
        let (bucket, keys) = (manifest.input.bucket, manifest.keys)
        let size = valid.reduce(2) { $0 + $1.json.count + 1 }
        try store.put(bucket: bucket, key: keys.combined, size: size) { combined throws(Failure) in
            for (index, entry) in valid.enumerated() {
                try combined.write([UInt8(ascii: index == 0 ? "[" : ",")] + entry.json)
            }
            try combined.write(Array((valid.isEmpty ? "[]" : "]").utf8))
        }
        let store = store
        try ParallelLoop.threads(Initialize.requestsAtOnce)(valid.count) { index throws(Failure) in
            try store.put(bucket: bucket, key: keys.published(valid[index].rank), valid[index].json)
        }
    }
}

/// The event of Summarize: Initialize's result, complete or its `manifest` alone, and the Map's result if there is one.
public struct SummarizeEvent: Sendable, Equatable {
    public let manifest: S3Location
    /// The run that the manifest must be of; nil for any.
    public let runID: String?
    /// The error that the Map reports, in one line; nil for none.
    public let mapError: String?

    public init(manifest: S3Location, runID: String? = nil, mapError: String? = nil) {
        self.manifest = manifest
        self.runID = runID
        self.mapError = mapError
    }

    /// Accepts `{"manifest": {"bucket", "key"}, "map": ...}`, Initialize's whole result, and the reference's
    /// `{"body": [{"S3_BUCKET", "RESULT_PATH"}, ...]}`. `map` is the Map's output, or its error as Step Functions
    /// writes it: `{"Error", "Cause"}`.
    /// - Throws: `Failure` where the event is none of these.
    public init(_ json: JSONValue, name: String = "the event of summarize") throws(Failure) {
        if case .string(let text)? = json["run_id"] { runID = text } else { runID = nil }
        if let location = json["manifest"] {
            manifest = try S3Location(location, name: name + ": manifest")
        } else if case .array(let items)? = json["body"], let first = items.first {
            let item = try Payload(first, name: name + ": body[0]")
            let path = InitializeInput.trimmed(try item.name("RESULT_PATH"))
            manifest = S3Location(bucket: try item.name("S3_BUCKET"), key: RunKeys(resultPath: path).manifest)
        } else {
            throw Failure("\(name): expected manifest {bucket, key}, or the body of initialize, found neither")
        }
        if case .string(let error)? = json["map"]?["Error"] {
            let cause: String
            if case .string(let text)? = json["map"]?["Cause"] { cause = ": " + text } else { cause = "" }
            mapError = String((error + cause).prefix(1000))
        } else {
            mapError = nil
        }
    }
}
