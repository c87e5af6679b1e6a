import Costs
import Platform

/// What a run is asked to do: the reference's execution input, and a few optional keys of ours.
public struct InitializeInput: Sendable, Equatable {
    /// Where results go.
    public let bucket: String
    /// The key prefix of results, without a slash at its ends.
    public let resultPath: String
    /// Where partitions lie; `bucket` where it is not named.
    public let dataBucket: String
    /// As it was given; a folder, with or without its slash. Empty for the whole bucket.
    public let dataPrefix: String
    /// The most partitions to take; nil for all.
    public let fileLimit: Int?
    /// How many to hand out, the first ones again where those that were taken end; nil for each once.
    public let repeated: Int?
    /// Whether workers write their predictions.
    public let predictions: Bool
    /// How many workers: `ranks`, else `world_size`; nil for as many as there are partitions to take.
    public let ranks: Int?
    public let batchSize: Int
    // The reference's worker downloads itself by these. Ours passes them on.
    public let objectType: String
    public let objectName: String
    public let script: String
    /// A path on the worker's disk or an `s3://` URL; nil for the weights that come with the program.
    public let weights: String?
    /// Hand out only the ranks of an earlier run that have no valid result.
    public let resume: Bool
    /// Remove an earlier run's results first.
    public let overwrite: Bool
    /// Percent of the ranks.
    public let toleratedFailurePercentage: Double
    /// Workers at once.
    public let maxConcurrency: Int
    /// What the run is called; nil to be made up. Initializing a run again under its own name resumes it, so that who
    /// calls may retry.
    public let runID: String?
    /// All that was given.
    public let json: JSONValue
    /// Keys that look mistyped: a line each.
    public let warnings: [String]

    /// The reference's batches.
    static let defaultBatchSize = 512
    /// Lambda functions that an account may run at once, unless it has asked for more.
    static let defaultConcurrency = 1000
    /// Items that one distributed Map takes is far above it; their list stays some megabytes.
    public static let mostRanks = LambdaLimits.mostRanks

    private static let keys = [
        "bucket", "file_limit", "batch_size", "object_type", "S3_object_name", "script", "result_path", "data_bucket",
        "data_prefix", "world_size", "weights", "ranks", "resume", "overwrite", "tolerated_failure_percentage",
        "max_concurrency", "run_id", "repeat", "predictions",
    ]

    /// - Parameter repeated: stands for what `json` says of `repeat`, if anything.
    /// - Throws: `Failure` naming the key that is missing or makes no sense.
    public init(_ json: JSONValue, repeated: Int? = nil) throws(Failure) {
        var payload = try Payload(json, name: "the input")
        if let repeated { payload.fields["repeat"] = .integer(repeated) }
        self.json = .object(payload.fields)
        warnings = payload.nearMisses(of: Self.keys)
        bucket = try payload.name("bucket")
        dataBucket = try payload.text("data_bucket") ?? bucket
        dataPrefix = try payload.text("data_prefix") ?? ""
        resultPath = Self.trimmed(try payload.name("result_path"))
        guard !resultPath.isEmpty else { throw payload.error("result_path", expected: "a name") }
        fileLimit = try payload.count("file_limit", in: 1...Int.max)
        self.repeated = try payload.count("repeat", in: 1...Self.mostRanks)
        predictions = try payload.flag("predictions", otherwise: true)
        batchSize = try payload.count("batch_size", in: 1...(1 << 20)) ?? Self.defaultBatchSize
        let worldSize = try payload.count("world_size", in: 1...Self.mostRanks)
        ranks = try payload.count("ranks", in: 1...Self.mostRanks) ?? worldSize
        if let worldSize, let ranks, worldSize != ranks {
            throw payload.error("world_size", expected: "the \(ranks) of 'ranks', or nothing")
        }
        objectType = try payload.text("object_type") ?? ""
        objectName = try payload.text("S3_object_name") ?? ""
        script = try payload.text("script") ?? ""
        weights = try payload.text("weights").flatMap { $0.isEmpty ? nil : $0 }
        resume = try payload.flag("resume")
        overwrite = try payload.flag("overwrite")
        guard !(resume && overwrite) else {
            throw Failure("\(payload.name): expected resume or overwrite, found both")
        }
        toleratedFailurePercentage = try payload.number("tolerated_failure_percentage", in: 0...100) ?? 0
        maxConcurrency = try payload.count("max_concurrency", in: 1...10_000) ?? Self.defaultConcurrency
        runID = try payload.text("run_id").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The prefix of the partitions' keys: `100MB` is the folder `100MB/`, and not `100MB-old/`, too.
    var folder: String { dataPrefix.isEmpty || dataPrefix.hasSuffix("/") ? dataPrefix : dataPrefix + "/" }

    static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.hasPrefix("/") { path = path.dropFirst() }
        while path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }
}
