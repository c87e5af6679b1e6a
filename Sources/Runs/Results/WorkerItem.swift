import AstroMAE
import Cloud
import Inference
import Platform

/// The work of one rank: an item of the Map and of `items.json`, with the published system's keys.
public struct WorkerItem: Sendable, Equatable {
    /// The bucket of the results.
    public let bucket: String
    public let objectName: String
    public let script: String
    public let objectType: String
    public let worldSize: Int
    public let rank: Int
    public let dataBucket: String
    public let dataPrefix: String
    /// Keys of the partitions; empty for a rank beyond them.
    public let dataPaths: [String]
    /// The ETags that the partitions must have; empty in items of the published system.
    public let etags: [String]
    /// The rows of each partition, nil for all of them; empty where none is cut.
    public let rows: [Range<Int>?]
    public let resultPath: String
    public let batchSize: Int
    /// The labels of the partitions' rows, one for each partition; nil where they follow from this item's keys alone.
    public let labels: [String]?
    /// A path or an `s3://` URL; nil for the weights that come with the program.
    public let weights: String?
    /// Of the network's Linear layers.
    public let precision: Precision
    /// Whether the worker writes predictions.
    public let predictions: Bool
    /// The run of this item; nil for items of the published system.
    public let runID: String?
    /// The object that has the whole item, where it is too long for a Map; its partitions are then not in this one.
    let whole: S3Location?

    /// Step Functions passes items of at most 256 KiB, and fails the whole Map for a longer one.
    static let mostBytes = 200_000

    init(
        _ input: InitializeInput, rank: Int, of worldSize: Int, dataPaths: [String], etags: [String],
        rows: [Range<Int>?], labels: [String]?, runID: String?
    ) {
        (self.etags, self.rows) = (etags, rows)
        (bucket, resultPath, self.runID) = (input.bucket, input.resultPath, runID)
        (objectName, script, objectType) = (input.objectName, input.script, input.objectType)
        (self.rank, self.worldSize, batchSize) = (rank, worldSize, input.batchSize)
        (dataBucket, dataPrefix, self.dataPaths) = (input.dataBucket, input.dataPrefix, dataPaths)
        (self.labels, weights, predictions) = (labels, input.weights, input.predictions)
        precision = input.precision
        whole = nil
    }

    /// - Throws: `Failure` naming the key that is missing or invalid.
    public init(_ json: JSONValue, name: String = "the worker's event") throws(Failure) {
        let payload = try Payload(json, name: name)
        bucket = try payload.name("S3_BUCKET")
        objectName = try payload.text("S3_OBJECT_NAME") ?? ""
        script = try payload.text("SCRIPT") ?? ""
        objectType = try payload.text("S3_OBJECT_TYPE") ?? ""
        guard let rank = try payload.count("RANK") else {
            throw payload.error("RANK", expected: "a whole number of at least 0")
        }
        self.rank = rank
        worldSize = try payload.count("WORLD_SIZE", in: 1...Payload.mostCount) ?? rank + 1
        guard rank < worldSize else {
            throw payload.error("RANK", expected: "a number below WORLD_SIZE (\(worldSize))")
        }
        dataBucket = try payload.text("DATA_BUCKET") ?? bucket
        dataPrefix = try payload.text("DATA_PREFIX") ?? ""
        dataPaths = try payload.texts("DATA_PATH")
        etags = try payload.texts("ETAGS")
        guard etags.isEmpty || etags.count == dataPaths.count else {
            throw payload.error("ETAGS", expected: "one for each of \(dataPaths.count) in DATA_PATH")
        }
        rows = try payload.listOfRows("ROWS")
        guard rows.isEmpty || rows.count == dataPaths.count else {
            throw payload.error("ROWS", expected: "one for each of \(dataPaths.count) in DATA_PATH")
        }
        resultPath = InitializeInput.trimmed(try payload.name("RESULT_PATH"))
        batchSize = try payload.count("BATCH_SIZE", in: 1...(1 << 20)) ?? InitializeInput.defaultBatchSize
        let labels = try payload.texts("LABELS")
        guard labels.isEmpty || labels.count == dataPaths.count else {
            throw payload.error("LABELS", expected: "one for each of \(dataPaths.count) in DATA_PATH")
        }
        self.labels = labels.isEmpty ? nil : labels
        weights = try payload.text("WEIGHTS").flatMap { $0.isEmpty ? nil : $0 }
        precision = try InitializeInput.precision(payload, "PRECISION")
        predictions = try payload.flag("PREDICTIONS", otherwise: true)
        runID = try InitializeInput.runID(payload, "RUN_ID")
        whole = try payload.fields["ITEM"].flatMap { (value) throws(Failure) in
            value == .null ? nil : try S3Location(value, name: "the worker's event: ITEM")
        }
    }

    /// The whole item. Keys that the published system does not have are written only where they are needed.
    public var json: JSONValue {
        var fields = shortFields
        fields["DATA_PATH"] = Self.paths(dataPaths)
        if !etags.isEmpty { fields["ETAGS"] = Self.paths(etags) }
        if !rows.isEmpty { fields["ROWS"] = rows.json }
        if let labels { fields["LABELS"] = .array(labels.map { .string($0) }) }
        return .object(fields)
    }

    /// The item without what is said of its partitions, for a Map: the worker reads it from the object.
    func json(whole: S3Location) -> JSONValue {
        .object(shortFields.merging(["DATA_PATH": .null, "ITEM": whole.json]) { $1 })
    }

    private var shortFields: [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "S3_BUCKET": .string(bucket), "S3_OBJECT_NAME": .string(objectName), "SCRIPT": .string(script),
            "S3_OBJECT_TYPE": .string(objectType), "WORLD_SIZE": .string(String(worldSize)),
            "RANK": .string(String(rank)), "DATA_BUCKET": .string(dataBucket), "DATA_PREFIX": .string(dataPrefix),
            "RESULT_PATH": .string(resultPath), "BATCH_SIZE": .integer(batchSize),
        ]
        if let weights { fields["WEIGHTS"] = .string(weights) }
        if precision != .float32 { fields["PRECISION"] = .string(precision.rawValue) }
        if !predictions { fields["PREDICTIONS"] = .bool(false) }
        if let runID { fields["RUN_ID"] = .string(runID) }
        return fields
    }

    /// The whole item, from the object that it names if it is a short one.
    /// - Throws: `Failure` where that is not there, or of another rank or run.
    func resolved(in store: any ObjectStore) throws(Failure) -> WorkerItem {
        guard let whole else { return self }
        let name = store.name(bucket: whole.bucket, key: whole.key)
        let item = try WorkerItem(
            try JSONValue.parse(try store.get(bucket: whole.bucket, key: whole.key), name: name))
        guard item.whole == nil, (item.rank, item.worldSize, item.runID) == (rank, worldSize, runID),
            (item.bucket, item.resultPath) == (bucket, resultPath)
        else { throw Failure(name, "expected the item of rank \(rank) of this run, found another") }
        return item
    }

    /// A key, a list of keys, or null.
    static func paths(_ paths: [String]) -> JSONValue {
        switch paths.count {
        case 0: .null
        case 1: .string(paths[0])
        default: .array(paths.map { .string($0) })
        }
    }

    var keys: RunKeys { RunKeys(resultPath: resultPath, runID: runID) }

    /// The labels of each partition's rows.
    var objectLabels: [String] { labels ?? ObjectLabels.labels(for: dataPaths) }
}
