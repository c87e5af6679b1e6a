import Cloud
import Costs
import FoundationEssentials
import Inference
import Platform
import Synchronization
import TensorFiles

/// Starts a run: lists the partitions, assigns them to ranks, and writes the manifest and the workers' items.
public struct Initialize: Sendable {
    private let store: any ObjectStore
    private let checkLibrary: @Sendable (String) throws(Failure) -> Void

    /// - Parameter checkLibrary: throws where the library of a file's format cannot be loaded: workers then have none either,
    ///   since they run the same program.
    public init(
        store: any ObjectStore,
        checkLibrary: @escaping @Sendable (String) throws(Failure) -> Void = TensorFile.checkLibrary
    ) {
        (self.store, self.checkLibrary) = (store, checkLibrary)
    }

    /// Writes `manifest.json` and `items.json` under the run's `result_path`; nothing elsewhere.
    /// - Throws: `Failure` where the input is invalid, a bucket or the partitions do not exist, or the
    ///   `result_path` holds another run's results and neither `resume` nor `overwrite` is set.
    public func run(_ input: InitializeInput) throws(Failure) -> InitializeResult {
        let created = Date().timeIntervalSince1970
        let (objects, leftOut) = try partitions(input)
        for object in objects { try checkLibrary(of: object, input) }
        let ranks = input.ranks ?? objects.count
        let weightsETag = try weightsETag(input)
        var manifest = RunManifest(
            runID: input.runID ?? RunName.new(), created: created, input: input, objects: objects, ranks: ranks,
            weightsETag: weightsETag, leftOut: leftOut)
        var warnings = input.warnings
        if let line = leftOut.line {
            warnings.append("\(store.name(bucket: input.dataBucket, key: input.folder)): \(line)")
        }
        let present = try store.list(bucket: input.bucket, prefix: manifest.keys.prefix).filter {
            manifest.keys.isOurs($0.key)
        }

        var items: [WorkerItem]
        if input.overwrite {
            try remove(present.map(\.key), from: input.bucket)
            items = manifest.items
        } else if present.isEmpty {
            items = manifest.items
        } else {
            let earlier = try earlierRun(manifest, present)
            // A result of a partition's earlier content is invalid, and so is one of other missing values.
            let hasOtherValues = earlier.missing != manifest.missing
            let replaced = hasOtherValues ? Set(0..<manifest.ranks) : manifest.ranksReplaced(since: earlier)
            if hasOtherValues {
                warnings.append(
                    "\(store.name(bucket: input.bucket, key: manifest.keys.prefix)): results of a version with other "
                        + "missing values: all ranks are run again")
            }
            let stale = Set(replaced.map { manifest.keys.result($0) })
            try remove(present.map(\.key).filter(stale.contains), from: input.bucket)
            manifest = earlier.restarted(manifest)
            let done = validRanks(of: manifest, present.filter { !stale.contains($0.key) })
            items = manifest.items.filter { !done.contains($0.rank) }
        }
        try write(manifest.json, to: manifest.keys.manifest, in: input.bucket)
        try write(.array(items.map(\.json)), to: manifest.keys.items, in: input.bucket)
        return InitializeResult(manifest: manifest, items: items, warnings: warnings)
    }

    /// The plan of a run, from the listing alone; writes nothing.
    /// - Throws: `Failure` as `run` does, and where the bytes of a listing overflow.
    public func plan(
        _ input: InitializeInput, worker: LambdaWorker, prices: PriceList = .published
    ) throws(Failure) -> LaunchPlan {
        let (objects, _) = try partitions(input)
        let manifest = RunManifest(
            runID: "", created: 0, input: input, objects: objects, ranks: input.ranks ?? objects.count,
            weightsETag: nil)
        let place = store.name(bucket: input.dataBucket, key: input.folder)
        guard manifest.partitions.reduce(0, { $0.cappedSum($1.size) }) < Int.max else {
            throw Failure("\(place): expected partitions' sizes in bytes, found more than there can be")
        }
        var sizes = [[Int]](repeating: [], count: manifest.ranks)
        for partition in manifest.partitions { sizes[partition.rank].append(partition.size) }
        return LaunchPlan(place: place, sizes: sizes, concurrency: input.maxConcurrency, worker: worker, prices: prices)
    }

    /// The partitions to run, in natural order: the files that `cai infer` takes from a folder.
    private func partitions(_ input: InitializeInput) throws(Failure) -> ([ObjectInfo], LeftOutObjects) {
        let place = store.name(bucket: input.dataBucket, key: input.folder)
        let listed = try store.list(bucket: input.dataBucket, prefix: input.folder)
        var found: [ObjectInfo] = []
        var leftOut = LeftOutObjects()
        // Results of this and other runs may lie below the partitions' prefix.
        let results = input.bucket == input.dataBucket ? RunKeys(resultPath: input.resultPath).prefix : nil
        for object in listed {
            if LeftOutObjects.isPartition(object.key) {
                found.append(object)
            } else if !(results.map(object.key.hasPrefix) ?? false) {
                leftOut.insert(object.key)
            }
        }
        found.sort { NaturalOrder.precedes($0.key, $1.key) }
        guard !found.isEmpty else {
            let endings = InputList.endings.map { "." + $0 }.joined(separator: ", ")
            throw Failure(
                "\(place): expected at least one partition (\(endings)) in data_prefix '\(input.dataPrefix)' of "
                    + "data_bucket '\(input.dataBucket)', found "
                    + (listed.isEmpty ? "nothing" : "\(listed.count) other objects"))
        }
        let taken = Array(found.prefix(input.fileLimit ?? Int.max))
        try ObjectLabelTable.check(taken.map(\.key), name: place)
        guard let repeated = input.repeated else { return (taken, leftOut) }
        // The rows of one prediction file need different ids.
        let ranks = input.ranks ?? repeated
        guard (repeated - 1) / ranks < taken.count else {
            throw Failure(
                "the input: repeat: expected at most \(taken.count) partitions for each of \(ranks) ranks, as many as "
                    + "there are, found \(repeated) in all")
        }
        return ((0..<repeated).map { taken[$0 % taken.count] }, leftOut)
    }

