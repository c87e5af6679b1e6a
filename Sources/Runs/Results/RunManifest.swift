import AstroMAE
import Cloud
import Inference
import Platform

/// The manifest of a run, `{result_path}/manifest.json`, which workers' results are checked against.
public struct RunManifest: Sendable, Equatable {
    /// A partition and the rank that computes it.
    public struct Partition: Sendable, Equatable {
        public let key: String
        /// Bytes.
        public let size: Int
        public let etag: String
        public let rank: Int
        /// Of the whole partition; nil where they were not counted.
        let galaxies: Int?
        /// Those that the rank computes; nil for all.
        let rows: Range<Int>?

        /// Galaxies that the rank computes; nil where they were not counted.
        var share: Int? { rows?.count ?? galaxies }
    }

    public let runID: String
    /// When the run was first initialized, and when it was last resumed: seconds since 1970.
    public let created: Double
    public internal(set) var started: Double
    public internal(set) var input: InitializeInput
    public internal(set) var ranks: Int
    /// In natural order of their keys, those of a rank next to each other.
    public internal(set) var partitions: [Partition]
    /// For weights in the store; nil for others.
    public let weightsETag: String?
    /// Objects of the listing that are not partitions.
    public internal(set) var leftOut = LeftOutObjects()
    /// The values that stand for a missing magnitude, as `MissingValues.text`; nil in manifests of versions without any.
    public internal(set) var missing: String? = MissingValues.usual.text
    /// Of a run whose input names no concurrency, on AWS; nil elsewhere and in manifests of earlier versions.
    public internal(set) var concurrency: PlannedConcurrency?
    /// `Arithmetic` of the program that began or resumed the run; nil in manifests of versions without it.
    public internal(set) var arithmetic: String?

    public var keys: RunKeys { RunKeys(resultPath: input.resultPath, runID: runID) }
    public var place: S3Location { S3Location(bucket: input.bucket, key: keys.manifest) }

    /// - Throws: `Failure` if the environment's `CAI_ISA` is invalid.
    init(
        runID: String, created: Double, input: InitializeInput, shares: RankShares, weightsETag: String?,
        leftOut: LeftOutObjects = LeftOutObjects()
    ) throws(Failure) {
        arithmetic = try Arithmetic.usual(input.precision).description
        (self.runID, self.created, started) = (runID, created, created)
        (self.input, self.weightsETag, self.leftOut) = (input, weightsETag, leftOut)
        (ranks, partitions) = (shares.ranks, shares.partitions)
    }

    /// - Throws: `Failure` where it is not what Initialize wrote.
    init(_ json: JSONValue, name: String) throws(Failure) {
        let payload = try Payload(json, name: name)
        runID = try payload.name("run_id")
        guard let created = try payload.number("created"), let ranks = try payload.count("ranks", in: 1...Int.max)
        else { throw Failure("\(name): expected a run's manifest with created and ranks") }
        self.created = created
        started = try payload.number("started") ?? created
        self.ranks = ranks
        input = try InitializeInput(payload.fields["input"] ?? .null)
        weightsETag = try payload.text("weights_etag")
        leftOut = LeftOutObjects(json: payload.fields["left_out"])
        missing = try payload.text("missing")
        concurrency = try PlannedConcurrency(payload)
        arithmetic = try payload.text("arithmetic")
        guard case .array(let values)? = payload.fields["partitions"] else {
            throw payload.error("partitions", expected: "an array")
        }
        var partitions: [Partition] = []
        for value in values {
            let entry = try Payload(value, name: "\(name): partitions")
            guard let size = try entry.count("size"), let rank = try entry.count("rank"), rank < ranks else {
                throw Failure("\(name): partitions: expected a size, and a rank below \(ranks)")
            }
            partitions.append(
                Partition(
                    key: try entry.name("key"), size: size, etag: try entry.text("etag") ?? "", rank: rank,
                    galaxies: try entry.count("galaxies"), rows: try entry.rows("rows")))
        }
        self.partitions = partitions
        // `shares` allocates a list of this length.
        let most = max(InitializeInput.mostRanks, partitions.count)
        guard ranks <= most else { throw payload.error("ranks", expected: "at most \(most)") }
    }

    public var json: JSONValue {
        let fields: [String: JSONValue] = [
            "run_id": .string(runID), "created": .number(created), "started": .number(started), "input": input.json,
            "ranks": .integer(ranks), "weights_etag": .optional(weightsETag), "left_out": leftOut.json,
            "missing": .optional(missing), "arithmetic": .optional(arithmetic),
            "partitions": .array(
                partitions.map { partition in
                    var fields: [String: JSONValue] = [
                        "key": .string(partition.key), "size": .integer(partition.size),
                        "etag": .string(partition.etag), "rank": .integer(partition.rank),
                    ]
                    if let galaxies = partition.galaxies { fields["galaxies"] = .integer(galaxies) }
                    if let rows = partition.rows { fields["rows"] = rows.json }
                    return .object(fields)
                }),
        ]
        return .object(fields.merging(concurrency?.fields ?? [:]) { $1 })
    }

