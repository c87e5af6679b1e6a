import Cloud
import Inference
import Platform

extension RunReport: Codable {
    enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case resultPath = "result_path"
        case ranks
        case failedCount = "failed"
        case failed = "failed_ranks"
        case failedPercentage = "failed_percentage"
        case toleratedFailurePercentage = "tolerated_failure_percentage"
        case mapError = "map_error"
        case galaxies
        case nonFinite = "non_finite"
        case instructionSets = "instruction_sets"
        case weights
        case wallSeconds = "wall_s"
        case mapSeconds = "map_s"
        case workerSeconds = "worker_s"
        case inferenceSeconds = "inference_s"
        case wallRate = "galaxies_per_s"
        case mapRate = "galaxies_per_map_s"
        case workerRate = "galaxies_per_worker_s"
        case inferenceRate = "galaxies_per_inference_s"
        case storeSeconds = "s3_s"
        case storeRequests = "s3_requests"
        case bytesRead = "bytes_read"
        case bytesWritten = "bytes_written"
        case billedGigabyteSeconds = "billed_gb_s"
        case cost = "cost_usd"
        case quality, manifest, combined, predictions, summary
    }

    private typealias Field<Value> = (CodingKeys, any WritableKeyPath<RunReport, Value> & Sendable)

    private static let counts: [Field<Int>] = [
        (.ranks, \.ranks), (.failedCount, \.failedCount), (.galaxies, \.galaxies), (.nonFinite, \.nonFinite),
        (.storeRequests, \.storeRequests), (.bytesRead, \.bytesRead), (.bytesWritten, \.bytesWritten),
    ]
    private static let amounts: [Field<Double>] = [
        (.toleratedFailurePercentage, \.toleratedFailurePercentage), (.workerSeconds, \.workerSeconds),
        (.inferenceSeconds, \.inferenceSeconds), (.storeSeconds, \.storeSeconds),
    ]

    /// A summary of another version may lack any key except `wall_s`.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys) -> Value? {
            (try? fields.decodeIfPresent(Value.self, forKey: key)) ?? nil
        }
        keys = RunKeys(resultPath: value(.resultPath) ?? "")
        runID = value(.runID) ?? ""
        if case .string(let name)? = (value(.manifest) as JSONValue?)?["bucket"] { bucket = name }
        hasPredictions = (value(.predictions) as JSONValue?) ?? .null != .null
        failed = value(.failed) ?? []
        for (key, field) in Self.counts { self[keyPath: field] = value(key) ?? 0 }
        for (key, field) in Self.amounts { self[keyPath: field] = value(key) ?? 0 }
        instructionSets = value(.instructionSets) ?? []
        weights = value(.weights) ?? []
        wallSeconds = try fields.decode(Double.self, forKey: .wallSeconds)
        mapSeconds = try fields.decodeIfPresent(Double.self, forKey: .mapSeconds)
        billedGigabyteSeconds = value(.billedGigabyteSeconds)
        cost = value(.cost)
        quality = value(.quality)
        mapError = value(.mapError)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        func location(_ key: String) -> JSONValue { S3Location(bucket: bucket, key: key).json }
        for (key, field) in Self.counts { try fields.encode(self[keyPath: field], forKey: key) }
        for (key, field) in Self.amounts { try fields.encode(self[keyPath: field], forKey: key) }
        try fields.encode(runID, forKey: .runID)
        try fields.encode(keys.resultPath, forKey: .resultPath)
        try fields.encode(failed, forKey: .failed)
        try fields.encode(failedPercentage, forKey: .failedPercentage)
        try fields.encode(mapError, forKey: .mapError)
        try fields.encode(instructionSets.sorted(), forKey: .instructionSets)
        try fields.encode(Array(weights.sorted().prefix(20)), forKey: .weights)
        try fields.encode(wallSeconds, forKey: .wallSeconds)
        try fields.encode(mapSeconds, forKey: .mapSeconds)
        try fields.encode(galaxiesPerSecond, forKey: .wallRate)
        try fields.encode(rate(mapSeconds), forKey: .mapRate)
        try fields.encode(rate(workerSeconds), forKey: .workerRate)
        try fields.encode(rate(inferenceSeconds), forKey: .inferenceRate)
        try fields.encode(billedGigabyteSeconds, forKey: .billedGigabyteSeconds)
        try fields.encode(cost, forKey: .cost)
        try fields.encode(quality, forKey: .quality)
        try fields.encode(location(keys.manifest), forKey: .manifest)
        try fields.encode(location(keys.combined), forKey: .combined)
        try fields.encode(hasPredictions ? location(keys.predictions) : .null, forKey: .predictions)
        try fields.encode(location(keys.summary), forKey: .summary)
    }
}
