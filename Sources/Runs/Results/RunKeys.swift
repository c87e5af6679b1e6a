/// The keys of a run's files in its bucket, or their paths in a tree of results.
public struct RunKeys: Sendable, Equatable {
    /// All ranks' results in one array; a folder with this file is a run.
    public static let combinedName = "combined_data.json"
    /// The summary of a run.
    public static let summaryName = "summary.json"
    /// The redshifts of a run's galaxies, where they were kept.
    public static let predictionsName = "predictions.csv"
    /// The setup and the runs of an experiment, at the root of a tree of runs.
    public static let experimentName = "experiment.json"

    /// The run's `result_path`, without a slash at its end.
    public let resultPath: String

    public init(resultPath: String) { self.resultPath = resultPath }

    /// The prefix of all keys of the run.
    public var prefix: String { resultPath + "/" }
    /// The array of worker items.
    public var items: String { prefix + "items.json" }
    public var manifest: String { prefix + "manifest.json" }
    /// All ranks' results in one array.
    public var combined: String { prefix + Self.combinedName }
    public var predictions: String { prefix + Self.predictionsName }
    public var summary: String { prefix + Self.summaryName }
    /// The `RunRecord` of the predictions.
    public var record: String { predictions + RunRecord.ending }
    public func result(_ rank: Int) -> String { "\(prefix)\(rank).json" }
    public func predictions(_ rank: Int) -> String { "\(prefix)predictions/\(rank).csv" }

    /// Whether the run writes the key. Keys of another run in a folder below are not its own.
    func isOurs(_ key: String) -> Bool {
        guard key.hasPrefix(prefix) else { return false }
        return [items, manifest, combined, predictions, record, summary].contains(key) || rank(ofResult: key) != nil
            || rank(ofPredictions: key) != nil
    }

    func rank(ofResult key: String) -> Int? { Self.rank(key, after: prefix, before: ".json") }
    func rank(ofPredictions key: String) -> Int? { Self.rank(key, after: prefix + "predictions/", before: ".csv") }

    private static func rank(_ key: String, after start: String, before end: String) -> Int? {
        guard key.utf8.count > start.utf8.count + end.utf8.count, key.hasPrefix(start), key.hasSuffix(end) else {
            return nil
        }
        let digits = key.dropFirst(start.count).dropLast(end.count)
        guard let rank = Int(digits), rank >= 0, String(rank) == digits else { return nil }
        return rank
    }
}