    /// Each rank's partitions.
    var shares: [[Partition]] {
        var shares = [[Partition]](repeating: [], count: ranks)
        for partition in partitions { shares[partition.rank].append(partition) }
        return shares
    }

    /// The worker items of all ranks.
    public var items: [WorkerItem] {
        let labels = ObjectLabelTable(keys: partitions.map(\.key))
        return shares.enumerated().map { rank, partitions in
            let keys = partitions.map(\.key)
            return WorkerItem(
                input, rank: rank, of: ranks, dataPaths: keys, etags: partitions.map(\.etag), rows: partitions.rows,
                labels: labels.labelsToTell(of: keys), runID: runID)
        }
    }
}

extension RunManifest.Partition {
    /// `p/1.pt rows 0-511 in rank 3`
    fileprivate var place: String {
        "\(key)\(rows.map { " rows \($0.lowerBound)-\($0.upperBound - 1)" } ?? "") in rank \(rank)"
    }
}

extension [RunManifest.Partition] {
    /// The rows of each, nil for all of them; empty where none is cut.
    var rows: [Range<Int>?] { contains { $0.rows != nil } ? map(\.rows) : [] }

    /// Those that a rank with these computes; nil where they were not counted.
    var galaxies: Int? {
        reduce(0) { sum, partition in sum.flatMap { sum in partition.share.map { sum.cappedSum($0) } } }
    }
}

extension RunManifest {
    /// - Throws: `Failure` where it does not exist or is invalid.
    /// - Parameter etag: that the manifest must have; nil for any.
    static func read(
        _ place: S3Location, etag: String? = nil, from store: any ObjectStore
    ) throws(Failure) -> RunManifest {
        let name = store.name(bucket: place.bucket, key: place.key)
        let bytes = try store.get(bucket: place.bucket, key: place.key, range: nil, etag: etag)
        return try RunManifest(try JSONValue.parse(bytes, name: name), name: name)
    }

    /// With the ranks of `earlier`, where neither input says which galaxies a rank gets: the memory and the time of workers
    /// may have changed since. Partitions that `earlier` does not have, and cut ones that were replaced, are planned anew.
    func cut(as earlier: RunManifest) -> RunManifest {
        guard input.isCutByTime, earlier.input.isCutByTime else { return self }
        let now = Dictionary(partitions.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        guard now.count == Set(earlier.partitions.map(\.key)).count else { return self }
        var manifest = self
        (manifest.ranks, manifest.partitions) = (earlier.ranks, [])
        for old in earlier.partitions {
            guard let new = now[old.key], old.rows == nil || old.etag == new.etag else { return self }
            manifest.partitions.append(
                Partition(
                    key: old.key, size: new.size, etag: new.etag, rank: old.rank,
                    galaxies: old.etag == new.etag ? old.galaxies : new.galaxies, rows: old.rows))
        }
        return manifest
    }

    /// The same run, resumed as `planned` by an equivalent input.
    func restarted(_ planned: RunManifest) -> RunManifest {
        var manifest = self
        manifest.started = planned.created
        manifest.input = planned.input
        manifest.partitions = planned.partitions
        (manifest.leftOut, manifest.missing, manifest.arithmetic) =
            (planned.leftOut, planned.missing, planned.arithmetic)
        manifest.concurrency = planned.concurrency
        return manifest
    }

    /// - Throws: `Failure` where resuming as `planned` would mix results of different inputs.
    func check(against planned: RunManifest, place: String) throws(Failure) {
        func refuse(_ what: String, _ expected: String, _ found: String) -> Failure {
            Failure("\(place): resume: expected \(what) \(expected) of run \(runID), found \(found)")
        }
        if input.dataBucket != planned.input.dataBucket {
            throw refuse("data_bucket", input.dataBucket, planned.input.dataBucket)
        }
        if partitions.count != planned.partitions.count {
            throw refuse("the", "\(partitions.count) partitions", "\(planned.partitions.count)")
        }
        if ranks != planned.ranks { throw refuse("the", "\(ranks) ranks", "\(planned.ranks)") }
        for (old, new) in zip(partitions, planned.partitions) where old.place != new.place {
            throw refuse("partition", old.place, new.place)
        }
        guard input.weights == planned.input.weights else {
            throw refuse("weights", input.weights ?? "by default", planned.input.weights ?? "those by default")
        }
        guard input.precision == planned.input.precision else {
            throw refuse("precision", input.precision.rawValue, planned.input.precision.rawValue)
        }
        if let old = weightsETag, let new = planned.weightsETag, old != new {
            throw refuse("weights with ETag", old, new)
        }
    }
}
