import Cloud
import Platform

extension RunManifest {
    /// - Throws: `Failure` where it does not exist or is invalid.
    static func read(_ place: S3Location, from store: any ObjectStore) throws(Failure) -> RunManifest {
        let name = store.name(bucket: place.bucket, key: place.key)
        let bytes = try store.get(bucket: place.bucket, key: place.key)
        return try RunManifest(try JSONValue.parse(bytes, name: name), name: name)
    }

    /// The same run, resumed as `planned` by an equivalent input.
    func restarted(_ planned: RunManifest) -> RunManifest {
        var manifest = self
        manifest.started = planned.created
        manifest.input = planned.input
        manifest.partitions = planned.partitions
        return manifest
    }

    /// The ranks of partitions whose content has been replaced since, as is done to repair a broken one.
    func ranksReplaced(since earlier: RunManifest) -> Set<Int> {
        Set(zip(earlier.partitions, partitions).filter { $0 != $1 }.map(\.1.rank))
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
        for (old, new) in zip(partitions, planned.partitions) where old.key != new.key {
            throw refuse("partition", old.key, new.key)
        }
        guard input.weights == planned.input.weights else {
            throw refuse("weights", input.weights ?? "by default", planned.input.weights ?? "those by default")
        }
        if let old = weightsETag, let new = planned.weightsETag, old != new {
            throw refuse("weights with ETag", old, new)
        }
    }
}
