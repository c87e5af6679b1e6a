import Cloud
import FanOut
import FoundationEssentials
import Report
import TensorFiles

/// What a report is made of: what INPUT leads to.
struct ReportInput {
    /// As it was given.
    let name: String
    /// What the page calls it: the last part of the name.
    let title: String
    let predictions: PredictionTable
    /// Files that were read, which no output may replace.
    let files: [String]

    /// - Throws: `ReportError`, or `CloudError` where a store does not give what is asked of it.
    init(_ name: String) throws {
        self.name = name
        title = name.split(separator: "/").last.map(String.init) ?? name
        if S3Location.isLocation(name) {
            files = []
            predictions = try Self.fetched(S3Location(name), from: try StoreLocator.store(nil))
        } else {
            let file = try Self.file(name)
            files = [file]
            predictions = try PredictionTable(csvFile: file, needsSpectroscopic: false)
        }
    }

    /// The file that a path stands for: itself, or the predictions of a run's folder.
    private static func file(_ path: String) throws(ReportError) -> String {
        var isFolder = false
        // What is not there at all is for the reader to name.
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else { return path }
        let file = (path.hasSuffix("/") ? path : path + "/") + predictionsName
        guard FileManager.default.fileExists(atPath: file) else {
            throw ReportError("\(path): expected the folder of a run with \(predictionsName), found none there")
        }
        return file
    }

    /// The same in a store: an object whose name ends in .csv, or what a run wrote below a prefix.
    private static func fetched(_ place: S3Location, from store: any ObjectStore) throws -> PredictionTable {
        let isFile = place.key.lowercased().hasSuffix(".csv")
        let folder = place.key.isEmpty || place.key.hasSuffix("/") ? place.key : place.key + "/"
        let key = isFile ? place.key : folder + predictionsName
        let bytes = try store.get(bucket: place.bucket, key: key)
        return try PredictionTable(
            csv: bytes, name: store.name(bucket: place.bucket, key: key), needsSpectroscopic: false)
    }

    private static let predictionsName = "predictions.csv"
}
