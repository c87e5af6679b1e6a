import Cloud
import Platform

/// The answer of Initialize: the published system's `statusCode` and `body`, and the locations of the run's lists.
public struct InitializeResult: Sendable, Equatable {
    public let manifest: RunManifest
    /// The items of all ranks, or for a resumed run of those without a valid result.
    public let items: [WorkerItem]
    /// One line each.
    public let warnings: [String]

    /// Step Functions passes at most 256 KiB from state to state; the rest is left for the input.
    static let mostBytes = 200_000

    /// The percentage of its items that the Map may lose: as many ranks as the run tolerates.
    /// AWS takes a whole number, rounded up here; Summarize decides by the exact one.
    private var toleratedOfPending: Int {
        let tolerated = manifest.input.toleratedFailurePercentage * Double(manifest.ranks)
        return Int(min(100, tolerated / Double(max(1, items.count))).rounded(.up))
    }

    public var json: JSONValue {
        get throws(Failure) {
            var fields: [String: JSONValue] = [
                "statusCode": .integer(200), "manifest": manifest.place.json,
                "items": S3Location(bucket: manifest.input.bucket, key: manifest.keys.items).json,
                "ranks": .integer(manifest.ranks), "pending": .integer(items.count),
                "run_id": .string(manifest.runID),
                "max_concurrency": .integer(manifest.input.maxConcurrency),
                "tolerated_failure_percentage": .integer(toleratedOfPending),
            ]
            if !warnings.isEmpty { fields["warnings"] = .array(warnings.prefix(20).map { .string($0) }) }
            let whole = fields.merging(["body": .array(items.map(\.json))]) { first, _ in first }
            return .object(try JSONValue.object(whole).encoded().count <= Self.mostBytes ? whole : fields)
        }
    }
}
