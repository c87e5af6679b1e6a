import Cloud
import Costs
import FoundationEssentials
import Inference
import Platform
import Synchronization
import TensorFiles

/// Ends a run: holds the ranks' results against the manifest and puts them together.
public struct Summarize: Sendable {
    private let store: any ObjectStore
    private let environment: [String: String]

    public init(store: any ObjectStore, environment: [String: String]) {
        self.store = store
        self.environment = environment
    }

    /// Writes `predictions.csv`, `combined_data.json` and `summary.json` of what is there, whether or not all is.
    /// - Parameter event: see `SummarizeEvent`.
    /// - Returns: the report; whether the run failed is for the caller to ask of it.
    /// - Throws: `Failure` where there is no such run, or results cannot be written.
    public func run(_ event: SummarizeEvent) throws(Failure) -> RunReport {
        let manifest = try RunManifest.read(event.manifest, from: store)
        let bucket = manifest.input.bucket
        guard manifest.place == event.manifest else {
            let name = store.name(bucket: event.manifest.bucket, key: event.manifest.key)
            throw Failure(
                "\(name): expected the manifest of a run there, found that of one at \(manifest.place.key)")
        }
        let present = try store.list(bucket: bucket, prefix: manifest.keys.prefix)
        var entries = RankResults(manifest: manifest, present: present, store: store).read(0..<manifest.ranks)
        var report = RunReport(manifest: manifest)
        report.mapError = event.mapError

        let quality = try PredictionTables(manifest: manifest, store: store, environment: environment).join(&entries)
        report.quality = quality
        try combine(entries, manifest)
        var (first, last) = (Double.infinity, -Double.infinity)
        for (rank, entry) in entries.enumerated() {
            switch entry {
            case .success(let entry):
                report.add(entry)
                // A resumed run's earlier ranks ran before it.
                if let started = entry.started, let finished = entry.finished, started >= manifest.started {
                    (first, last) = (min(first, started), max(last, finished))
                }
            case .failure(let error):
                report.failed.append(RunReport.FailedRank(rank: rank, reason: error.description))
            }
        }
        if last > first { report.mapSeconds = last - first }
        // Initialize and this.
        if let cost = report.cost { report.cost = cost + 2 * PriceList.published.request }
        report.wallSeconds = max(0, Date().timeIntervalSince1970 - manifest.started)
        let summary = try report.json().encoded(pretty: true)
        try store.put(bucket: bucket, key: manifest.keys.summary, summary)
        return report
    }

    /// The ranks' results in one array, by rank: the reference's `combined_data.json`.
    private func combine(_ entries: [Result<RankEntry, Failure>], _ manifest: RunManifest) throws(Failure) {
        let results = entries.compactMap { try? $0.get().json }
        let bytes = try JSONValue.array(results).encoded()
        try store.put(bucket: manifest.input.bucket, key: manifest.keys.combined, bytes)
    }
}

/// What Summarize is asked for: Initialize's result, whole or its `manifest` alone, and perhaps the Map's.
public struct SummarizeEvent: Sendable, Equatable {
    public let manifest: S3Location
    /// What the Map says went wrong, in one line; nil where it says nothing.
    public let mapError: String?

    public init(manifest: S3Location, mapError: String? = nil) {
        self.manifest = manifest
        self.mapError = mapError
    }

    /// Accepts `{"manifest": {"bucket", "key"}, "map": ...}`, Initialize's whole result, and the reference's
    /// `{"body": [{"S3_BUCKET", "RESULT_PATH"}, ...]}`. `map` is the Map's output, or its error as Step Functions has
    /// it: `{"Error", "Cause"}`.
    /// - Throws: `Failure` where the event is none of these.
    public init(_ json: JSONValue) throws(Failure) {
        let name = "the event of summarize"
        if let place = json["manifest"] {
            manifest = try S3Location(place, name: name + ": manifest")
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
