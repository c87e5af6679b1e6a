import FoundationEssentials
import Inference
import Platform

extension RankRecord: Decodable {
    enum CodingKeys: String, CodingKey {
        case seconds = "total_cpu_time (seconds)"
        case memory = "total_cpu_memory (MB)"
        case throughput = "throughput_bps"
        case batchSize = "batch_size"
        case sampleRate = "sample_persec"
        case galaxies = "num_samples"
        case dataPath = "data_path"
        case resultPath = "result_path"
        case storeTotal = "s3_total_time"
        case storeAverage = "s3_avg_time"
        case storeShortest = "s3_min_time"
        case storeLongest = "s3_max_time"
        case storeRequests = "s3_num_requests"
        case firstRequest = "s3_first_request_time"
        case lastResponse = "s3_last_response_time"
        case initial = "init_s"
        case modelLoad = "model_load_s"
        case payloadFetch = "payload_fetch_s"
        case scatter = "scatter_s"
        case inference = "inference_s"
        case barrier = "barrier_s"
        case publish = "publish_s"
        case total = "total_s"
        case rank
        case worldSize = "world_size"
        case runID = "run_id"
        case started, finished, threads
        case instructionSet = "instruction_set"
        case configuredMemory = "configured_memory_mb"
    }

    /// All ranks of a `combined_data.json`.
    /// - Throws: `Failure` naming the file, the element's index and the key.
    static func read(_ path: String) throws(Failure) -> [RankRecord] {
        try JSONFile.decode([RankRecord].self, path)
    }

    /// The same of bytes that are there; `name` is what errors call them.
    static func read(_ bytes: [UInt8], name: String) throws(Failure) -> [RankRecord] {
        try JSONFile.decode([RankRecord].self, bytes, name: name)
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
            // A rate times its time is the count again, but for rounding.
            galaxies = try fields.count((try fields.amount(.sampleRate) * seconds).rounded(), .sampleRate)
        }
        dataPaths = try fields.texts(.dataPath)
        resultPath = try fields.optionalText(.resultPath)
        if let total = try fields.optionalAmount(.storeTotal) {
            store = StoreTimes(
                total: total, average: try fields.optionalAmount(.storeAverage),
                shortest: try fields.optionalAmount(.storeShortest),
                longest: try fields.optionalAmount(.storeLongest),
                requests: try fields.optionalCount(.storeRequests),
                firstRequest: try fields.optionalAmount(.firstRequest),
                lastResponse: try fields.optionalAmount(.lastResponse))
        } else {
            store = nil
        }
        if let inference = try fields.optionalAmount(.inference), let total = try fields.optionalAmount(.total) {
            func seconds(_ keys: CodingKeys...) throws -> Double {
                try keys.reduce(0) { $0 + (try fields.optionalAmount($1) ?? 0) }
            }
            stages = Stages(
                load: try seconds(.initial, .modelLoad), download: try seconds(.payloadFetch, .scatter),
                compute: try inference + seconds(.barrier), publish: try seconds(.publish), total: total)
        } else {
            stages = nil
        }
        rank = try fields.optionalCount(.rank)
        worldSize = try fields.optionalCount(.worldSize)
        runID = try fields.optionalText(.runID)
        started = try fields.optionalAmount(.started)
        finished = try fields.optionalAmount(.finished)
        threads = try fields.optionalCount(.threads)
        instructionSet = try fields.optionalText(.instructionSet)
        configuredMemory = try fields.optionalCount(.configuredMemory)
    }
}

/// The fields of a result. A missing or mistyped one is a `Failure` that names the result's index and the key.
private struct RankFields {
    private let container: KeyedDecodingContainer<RankRecord.CodingKeys>
    private let place: String

    init(_ decoder: any Decoder) throws {
        place = decoder.codingPath.last?.intValue.map { "result \($0): " } ?? ""
        guard let container = try? decoder.container(keyedBy: RankRecord.CodingKeys.self) else {
            throw Failure(place + "expected an object, found \(JSONKind(decoder).text)")
        }
        self.container = container
    }

    /// A number that is not negative.
    func amount(_ key: RankRecord.CodingKeys) throws(Failure) -> Double {
        guard let value = try optionalAmount(key) else { throw missing(key) }
        return value
    }

    func optionalAmount(_ key: RankRecord.CodingKeys) throws(Failure) -> Double? {
        guard isThere(key) else { return nil }
        guard let value = try? container.decode(Double.self, forKey: key) else {
            throw mistyped(key, expected: "a number")
        }
        // No time, size or rate of a run is negative or near this.
        guard value >= 0, value < 1e18 else {
            throw Failure("\(place)\(key.rawValue): expected 0 or more, found \(value)")
        }
        return value
    }

    func count(_ key: RankRecord.CodingKeys) throws(Failure) -> Int {
        guard let value = try optionalCount(key) else { throw missing(key) }
        return value
    }

    func optionalCount(_ key: RankRecord.CodingKeys) throws(Failure) -> Int? {
        guard let value = try optionalAmount(key) else { return nil }
        guard value == value.rounded() else {
            throw Failure("\(place)\(key.rawValue): expected a whole number, found \(value)")
        }
        return try count(value, key)
    }

    /// Sums over ranks, and bytes of as many galaxies, stay within an `Int`.
    func count(_ value: Double, _ key: RankRecord.CodingKeys) throws(Failure) -> Int {
        let most = 1e9
        guard value <= most else {
            throw Failure(
                "\(place)\(key.rawValue): expected a count of at most \(Decimals.grouped(Int(most))), found \(value)")
        }
        return Int(value)
    }

    func optionalText(_ key: RankRecord.CodingKeys) throws(Failure) -> String? {
        guard isThere(key) else { return nil }
        guard let value = try? container.decode(String.self, forKey: key) else {
            throw mistyped(key, expected: "a text")
        }
        return value
    }

    /// A text, an array of texts, or none.
    func texts(_ key: RankRecord.CodingKeys) throws(Failure) -> [String] {
        guard isThere(key) else { return [] }
        if let value = try? container.decode(String.self, forKey: key) { return [value] }
        guard let values = try? container.decode([String].self, forKey: key) else {
            throw mistyped(key, expected: "a text or an array of texts")
        }
        return values
    }

    private func isThere(_ key: RankRecord.CodingKeys) -> Bool {
        container.contains(key) && (try? container.decodeNil(forKey: key)) != true
    }

    private func missing(_ key: RankRecord.CodingKeys) -> Failure {
        let found = container.contains(key) ? "null" : "no such key"
        return Failure("\(place)\(key.rawValue): expected a number, found \(found)")
    }

    private func mistyped(_ key: RankRecord.CodingKeys, expected: String) -> Failure {
        let found = (try? container.superDecoder(forKey: key)).map { JSONKind($0).text } ?? "something else"
        return Failure("\(place)\(key.rawValue): expected \(expected), found \(found)")
    }
}
