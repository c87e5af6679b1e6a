import Cloud
import Costs
import FoundationEssentials
import Inference
import Platform
import TensorFiles

extension Initialize {
    /// The partitions to run, in natural order: the files that `cai infer` takes from a folder.
    func partitions(_ input: InitializeInput) throws(Failure) -> ([ObjectInfo], LeftOutObjects) {
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

    func checkLibrary(of object: ObjectInfo, _ input: InitializeInput) throws(Failure) {
        do throws(Failure) { try checkLibrary(object.key) } catch {
            throw Failure(
                "\(store.name(bucket: input.dataBucket, key: object.key)): \(error.message): the workers run this program "
                    + "too: install it in their image, or convert the file to .npz or .safetensors")
        }
    }

    /// Which rank computes what, and a warning where partitions were cut without being asked.
    func shares(of objects: [ObjectInfo], _ input: InitializeInput) throws(Failure) -> (RankShares, cut: String?) {
        if let most = input.rankGalaxies {
            let counts = try galaxies(of: objects, input) { _ in true }
            return (try RankShares(objects, galaxies: counts, most: most, isJoined: true), nil)
        }
        if let ranks = input.ranks ?? input.repeated { return (RankShares(objects, ranks: ranks), nil) }
        guard let most = mostGalaxies else { return (RankShares(objects, ranks: objects.count), nil) }
        let counts = try galaxies(of: objects, input, isNeeded: false) {
            $0.size / PlanAssumptions.bytesOfGalaxy > most
        }
        let shares = try RankShares(objects, galaxies: counts, most: most, isJoined: false)
        guard let first = shares.partitions.first(where: { $0.rows != nil }) else { return (shares, nil) }
        let cut = Set(shares.partitions.filter { $0.rows != nil }.map(\.key)).count
        return (
            shares,
            "\(store.name(bucket: input.dataBucket, key: first.key))"
                + (cut > 1 ? " and \(Numbers.counted(cut - 1, "other partition"))" : "")
                + ": has more galaxies than a worker can compute in its time (about \(Numbers.grouped(most))): its rows are "
                + "split among ranks; rank_galaxies states how many galaxies a rank gets"
        )
    }

    /// The same from the listing alone: a partition has as many galaxies as its bytes suggest, and workers have Lambda's time.
    func estimatedShares(
        of objects: [ObjectInfo], _ input: InitializeInput, _ worker: LambdaWorker
    ) throws(Failure) -> RankShares {
        if let ranks = input.ranks ?? input.repeated { return RankShares(objects, ranks: ranks) }
        let counts = objects.map { max(1, $0.size / PlanAssumptions.bytesOfGalaxy) }
        return try RankShares(
            objects, galaxies: counts,
            most: input.rankGalaxies ?? Self.mostGalaxies(of: worker, in: LambdaLimits.mostSeconds),
            isJoined: input.rankGalaxies != nil)
    }

    /// The most galaxies that a worker can compute in its time, by its memory; nil where that is not known.
    private var mostGalaxies: Int? {
        guard let memory = environment["CAI_WORKER_MEMORY"].flatMap({ Int($0) }), LambdaLimits.memoryRange ~= memory,
            let seconds = environment["CAI_WORKER_TIMEOUT"].flatMap({ Double($0) }), 1...1e6 ~= seconds
        else { return nil }
        let worker = LambdaWorker(memory: memory, architecture: .x86, assumptions: PlanAssumptions())
        return Self.mostGalaxies(of: worker, in: seconds)
    }

    private static func mostGalaxies(of worker: LambdaWorker, in seconds: Double) -> Int {
        let assumptions = PlanAssumptions()
        let time = (1 - assumptions.reserve) * seconds - assumptions.overhead
        return max(1, Int(min(1e15, worker.galaxiesPerSecond * time)))
    }

    /// The galaxies of objects, from their headers; nil for one that is not to be counted.
    /// - Parameter isNeeded: false for nil also where an object is not a partition: its rank fails, not the run.
    private func galaxies(
        of objects: [ObjectInfo], _ input: InitializeInput, isNeeded: Bool = true, where isCounted: (ObjectInfo) -> Bool
    ) throws(Failure) -> [Int?] {
        let counted = objects.indices.filter { isCounted(objects[$0]) }
        var counts = [Int?](repeating: nil, count: objects.count)
        guard !counted.isEmpty else { return counts }
        let pool = FetchPool(store, exchanges: Self.requestsAtOnce)
        defer { pool.close() }
        let found = try ParallelLoop.threads(Self.requestsAtOnce).map(counted.count) { index throws(Failure) -> Int? in
            let object = objects[counted[index]]
            let source = try pool.open(bucket: input.dataBucket, key: object.key, info: object)
            do throws(Failure) {
                if let count = try TensorFile.open(source, checksums: .deferred).galaxyCount { return count }
                throw Failure(
                    source.name, "expected a partition whose galaxies can be counted, found none: cai inspect shows it")
            } catch {
                guard isNeeded || error.kind != .input else { return nil }
                throw error
            }
        }
        for (index, count) in zip(counted, found) { counts[index] = count }
        return counts
    }
}

extension RunManifest.Partition {
    /// Bytes that the rank reads, estimated.
    var shareOfBytes: Int {
        guard let rows, let galaxies else { return size }
        return Int(Double(size) * Double(rows.count) / Double(galaxies))
    }
}
