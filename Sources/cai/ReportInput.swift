import Cloud
import FanOut
import FoundationEssentials
import Report
import TensorFiles

/// What a report is made of: what INPUT leads to.
struct ReportInput {
    enum Content {
        case predictions(PredictionTable)
        /// A run's ranks, and its predictions where it kept them.
        case run(Run, PredictionTable?)
        case tree(ResultTree, ExperimentRoot?)
    }

    /// As it was given.
    let name: String
    /// What the page calls it: the last part of the name.
    let title: String
    let content: Content
    /// Files that were read, which no output may replace.
    let files: [String]

    var isTree: Bool { if case .tree = content { true } else { false } }

    /// - Throws: `ReportError`, or `CloudError` where a store does not give what is asked of it.
    init(_ name: String) throws {
        self.name = name
        title = name.split(separator: "/").last.map(String.init) ?? name
        if S3Location.isLocation(name) {
            files = []
            content = try Self.fetched(S3Location(name), from: try StoreLocator.store(nil))
            return
        }
        var isFolder = false
        // What is not there at all is for the reader to name.
        guard FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder else {
            files = [name]
            content = .predictions(try PredictionTable(csvFile: name, needsSpectroscopic: false))
            return
        }
        if ResultTree.isTree(name) {
            files = []
            content = .tree(try ResultTree([name]), try ExperimentRoot.read(tree: name))
        } else {
            (content, files) = try Self.folder(name)
        }
    }

    /// What a run left in a folder.
    private static func folder(_ path: String) throws(ReportError) -> (Content, files: [String]) {
        let folder = path.hasSuffix("/") ? path : path + "/"
        let files = [folder + predictionsName, folder + Run.fileName]
        let (hasPredictions, hasRanks) = (
            FileManager.default.fileExists(atPath: files[0]), FileManager.default.fileExists(atPath: files[1])
        )
        let predictions =
            hasPredictions ? try PredictionTable(csvFile: files[0], needsSpectroscopic: false) : nil
        if hasRanks { return (.run(try Run(folder: path), predictions), files) }
        guard let predictions else {
            throw ReportError(
                "\(path): expected the folder of a run with \(predictionsName) or \(Run.fileName), or a tree of "
                    + "result-partition-...MB folders, found none of them")
        }
        return (.predictions(predictions), files)
    }

    /// The same in a store: an object whose name ends in .csv, or what a run wrote below a prefix.
    private static func fetched(_ place: S3Location, from store: any ObjectStore) throws -> Content {
        func bytes(_ key: String) throws -> [UInt8] { try store.get(bucket: place.bucket, key: key) }
        func table(_ key: String) throws -> PredictionTable {
            try PredictionTable(
                csv: try bytes(key), name: store.name(bucket: place.bucket, key: key), needsSpectroscopic: false)
        }
        if place.key.lowercased().hasSuffix(".csv") { return .predictions(try table(place.key)) }
        let folder = place.key.isEmpty || place.key.hasSuffix("/") ? place.key : place.key + "/"
        guard let ranks = try present({ try bytes(folder + Run.fileName) }) else {
            return .predictions(try table(folder + predictionsName))
        }
        let run = try Run(
            ranks: ranks, summary: try present { try bytes(folder + Run.summaryName) },
            folder: store.name(bucket: place.bucket, key: folder))
        return .run(run, try present { try table(folder + predictionsName) })
    }

    /// nil where the store has no such object.
    private static func present<Value>(_ body: () throws -> Value) throws -> Value? {
        do { return try body() } catch let error as CloudError {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private static let predictionsName = "predictions.csv"
}
