import Cloud
import Platform

/// What Initialize returns: the reference's `statusCode` and `body`, and where the run's lists lie.
public struct InitializeResult: Sendable, Equatable {
    public let manifest: RunManifest
    /// What is handed out: every rank's item, or of a resumed run those without a valid result.
    public let items: [WorkerItem]
    /// A line each.
    public let warnings: [String]

    /// Step Functions passes 256 KiB from state to state, of which an input may take the rest.
    static let mostBytes = 200_000

    /// What the Map may lose of the ranks that it is handed: as many as the run may lose of all.
    /// A whole number, as AWS asks for, rounded up: Summarize judges exactly.
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
