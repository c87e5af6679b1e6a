import AstroMAE
import Costs
import Platform

/// The input of a run: that of the published system's execution, and optional keys of this program.
public struct InitializeInput: Sendable, Equatable {
    /// The bucket of the results.
    public let bucket: String
    /// The key prefix of the results, without slashes at its ends.
    public let resultPath: String
    /// The bucket of the partitions; `bucket` by default.
    public let dataBucket: String
    /// A folder, with or without its slash; empty for the whole bucket.
    public let dataPrefix: String
    /// The most partitions to take; nil for all.
    public let fileLimit: Int?
    /// The number of partitions to assign, starting again from the first; nil for each partition once.
    public let repeated: Int?
    /// Whether workers write their predictions.
    public let predictions: Bool
    /// Whether these are joined to one table.
    public let combine: Bool
    /// The number of workers: `ranks`, else `world_size`; nil for one for each partition.
    public let ranks: Int?
    /// The most galaxies of a worker, whose number follows; nil where workers have whole partitions.
    public let rankGalaxies: Int?
    public let batchSize: Int
    // The published system's worker downloads its program by these keys; here they are only passed on.
    public let objectType: String
    public let objectName: String
    public let script: String
    /// A path on the worker's disk or an `s3://` URL; nil for the default weights.
    public let weights: String?
    /// Of the network's Linear layers: `float32` or `bf16`.
    public let precision: Precision
    /// Whether only the ranks of an earlier run without a valid result are run.
    public let resume: Bool
    /// Whether an earlier run's results are removed first.
    public let overwrite: Bool
    /// In percent of the ranks.
    public let toleratedFailurePercentage: Double
    /// Workers at the same time; nil for as many as Initialize plans.
    public let maxConcurrency: Int?
    /// The name of the run; nil for a generated one. Initializing a run again under its own name resumes it, so that
    /// the caller may retry.
    public let runID: String?
    /// All keys as given, but `result_path` and `data_prefix` without the slashes and dots that keys do not have.
    public let json: JSONValue
    /// Warnings about keys that look mistyped, one line each.
    public let warnings: [String]

    /// The batch size of the published system.
    static let defaultBatchSize = 512
    /// Far below the items that a distributed Map takes; the list of items stays at some megabytes.
    public static let mostRanks = LambdaLimits.mostRanks

    private static let keys = [
        "bucket", "file_limit", "batch_size", "object_type", "S3_object_name", "script", "result_path", "data_bucket",
        "data_prefix", "world_size", "weights", "ranks", "resume", "overwrite", "tolerated_failure_percentage",
        "max_concurrency", "run_id", "repeat", "predictions", "combine",
        "rank_galaxies", "precision",
    ]

