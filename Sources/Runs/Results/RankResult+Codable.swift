import Inference
import Platform

extension RankResult: Codable {
    enum CodingKeys: String, CodingKey {
        case seconds = "total_cpu_time (seconds)"
        case memory = "total_cpu_memory (MB)"
        case batchSeconds = "execution_time (seconds/batch)"
        case batches = "num_batches"
        case batchSize = "batch_size"
        case device
        case throughput = "throughput_bps"
        case sampleRate = "sample_persec"
        case galaxies = "num_samples"
        case dataPaths = "data_path"
        case resultPath = "result_path"
        case storeTotal = "s3_total_time"
        case storeAverage = "s3_avg_time"
        case storeShortest = "s3_min_time"
        case storeLongest = "s3_max_time"
        case storeRequests = "s3_num_requests"
        case firstRequest = "s3_first_request_time"
        case lastResponse = "s3_last_response_time"
        case bytesRead = "s3_bytes_read"
        case bytesWritten = "s3_bytes_written"
        case initSeconds = "init_s"
        case modelSeconds = "model_load_s"
        case fetchSeconds = "payload_fetch_s"
        case scatterSeconds = "scatter_s"
        case inferenceSeconds = "inference_s"
        case barrierSeconds = "barrier_s"
        case publishSeconds = "publish_s"
        case totalSeconds = "total_s"
        case rank
        case worldSize = "world_size"
        case runID = "run_id"
        case started, finished, threads, architecture, weights, version, arithmetic, gemm, choices, warnings
        /// `warnings` in files of earlier versions.
        case notices
        case processorSeconds = "processor_s"
        case instructionSet = "instruction_set"
        case weightsETag = "weights_etag"
        case weightsSHA256 = "weights_sha256"
        case predictionBytes = "predictions_bytes"
        case predictionSHA256 = "predictions_sha256"
        case predictionETag = "predictions_etag"
        case etags = "data_etags"
        case rows = "data_rows"
        case nonFinite = "non_finite"
        case flags, implausible
        case peakFetched = "fetched_peak_bytes"
        case configuredMemory = "configured_memory_mb"
        case requestID = "request_id"
        case logGroup = "log_group"
        case attempts
        case earlierGalaxies = "earlier_galaxies"
    }

    typealias Field<Value> = (CodingKeys, any WritableKeyPath<RankResult, Value> & Sendable)

    /// Seconds that are 0 where a file lacks them.
    static let addedSeconds: [Field<Double>] = [
        (.initSeconds, \.initSeconds), (.fetchSeconds, \.fetchSeconds), (.scatterSeconds, \.scatterSeconds),
        (.modelSeconds, \.modelSeconds), (.barrierSeconds, \.barrierSeconds), (.publishSeconds, \.publishSeconds),
    ]
    private static let amounts: [Field<Double?>] = [
        (.inferenceSeconds, \.inferenceSeconds), (.totalSeconds, \.totalSeconds), (.started, \.started),
        (.finished, \.finished), (.processorSeconds, \.processorSeconds),
    ]
    private static let counts: [Field<Int?>] = [
        (.rank, \.rank), (.worldSize, \.worldSize), (.threads, \.threads), (.configuredMemory, \.configuredMemory),
    ]
    /// Written only where an earlier attempt has done something.
    private static let ofAttempts: [Field<Int?>] = [(.attempts, \.attempts), (.earlierGalaxies, \.earlierGalaxies)]
    private static let bytes: [Field<Int?>] = [(.predictionBytes, \.predictionBytes), (.peakFetched, \.peakFetched)]
    private static let texts: [Field<String?>] = [
        (.resultPath, \.resultPath), (.runID, \.runID), (.instructionSet, \.instructionSet),
        (.architecture, \.architecture), (.weights, \.weights), (.weightsETag, \.weightsETag),
        (.weightsSHA256, \.weightsSHA256), (.version, \.version), (.gemm, \.gemm),
        (.arithmetic, \.arithmetic), (.predictionSHA256, \.predictionSHA256), (.predictionETag, \.predictionETag),
    ]

    /// All ranks of a `combined_data.json`.
    /// - Parameter name: the file's name in errors.
    /// - Throws: `Failure` naming the file, the element's index and the key.
    public static func read(_ combined: [UInt8], name: String) throws(Failure) -> [RankResult] {
        try JSONFile.decode([RankResult].self, combined, name: name)
    }

