/// The keys of a run's files in its bucket, or their paths in a tree of results.
public struct RunKeys: Sendable, Equatable {
    /// All ranks' results in one array; a folder with this file is a run.
    public static let combinedName = "combined_data.json"
    static let manifestName = "manifest.json"
    /// The summary of a run.
    public static let summaryName = "summary.json"
    /// The redshifts of a run's galaxies, where they were kept.
    public static let predictionsName = "predictions.csv"
    /// The setup and the runs of an experiment, at the root of a tree of runs.
    public static let experimentName = "experiment.json"

    /// The redshifts of a run of which some ranks failed, and as many may.
    public static let partialPredictionsName = "predictions.partial.csv"

    /// Of which a run has one at most.
    public static let tableNames = [predictionsName, partialPredictionsName]

    /// The run's `result_path`, without a slash at its end.
    public let resultPath: String
    /// nil for items of the published system, whose workers write under `result_path` itself.
    public let runID: String?

    public init(resultPath: String, runID: String? = nil) { (self.resultPath, self.runID) = (resultPath, runID) }

    /// The prefix of all keys of the run.
    public var prefix: String { resultPath + "/" }
    public var manifest: String { prefix + Self.manifestName }
    /// All ranks' results in one array.
    public var combined: String { prefix + Self.combinedName }
    public var predictions: String { prefix + Self.predictionsName }
    public var partialPredictions: String { prefix + Self.partialPredictionsName }
    /// Of which there is one at most.
    var tables: [String] { [predictions, partialPredictions] }
    public var summary: String { prefix + Self.summaryName }
    /// A rank's result where the published system has it: Summarize writes it.
    public func published(_ rank: Int) -> String { "\(prefix)\(rank).json" }

    /// The prefix of what belongs to this run alone: a worker of another run at the same `result_path` writes nothing there.
    public var folder: String { prefix + (runID.map { $0 + "/" } ?? "") }
    /// The array of worker items.
    public var items: String { folder + "items.json" }
    /// A worker's item that is too long for the array.
    func item(_ rank: Int) -> String { "\(folder)items/\(rank).json" }
    public func result(_ rank: Int) -> String { "\(folder)\(rank).json" }
    public func predictions(_ rank: Int) -> String { "\(folder)predictions/\(rank).csv" }
    /// The finished galaxies of a rank that stopped at its deadline: `KeptGalaxies`.
    func kept(_ rank: Int) -> String { "\(folder)partial/\(rank).rows" }
    /// Why a rank failed: a `RankFailure`.
    public func failure(_ rank: Int) -> String { "\(failures)\(rank).json" }
    /// The prefix of these.
    var failures: String { folder + "errors/" }

    /// The record of a run's predictions.
    public static func record(of predictions: String) -> String { predictions + RunRecord.ending }

    /// Whether the run or a worker of it writes the key. Other objects, and those of another run in a folder below, do not
    /// belong to it.
    func isOurs(_ key: String) -> Bool {
        key == manifest || isPublished(key) || isOfWorkers(key) || isOfEarlierVersion(key)
    }

    private func isOfWorkers(_ key: String) -> Bool {
        guard runID != nil else { return false }
        return key == items || isItem(key) || Self.rank(key, after: folder, before: ".json") != nil
            || isFailure(key)
            || Self.rank(key, after: folder + "predictions/", before: ".csv") != nil
            || Self.rank(key, after: folder + "partial/", before: ".rows") != nil
    }

    func isItem(_ key: String) -> Bool { Self.rank(key, after: folder + "items/", before: ".json") != nil }

    func isFailure(_ key: String) -> Bool { Self.rank(key, after: folder + "errors/", before: ".json") != nil }

    /// Whether Summarize writes the key: a run that begins or is resumed removes it.
    func isPublished(_ key: String) -> Bool {
        ([combined, summary] + tables + tables.map(Self.record)).contains(key)
            || Self.rank(key, after: prefix, before: ".json") != nil
    }

    /// Whether workers of earlier versions, which knew no `folder`, wrote the key.
    func isOfEarlierVersion(_ key: String) -> Bool {
        key == prefix + "items.json" || Self.rank(key, after: prefix + "predictions/", before: ".csv") != nil
    }

    private static func rank(_ key: String, after start: String, before end: String) -> Int? {
        guard key.utf8.count > start.utf8.count + end.utf8.count, key.hasPrefix(start), key.hasSuffix(end) else {
            return nil
        }
        let digits = key.dropFirst(start.count).dropLast(end.count)
        guard let rank = Int(digits), rank >= 0, String(rank) == digits else { return nil }
        return rank
    }
}
