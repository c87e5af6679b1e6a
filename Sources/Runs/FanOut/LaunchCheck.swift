import Cloud
import Costs
import Platform
import TensorFiles

/// A run on AWS before its start: the plan, and why it cannot work.
public struct LaunchCheck: Sendable {
    /// nil where there are no partitions, or they cannot be listed.
    public fileprivate(set) var plan: LaunchPlan?
    /// Why the run cannot work, one line each.
    public fileprivate(set) var refusals: [String] = []
    /// What the caller may not see, or the store did not answer; one line each.
    public fileprivate(set) var unchecked: [String] = []

    /// The image of the functions (deploy/Containerfile) has none of the libraries that formats need.
    @Sendable public static func imageLibrary(for name: String) throws(Failure) {
        guard let library = TensorFile.library(for: name) else { return }
        throw Failure(name, "the image of the functions has no \(library.rawValue)")
    }

    fileprivate mutating func noting<Result>(_ what: String, _ body: () throws(Failure) -> Result) -> Result? {
        do throws(Failure) { return try body() } catch {
            switch error.kind {
            case .denied, .unavailable, .deadline: unchecked.append("\(what) cannot be checked: \(error)")
            default: if !refusals.contains(error.description) { refusals.append(error.description) }
            }
            return nil
        }
    }
}

extension Initialize {
    /// The plan of a run, from the listing alone; writes nothing.
    /// - Parameter concurrency: that is expected where the input names none; nil for the usual one.
    /// - Throws: `Failure` as `run` does, and where the bytes of a listing overflow.
    public func plan(
        _ input: InitializeInput, worker: LambdaWorker, prices: PriceList = .published,
        concurrency: PlannedConcurrency? = nil
    ) throws(Failure) -> LaunchPlan {
        try plan(input, of: try partitions(input).0, worker: worker, prices: prices, concurrency: concurrency)
    }

    func plan(
        _ input: InitializeInput, of objects: [ObjectInfo], worker: LambdaWorker, prices: PriceList,
        concurrency: PlannedConcurrency?
    ) throws(Failure) -> LaunchPlan {
        let place = store.name(bucket: input.dataBucket, key: input.folder)
        guard objects.reduce(0, { $0.cappedSum($1.size) }) < Int.max else {
            throw Failure("\(place): expected partitions' sizes in bytes, found more than there can be")
        }
        let shares = try estimatedShares(of: objects, input, worker)
        var sizes = [[Int]](repeating: [], count: shares.ranks)
        for partition in shares.partitions { sizes[partition.rank].append(partition.shareOfBytes) }
        let planned = concurrency ?? PlannedConcurrency(workers: PlannedConcurrency.usual, reason: "the default")
        return LaunchPlan(
            place: place, sizes: sizes, files: objects.count,
            concurrency: input.maxConcurrency ?? planned.workers,
            concurrencyReason: input.maxConcurrency == nil ? planned.reason : "the input", worker: worker,
            prices: prices)
    }

    /// Compares the input of a run with the store, which is not written to. Partitions are listed once.
    /// - Parameters:
    ///   - runID: that the run will have.
    ///   - concurrency: as `plan` has it.
    public func check(
        _ input: InitializeInput, runID: String, worker: LambdaWorker, prices: PriceList = .published,
        concurrency: PlannedConcurrency? = nil
    ) -> LaunchCheck {
        var check = LaunchCheck()
        let objects = check.noting("partitions") { () throws(Failure) in try partitions(input).0 }
        if let objects {
            _ = check.noting("formats") { () throws(Failure) in
                for object in objects { try checkLibrary(of: object, input) }
            }
            check.plan = check.noting("partitions") { () throws(Failure) in
                try plan(input, of: objects, worker: worker, prices: prices, concurrency: concurrency)
            }
        }
        if let ranks = check.plan?.ranks.count, ranks > LambdaLimits.mostRanks {
            check.refusals.append(
                "expected at most \(LambdaLimits.mostRanks) ranks, found \(ranks): set ranks or rank_galaxies, so that each "
                    + "has several partitions")
        }
        // The list says whether the bucket exists, too.
        _ = check.noting("result_path") { () throws(Failure) in
            let keys = RunKeys(resultPath: input.resultPath)
            let present = try store.list(bucket: input.bucket, prefix: keys.manifest)
            guard let objects, !input.overwrite, present.contains(where: { $0.key == keys.manifest }) else { return }
            let earlier = try RunManifest.read(S3Location(bucket: input.bucket, key: keys.manifest), from: store)
            // Of split partitions, the rows of ranks are known to Initialize only.
            let isSplit = input.rankGalaxies != nil || earlier.partitions.contains { $0.rows != nil }
            let shares = RankShares(objects, ranks: input.ranks ?? objects.count)
            let planned = try RunManifest(
                runID: runID, created: 0, input: input, shares: shares, weightsETag: nil)
            try self.check(planned, resumes: earlier, sharesAreKnown: !isSplit)
        }
        _ = check.noting("weights") { () throws(Failure) in try weightsETag(input) }
        return check
    }
}