    public init(from decoder: any Decoder) throws {
        let fields = try RankFields(decoder)
        seconds = try fields.amount(.seconds)
        memory = try fields.amount(.memory)
        throughput = try fields.amount(.throughput)
        batchSize = try fields.count(.batchSize)
        if let counted = try fields.optionalCount(.galaxies) {
            galaxies = counted
        } else {
            // A rate times its time is the count again, except for rounding.
            isCounted = false
            galaxies = try fields.count((try fields.amount(.sampleRate) * seconds).rounded(), .sampleRate)
        }
        (dataPaths, etags) = (try fields.texts(.dataPaths), try fields.texts(.etags))
        rows = try fields.rows(.rows)
        if let total = try fields.optionalAmount(.storeTotal) {
            store = StoreTimes(
                total: total, average: try fields.optionalAmount(.storeAverage),
                shortest: try fields.optionalAmount(.storeShortest),
                longest: try fields.optionalAmount(.storeLongest),
                requests: try fields.optionalCount(.storeRequests),
                firstRequest: try fields.optionalAmount(.firstRequest),
                lastResponse: try fields.optionalAmount(.lastResponse),
                bytesRead: try fields.optionalBytes(.bytesRead), bytesWritten: try fields.optionalBytes(.bytesWritten))
        }
        for (key, field) in Self.addedSeconds { self[keyPath: field] = try fields.optionalAmount(key) ?? 0 }
        for (key, field) in Self.amounts { self[keyPath: field] = try fields.optionalAmount(key) }
        for (key, field) in Self.counts + Self.ofAttempts { self[keyPath: field] = try fields.optionalCount(key) }
        for (key, field) in Self.bytes { self[keyPath: field] = try fields.optionalBytes(key) }
        for (key, field) in Self.texts { self[keyPath: field] = try fields.optionalText(key) }
        nonFinite = try fields.optionalCount(.nonFinite) ?? 0
        (flags, implausible) = (fields.value(.flags), fields.value(.implausible))
        warnings = try fields.texts(.warnings) + fields.texts(.notices)
        choices = try fields.dictionary(.choices)
        (requestID, logGroup) = (try fields.optionalText(.requestID), try fields.optionalText(.logGroup))
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        let batch = max(1, batchSize)
        try fields.encode(seconds, forKey: .seconds)
        try fields.encode(memory, forKey: .memory)
        try fields.encode(galaxies > 0 ? seconds / (Double(galaxies) / Double(batch)) : 0, forKey: .batchSeconds)
        try fields.encode((galaxies + batch - 1) / batch, forKey: .batches)
        try fields.encode(batchSize, forKey: .batchSize)
        try fields.encode("cpu", forKey: .device)
        try fields.encode(throughput, forKey: .throughput)
        try fields.encode(seconds > 0 ? Double(galaxies) / seconds : 0, forKey: .sampleRate)
        try fields.encode(galaxies, forKey: .galaxies)
        try fields.encode(WorkerItem.paths(dataPaths), forKey: .dataPaths)
        if !etags.isEmpty { try fields.encode(WorkerItem.paths(etags), forKey: .etags) }
        if !rows.isEmpty { try fields.encode(rows.json, forKey: .rows) }
        if let store {
            try fields.encode(store.total, forKey: .storeTotal)
            try fields.encode(store.average, forKey: .storeAverage)
            try fields.encode(store.shortest, forKey: .storeShortest)
            try fields.encode(store.longest, forKey: .storeLongest)
            try fields.encode(store.requests, forKey: .storeRequests)
            try fields.encode(store.firstRequest, forKey: .firstRequest)
            try fields.encode(store.lastResponse, forKey: .lastResponse)
            try fields.encode(store.bytesRead, forKey: .bytesRead)
            try fields.encode(store.bytesWritten, forKey: .bytesWritten)
        }
        for (key, field) in Self.addedSeconds { try fields.encode(self[keyPath: field], forKey: key) }
        for (key, field) in Self.amounts { try fields.encode(self[keyPath: field], forKey: key) }
        for (key, field) in Self.counts + Self.bytes { try fields.encode(self[keyPath: field], forKey: key) }
        for (key, field) in Self.texts { try fields.encode(self[keyPath: field], forKey: key) }
        for (key, field) in Self.ofAttempts { try fields.encodeIfPresent(self[keyPath: field], forKey: key) }
        try fields.encode(nonFinite, forKey: .nonFinite)
        try fields.encodeIfPresent(flags, forKey: .flags)
        try fields.encodeIfPresent(implausible, forKey: .implausible)
        if !choices.isEmpty { try fields.encode(choices, forKey: .choices) }
        if !warnings.isEmpty { try fields.encode(warnings, forKey: .warnings) }
        try fields.encodeIfPresent(requestID, forKey: .requestID)
        try fields.encodeIfPresent(logGroup, forKey: .logGroup)
    }
}