    /// - Parameters:
    ///   - name: of the file, or of another source, in errors.
    ///   - repeated: replaces the key `repeat`.
    ///   - other: replaces the key `precision`.
    /// - Throws: `Failure` naming the key that is missing or invalid.
    public init(
        _ json: JSONValue, name: String = "the input", repeated: Int? = nil, precision other: Precision? = nil
    ) throws(Failure) {
        var payload = try Payload(json, name: name)
        if let repeated { payload.fields["repeat"] = .integer(repeated) }
        if let other { payload.fields["precision"] = .string(other.rawValue) }
        warnings = payload.nearMisses(of: Self.keys)
        bucket = try payload.name("bucket")
        dataBucket = try payload.text("data_bucket") ?? bucket
        // Keys of partitions may have empty components: the prefix is used as it is.
        dataPrefix = try payload.text("data_prefix") ?? ""
        let result = try Self.path(payload, "result_path")
        resultPath = result.key
        guard !resultPath.isEmpty else { throw payload.error("result_path", expected: "a name") }
        // The state machine and other readers of the input use the path in it as it is.
        if result.given != resultPath { payload.fields["result_path"] = .string(resultPath) }
        self.json = .object(payload.fields)
        fileLimit = try payload.count("file_limit", in: 1...Int.max)
        self.repeated = try payload.count("repeat", in: 1...Self.mostRanks)
        predictions = try payload.flag("predictions", otherwise: true)
        combine = try payload.flag("combine", otherwise: true)
        batchSize = try payload.count("batch_size", in: 1...(1 << 20)) ?? Self.defaultBatchSize
        let worldSize = try payload.count("world_size", in: 1...Self.mostRanks)
        ranks = try payload.count("ranks", in: 1...Self.mostRanks) ?? worldSize
        if let worldSize, let ranks, worldSize != ranks {
            throw payload.error("world_size", expected: "the \(ranks) of 'ranks', or nothing")
        }
        rankGalaxies = try payload.count("rank_galaxies", in: 1...Payload.mostCount)
        if let other = rankGalaxies == nil ? nil : ["ranks", "world_size", "repeat"].first(where: payload.has) {
            throw Failure(.usage, "\(payload.name): expected rank_galaxies or \(other), found both")
        }
        objectType = try payload.text("object_type") ?? ""
        objectName = try payload.text("S3_object_name") ?? ""
        script = try payload.text("script") ?? ""
        weights = try payload.text("weights").flatMap { $0.isEmpty ? nil : $0 }
        precision = try Self.precision(payload, "precision")
        resume = try payload.flag("resume")
        overwrite = try payload.flag("overwrite")
        guard !(resume && overwrite) else { throw Failure("\(payload.name): expected resume or overwrite, found both") }
        toleratedFailurePercentage = try payload.number("tolerated_failure_percentage", in: 0...100) ?? 0
        maxConcurrency = try payload.count("max_concurrency", in: 1...LambdaLimits.mostConcurrency)
        runID = try Self.runID(payload, "run_id")
    }

    static func precision(_ payload: Payload, _ key: String) throws(Failure) -> Precision {
        guard let name = try payload.text(key), !name.isEmpty else { return .float32 }
        guard let precision = Precision(rawValue: name) else {
            throw payload.error(key, expected: Precision.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return precision
    }

    /// The name of a run, which is a folder below `result_path`; nil for none.
    static func runID(_ payload: Payload, _ key: String) throws(Failure) -> String? {
        guard let name = try payload.text(key), !name.isEmpty else { return nil }
        let isUsed =
            [".", "..", "predictions", "map"].contains(name) || name.hasSuffix(".json") || name.hasSuffix(".csv")
        guard name.utf8.count <= 200, !isUsed, !name.unicodeScalars.contains(where: { $0 == "/" || $0.value < 32 })
        else {
            throw payload.error(
                key, expected: "a name of at most 200 bytes without slashes, that is not of a file or folder of results"
            )
        }
        return name
    }

    /// Whether partitions are cut only where a worker has too little time for them.
    var isCutByTime: Bool { ranks == nil && rankGalaxies == nil && repeated == nil }

    /// The prefix of the partitions' keys: `100MB` is the folder `100MB/` and does not include `100MB-old/`.
    var folder: String { dataPrefix.isEmpty || dataPrefix.hasSuffix("/") ? dataPrefix : dataPrefix + "/" }

    /// - Throws: `Failure` for a path with `..`: the roles of a deployed fan-out may use the keys under a prefix, and the
    ///   path would look as if it led elsewhere.
    private static func path(_ payload: Payload, _ key: String) throws(Failure) -> (given: String, key: String) {
        let given = try payload.text(key) ?? ""
        guard !given.unicodeScalars.split(separator: "/").contains(where: { String($0) == ".." }) else {
            throw payload.error(key, expected: "a path without '..'")
        }
        return (given, trimmed(given))
    }

    /// A path as the keys under it begin: without slashes at its ends, double slashes and components `.`.
    static func trimmed(_ path: String) -> String {
        path.unicodeScalars.split(separator: "/").map { String($0) }.filter { $0 != "." }.joined(separator: "/")
    }
}
