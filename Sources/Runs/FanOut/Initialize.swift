import Cloud
import Costs
import FoundationEssentials
import Inference
import Platform
import Synchronization
import TensorFiles

/// Starts a run: lists the partitions, assigns them to ranks, and writes the manifest and the workers' items.
public struct Initialize: Sendable {
    let store: any ObjectStore
    let environment: [String: String]
    let checkLibrary: @Sendable (String) throws(Failure) -> Void
    private let planConcurrency: @Sendable () throws(Failure) -> PlannedConcurrency?

    /// - Parameters:
    ///   - environment: of the process; names the workers' memory and time limit where they are known.
    ///   - checkLibrary: throws where the library of a file's format cannot be loaded: workers then have none either,
    ///     since they run the same program.
    ///   - planConcurrency: called where the input names no concurrency.
    public init(
        store: any ObjectStore, environment: [String: String] = [:],
        checkLibrary: @escaping @Sendable (String) throws(Failure) -> Void = TensorFile.checkLibrary,
        planConcurrency: @escaping @Sendable () throws(Failure) -> PlannedConcurrency? = { () throws(Failure) in nil }
    ) {
        (self.store, self.environment) = (store, environment)
        (self.checkLibrary, self.planConcurrency) = (checkLibrary, planConcurrency)
    }

    /// Writes `manifest.json` at the run's `result_path`, and `items.json` in the folder of the run below it; removes what an
    /// earlier run, or the same one before, has published there. Of several runs that begin at one `result_path` at the same
    /// time, one does.
    /// - Parameter checkKept: throws where a result that a resumed run would keep must not be kept.
    /// - Throws: `Failure` where the input is invalid, a bucket or the partitions do not exist, or the
    ///   `result_path` holds another run's results and neither `resume` nor `overwrite` is set; of kind `.conflict` where
    ///   another run began or was resumed there at the same time.
    public func run(
        _ input: InitializeInput, checkKept: (RankResult) throws(Failure) -> Void = { _ in }
    ) throws(Failure) -> InitializeResult {
        let created = Date().timeIntervalSince1970
        let (objects, leftOut) = try partitions(input)
        for object in objects { try checkLibrary(of: object, input) }
        let (shares, cut) = try shares(of: objects, input)
        var planned = try RunManifest(
            runID: input.runID ?? RunName.new(), created: created, input: input, shares: shares,
            weightsETag: try weightsETag(input), leftOut: leftOut)
        if input.maxConcurrency == nil { planned.concurrency = try planConcurrency() }
        var warnings = input.warnings
        if let line = leftOut.line {
            warnings.append("\(store.name(bucket: input.dataBucket, key: input.folder)): \(line)")
        }
        do throws(Failure) {
            return try begin(planned, warnings, cut: cut, checkKept)
        } catch {
            // A caller that tries again while its first attempt still runs finds its own run.
            guard error.kind == .conflict, let winner = try? RunManifest.read(planned.place, from: store) else {
                throw error
            }
            if winner.runID == planned.runID { return try begin(planned, warnings, cut: cut, checkKept) }
            throw Failure(
                .conflict, store.name(bucket: input.bucket, key: planned.keys.prefix),
                "run \(winner.runID.shortened()) was begun or resumed there at the same time: name another result_path")
        }
    }

    /// - Parameter cut: the warning that partitions are cut as `planned` has them.
    private func begin(
        _ planned: RunManifest, _ warnings: [String], cut: String?, _ checkKept: (RankResult) throws(Failure) -> Void
    ) throws(Failure) -> InitializeResult {
        let (input, keys) = (planned.input, planned.keys)
        var (manifest, warnings) = (planned, warnings)
        let present = try store.list(bucket: input.bucket, prefix: keys.prefix)
        let standing = present.first { $0.key == keys.manifest }
        let earlier = try standing.flatMap { (standing) throws(Failure) in
            do throws(Failure) { return try RunManifest.read(planned.place, etag: standing.etag, from: store) } catch {
                // What cannot be read can be overwritten.
                guard input.overwrite, error.kind == .input else { throw error }
                return nil
            }
        }
        // The folder of the run must not be the place of another one.
        let inner = keys.folder + RunKeys.manifestName
        guard !present.contains(where: { $0.key == inner }) else {
            throw Failure(
                "\(store.name(bucket: input.bucket, key: inner)): is of another run: expected a run_id that is not a folder of "
                    + "results, found '\(planned.runID.shortened())'")
        }
        let ours = present.filter { keys.isOurs($0.key) || earlier?.keys.isOurs($0.key) ?? false }
        var done: Set<Int> = []
        var stale = ours
        if !input.overwrite {
            if let earlier {
                let planned = planned.cut(as: earlier)
                try check(planned, resumes: earlier)
                manifest = earlier.restarted(planned)
                let results = try RankResults(manifest: manifest, present: present, store: store).validRanks()
                done = results.valid
                if let kept = results.kept { try checkKept(try kept.result()) }
                if let (rank, reason) = results.refused.first {
                    warnings.append(
                        "\(store.name(bucket: input.bucket, key: keys.prefix)): the results of "
                            + "\(Numbers.counted(results.refused.count, "rank")) are not used, and run again: rank "
                            + "\(rank): \(reason.message.shortened(to: 400))")
                }
                let own = manifest.keys
                stale = ours.filter {
                    keys.isPublished($0.key) || keys.isOfEarlierVersion($0.key) || own.isFailure($0.key)
                        || own.isItem($0.key)
                }
            } else if let first = ours.first {
                throw Failure(
                    "\(store.name(bucket: input.bucket, key: keys.prefix)): holds results without a manifest, such as "
                        + "\(first.key): name another result_path, or ask for overwrite")
            }
        }
        if let cut, manifest.partitions == planned.partitions { warnings.append(cut) }
        let json = try manifest.json.encoded()
        _ = try store.put(
            bucket: input.bucket, key: keys.manifest, json, if: standing.map { .unchanged($0.etag) } ?? .absent)
        try remove(stale.map(\.key).filter { $0 != keys.manifest }, from: input.bucket)
        let items = manifest.items.filter { !done.contains($0.rank) }
        let listed = try list(items, manifest.keys)
        try store.put(
            bucket: input.bucket, key: manifest.keys.items, size: listed.reduce(2) { $0 + $1.count + 1 }
        ) { upload throws(Failure) in
            for (index, item) in listed.enumerated() {
                try upload.write([UInt8(ascii: index == 0 ? "[" : ",")] + item)
            }
            try upload.write(Array((listed.isEmpty ? "[]" : "]").utf8))
        }
        return InitializeResult(manifest: manifest, items: items, listed: listed, warnings: warnings)
    }

