import Cloud
import Inference
import Runs
import FoundationEssentials
import Platform
import Report

/// The data of a report, as INPUT names it.
struct ReportInput {
    enum Content {
        /// Predictions, the results of a run, or both.
        case run(predictions: PredictionTable?, results: Run?, origin: PredictionOrigin? = nil)
        case tree(ResultTree, ExperimentSetup?)
    }

    /// As it was given.
    let name: String
    /// Its name on the page: the last part of `name`.
    let title: String
    let content: Content
    /// The local file of predictions that it names; nil for anything else.
    let predictions: LabelledPredictions?
    /// Files that were read, which no output may replace.
    let files: [String]

    /// - Parameter origin: of local predictions that do not state theirs.
    /// - Throws: `Failure` naming the file or object that cannot be read.
    init(_ name: String, origin: PredictionOrigin? = nil) throws {
        self.name = name
        title = name.split(separator: "/").last.map(String.init) ?? name
        var isFolder = false
        if S3Location.isLocation(name) {
            (files, predictions) = ([], nil)
            content = try Self.fetched(S3Location(name), from: try StoreLocator.store(nil))
        } else if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder {
            let folder = name.hasSuffix("/") && name.count > 1 ? String(name.dropLast()) : name
            (content, predictions) = (try Self.read(folder), nil)
            var folders = [folder]
            if case .tree(let tree, _) = content { folders += tree.runs.map(\.folder) }
            let names = RunKeys.tableNames + [RunKeys.combinedName, RunKeys.summaryName, RunKeys.experimentName]
            files = folders.flatMap { folder in names.map { folder + "/" + $0 } }
        } else {
            // The reader reports a missing file.
            files = [name]
            let (file, table) = try Self.table(name)
            predictions = file
            content = .run(predictions: table, results: nil, origin: file.origin ?? origin)
        }
    }

    private static func table(_ path: String) throws(Failure) -> (LabelledPredictions, PredictionTable) {
        var doubts: [String] = []
        let file = try LabelledPredictions(path, missing: nil) { doubts.append($0) }
        let table = try file.table(needsSpectroscopic: false)
        doubts.forEach(Console.warn)
        return (file, table)
    }

    /// A folder: of a run, or of many.
    private static func read(_ folder: String) throws(Failure) -> Content {
        func isThere(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }
        let (predictions, hasResults) = (RunKeys.tableNames.first(where: isThere), isThere(RunKeys.combinedName))
        if predictions != nil || hasResults {
            let table = try predictions.map { (name) throws(Failure) in try Self.table(folder + "/" + name) }
            warnOfMissingRanks(table?.0.origin, predictions)
            return .run(
                predictions: table?.1,
                results: hasResults
                    ? try Run(folder: folder, key: RunKey(group: RunGroupKey(partition: nil, size: nil), run: ""))
                    : nil,
                origin: table?.0.origin)
        }
        guard ResultTree.isTree(folder) else {
            throw Failure(
                "\(folder): expected a run (\(RunKeys.predictionsName) or \(RunKeys.combinedName)) or a tree of runs "
                    + "(result-partition-...MB), found neither")
        }
        return .tree(try ResultTree([folder]), try ExperimentSetup.read(tree: folder))
    }

    /// Warns where a table of a run lacks ranks.
    private static func warnOfMissingRanks(_ origin: PredictionOrigin?, _ table: String?) {
        guard let table, table.hasSuffix(RunKeys.partialPredictionsName) else { return }
        let ranks = origin?.choices["missing_ranks"].map { " (\($0.shortened()))" } ?? ""
        Console.warn("\(table): has no galaxies of the ranks that failed\(ranks)")
    }

    /// Objects: predictions, or the results of a run under a prefix.
    private static func fetched(_ place: S3Location, from store: any ObjectStore) throws -> Content {
        func bytes(_ key: String) throws(Failure) -> [UInt8]? {
            guard try store.head(bucket: place.bucket, key: key) != nil else { return nil }
            return try store.get(bucket: place.bucket, key: key)
        }
        func name(_ key: String) -> String { store.name(bucket: place.bucket, key: key) }
        func table(_ key: String, _ predictions: [UInt8]) throws(Failure) -> (PredictionTable, PredictionOrigin?) {
            let record = try bytes(key + RunRecord.ending).flatMap { json in
                RunRecord.of(predictions, json, name: name(key + RunRecord.ending), warn: Console.warn)
            }
            let file = try PredictionFile(predictions, name: name(key))
            let origin = PredictionOrigin(file, record: record, warn: Console.warn)
            return (try PredictionTable(file, missing: origin?.missing ?? .usual), origin)
        }
        if PredictionFormat(path: place.key) != nil {
            let (table, origin) = try table(place.key, store.get(bucket: place.bucket, key: place.key))
            return .run(predictions: table, results: nil, origin: origin)
        }
        let folder = place.key.isEmpty || place.key.hasSuffix("/") ? place.key : place.key + "/"
        let combined = folder + RunKeys.combinedName
        var joined: (PredictionTable, PredictionOrigin?)?
        for key in RunKeys.tableNames.map({ folder + $0 }) where joined == nil {
            joined = try bytes(key).map { bytes throws in try table(key, bytes) }
            if joined != nil { warnOfMissingRanks(joined?.1, key) }
        }
        let summary = try bytes(folder + RunKeys.summaryName).map { ($0, name: name(folder + RunKeys.summaryName)) }
        let run = try bytes(combined).map { bytes throws in
            try Run(combined: bytes, name: name(combined), summary: summary)
        }
        guard joined != nil || run != nil else {
            throw Failure(
                "\(place): expected a run (\(RunKeys.predictionsName) or \(RunKeys.combinedName)) below it, found neither"
            )
        }
        return .run(predictions: joined?.0, results: run, origin: joined?.1)
    }
}