    private func checkLibrary(of object: ObjectInfo, _ input: InitializeInput) throws(Failure) {
        do throws(Failure) { try checkLibrary(object.key) } catch {
            throw Failure(
                "\(store.name(bucket: input.dataBucket, key: object.key)): \(error.message): the workers run this program "
                    + "too: install it in their image, or convert the file to .npz or .safetensors")
        }
    }

    /// The ETag of weights in the store; nil for others, which only the worker can read.
    private func weightsETag(_ input: InitializeInput) throws(Failure) -> String? {
        guard let weights = input.weights, weights.hasPrefix("s3://") else { return nil }
        return try WeightsFile.find(weights, in: store, setting: "the input: weights").info.etag
    }

    /// The manifest of the earlier run that `planned` resumes.
    private func earlierRun(_ planned: RunManifest, _ present: [ObjectInfo]) throws(Failure) -> RunManifest {
        let input = planned.input
        let place = store.name(bucket: input.bucket, key: planned.keys.prefix)
        guard present.contains(where: { $0.key == planned.keys.manifest }) else {
            throw Failure(
                "\(place): holds results without a manifest, such as \(present.first?.key ?? ""): name another "
                    + "result_path, or ask for overwrite")
        }
        let earlier = try RunManifest.read(planned.place, from: store)
        guard input.resume || input.runID == earlier.runID else {
            throw Failure(
                "\(place): holds the results of run \(earlier.runID): name another result_path, or ask for resume or "
                    + "overwrite")
        }
        try earlier.check(against: planned, place: place)
        return earlier
    }

    /// The ranks whose results and predictions exist and belong to the manifest.
    private func validRanks(of manifest: RunManifest, _ present: [ObjectInfo]) -> Set<Int> {
        let results = RankResults(manifest: manifest, present: present, store: store).read(0..<manifest.ranks)
        return Set(results.indices.filter { if case .success = results[$0] { true } else { false } })
    }

    private func remove(_ keys: [String], from bucket: String) throws(Failure) {
        let store = store
        try ParallelLoop.threads(Self.requestsAtOnce)(keys.count) { index throws(Failure) in
            try store.delete(bucket: bucket, key: keys[index])
        }
    }

    private func write(_ json: JSONValue, to key: String, in bucket: String) throws(Failure) {
        let bytes = try json.encoded()
        try store.put(bucket: bucket, key: key, bytes)
    }

    /// Requests wait for the network, not for a processor.
    static let requestsAtOnce = 32
}

/// The answer of Initialize: the published system's `statusCode` and `body`, and the locations of the run's lists.
public struct InitializeResult: Sendable, Equatable {
    public let manifest: RunManifest
    /// The items of all ranks, or for a resumed run of those without a valid result.
    public let items: [WorkerItem]
    /// One line each.
    public let warnings: [String]

    /// Step Functions passes at most 256 KiB from state to state; the rest is left for the input.
    static let mostBytes = 200_000

    /// The percentage of its items that the Map may lose: as many ranks as the run tolerates.
    /// AWS takes a whole number, rounded up here; Summarize decides by the exact one.
    private var toleratedOfPending: Int {
        let tolerated = manifest.input.toleratedFailurePercentage * Double(manifest.ranks)
        return Int(min(100, tolerated / Double(max(1, items.count))).rounded(.up))
    }

    public var json: JSONValue {
        get throws(Failure) {
            var fields: [String: JSONValue] = [
                "statusCode": .integer(200), "manifest": manifest.place.json,
                "items": S3Location(bucket: manifest.input.bucket, key: manifest.keys.items).json,
                "ranks": .integer(manifest.ranks), "pending": .integer(items.count),
                "run_id": .string(manifest.runID),
                "max_concurrency": .integer(manifest.input.maxConcurrency),
                "tolerated_failure_percentage": .integer(toleratedOfPending),
            ]
            if !warnings.isEmpty { fields["warnings"] = .array(warnings.prefix(20).map { .string($0) }) }
            let whole = fields.merging(["body": .array(items.map(\.json))]) { first, _ in first }
            return .object(try JSONValue.object(whole).encoded().count <= Self.mostBytes ? whole : fields)
        }
    }
}

/// Names of runs for which none was given.
public enum RunName {
    /// The time and a random number: `20261124T025000Z-1f3a9c0b`.
    public static func new() -> String {
        let time = Date().ISO8601Format().filter { $0 != "-" && $0 != ":" }
        return time + "-" + String(UInt32.random(in: 0...UInt32.max), radix: 16)
    }
}