    /// The items as a Map takes them; those that are too long are put into objects.
    private func list(_ items: [WorkerItem], _ keys: RunKeys) throws(Failure) -> [[UInt8]] {
        let store = store
        return try ParallelLoop.threads(Self.requestsAtOnce).map(items.count) { index throws(Failure) in
            let item = items[index]
            let json = try item.json.encoded()
            guard json.count > WorkerItem.mostBytes else { return json }
            let place = S3Location(bucket: item.bucket, key: keys.item(item.rank))
            try store.put(bucket: place.bucket, key: place.key, json)
            return try item.json(whole: place).encoded()
        }
    }

    /// The ETag of weights in the store; nil for others, which only the worker can read.
    func weightsETag(_ input: InitializeInput) throws(Failure) -> String? {
        guard let weights = input.weights, weights.hasPrefix("s3://") else { return nil }
        return try WeightsFile.find(weights, in: store, setting: "the input: weights").info.etag
    }

    /// - Parameter sharesAreKnown: whether the shares of `planned` are those that the run will have.
    /// - Throws: `Failure` where `planned` may not resume the run of `earlier`, or is not the same run.
    func check(_ planned: RunManifest, resumes earlier: RunManifest, sharesAreKnown: Bool = true) throws(Failure) {
        let input = planned.input
        let place = store.name(bucket: input.bucket, key: planned.keys.prefix)
        guard input.resume || planned.runID == earlier.runID else {
            throw Failure(
                "\(place): holds the results of run \(earlier.runID): name another result_path, or ask for resume or "
                    + "overwrite")
        }
        if sharesAreKnown { try earlier.check(against: planned, place: place) }
    }

    private func remove(_ keys: [String], from bucket: String) throws(Failure) {
        let store = store
        try ParallelLoop.threads(Self.requestsAtOnce)(keys.count) { index throws(Failure) in
            try store.delete(bucket: bucket, key: keys[index])
        }
    }

    /// Requests wait for the network, not for a processor.
    static let requestsAtOnce = 32
}

/// The answer of Initialize: the published system's `statusCode` and `body`, and the locations of the run's lists.
public struct InitializeResult: Sendable, Equatable {
    public let manifest: RunManifest
    /// The items of all ranks, or for a resumed run of those without a valid result.
    public let items: [WorkerItem]
    /// Their JSON, as a Map takes it.
    let listed: [[UInt8]]
    /// One line each.
    public let warnings: [String]

    /// Step Functions passes at most 256 KiB from state to state; the rest is left for the input.
    static let mostBytes = 200_000

    public var json: JSONValue {
        get throws(Failure) {
            var fields: [String: JSONValue] = [
                "statusCode": .integer(200), "manifest": manifest.place.json,
                "items": S3Location(bucket: manifest.input.bucket, key: manifest.keys.items).json,
                "ranks": .integer(manifest.ranks), "pending": .integer(items.count),
                "run_id": .string(manifest.runID),
                "max_concurrency": .integer(manifest.input.maxConcurrency ?? PlannedConcurrency.usual),
            ]
            if let planned = manifest.concurrency { fields.merge(planned.fields) { $1 } }
            if !warnings.isEmpty { fields["warnings"] = .array(warnings.prefix(20).map { .string($0) }) }
            // With the body if the whole is short enough.
            var rest = Self.mostBytes - (try JSONValue.object(fields).encoded().count) - 16
            for item in listed {
                rest -= item.count + 1
                guard rest >= 0 else { return .object(fields) }
            }
            var body: [JSONValue] = []
            for item in listed { body.append(try JSONValue.parse(item, name: "an item")) }
            fields["body"] = .array(body)
            return .object(fields)
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
