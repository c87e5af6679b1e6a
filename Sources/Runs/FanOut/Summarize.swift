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

    /// Writes `predictions.csv`, `combined_data.json` and `summary.json` of the valid results, complete or not.
    /// - Returns: the report; the caller decides by `isTolerable` whether the run failed.
    /// - Throws: `Failure` where there is no such run, or results cannot be written.
    public func run(_ event: SummarizeEvent) throws(Failure) -> RunReport {
        let manifest = try RunManifest.read(event.manifest, from: store)
        let bucket = manifest.input.bucket
        guard manifest.place == event.manifest else {
            let name = store.name(bucket: event.manifest.bucket, key: event.manifest.key)
            throw Failure("\(name): expected the manifest of a run there, found that of one at \(manifest.place.key)")
        }
        let present = try store.list(bucket: bucket, prefix: manifest.keys.prefix)
        var entries = RankResults(manifest: manifest, present: present, store: store).read(0..<manifest.ranks)
        var report = RunReport(manifest: manifest)
        report.mapError = event.mapError

        let measures = try PredictionTables(manifest: manifest, store: store, environment: environment).join(&entries)
        (report.quality, report.medianError) = (measures.quality, measures.medianError)
        report.repeatedIDs = measures.repeatedIDs
        try combine(entries, manifest)
        var (first, last) = (Double.infinity, -Double.infinity)
        for (rank, entry) in entries.enumerated() {
            switch entry {
            case .success(let entry):
                report.add(entry.result)
                // The earlier ranks of a resumed run ran before it started.
                if let started = entry.result.started, let finished = entry.result.finished, started >= manifest.started
                {
                    (first, last) = (min(first, started), max(last, finished))
                }
            case .failure(let error): report.add(failed: rank, error)
            }
        }
        if last > first { report.mapSeconds = last - first }
        // The invocations of Initialize and Summarize.
        if let cost = report.cost { report.cost = cost + 2 * PriceList.published.request }
        report.wallSeconds = max(0, Date().timeIntervalSince1970 - manifest.started)
        try store.put(bucket: bucket, key: manifest.keys.summary, try JSONFile.encoded(report, pretty: true))
        return report
    }

    /// The ranks' results in one array, by rank: the reference's `combined_data.json`.
    private func combine(_ entries: [Result<RankEntry, Failure>], _ manifest: RunManifest) throws(Failure) {
        let results = entries.compactMap { try? $0.get().json }
        let bytes = try JSONValue.array(results).encoded()
        try store.put(bucket: manifest.input.bucket, key: manifest.keys.combined, bytes)
    }
}

/// The event of Summarize: Initialize's result, complete or its `manifest` alone, and the Map's result if there is one.
public struct SummarizeEvent: Sendable, Equatable {
    public let manifest: S3Location
    /// The error that the Map reports, in one line; nil for none.
    public let mapError: String?

    public init(manifest: S3Location, mapError: String? = nil) {
        self.manifest = manifest
        self.mapError = mapError
    }

    /// Accepts `{"manifest": {"bucket", "key"}, "map": ...}`, Initialize's whole result, and the reference's
    /// `{"body": [{"S3_BUCKET", "RESULT_PATH"}, ...]}`. `map` is the Map's output, or its error as Step Functions
    /// writes it: `{"Error", "Cause"}`.
    /// - Throws: `Failure` where the event is none of these.
    public init(_ json: JSONValue) throws(Failure) {
        let name = "the event of summarize"
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
