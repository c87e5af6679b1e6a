import Cloud
import Costs
import Testing

@testable import Platform
@testable import Runs

@Suite("What is checked before a run starts on AWS")
struct LaunchCheckTests {
    /// Some of whose calls are refused.
    private struct Denying: ObjectStore {
        let store: FolderStore
        let buckets: Set<String>

        private func check(_ bucket: String) throws(Failure) {
            if buckets.contains(bucket) { throw Failure(.denied, "s3://\(bucket)", "access denied") }
        }
        var statistics: StoreStatistics { store.statistics }
        func name(bucket: String, key: String) -> String { store.name(bucket: bucket, key: key) }
        func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
            try check(bucket)
            return try store.head(bucket: bucket, key: key)
        }
        func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] {
            try check(bucket)
            return try store.get(bucket: bucket, key: key, range: range, etag: etag)
        }
        func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
            try check(bucket)
            return try store.list(bucket: bucket, prefix: prefix)
        }
        // Nothing is written.
        func put(bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition) throws(Failure) -> String {
            throw Failure(.denied, "s3://\(bucket)", "is written to")
        }
        func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
            throw Failure(.denied, "s3://\(bucket)", "is written to")
        }
        func delete(bucket: String, key: String) throws(Failure) { throw Failure(.denied, bucket, "is written to") }
    }

    private static func check(
        _ buckets: Buckets, _ more: [String: JSONValue] = [:], denied: Set<String> = [], rate: Double = 100
    ) throws -> LaunchCheck {
        Initialize(store: Denying(store: buckets.store, buckets: denied), checkLibrary: LaunchCheck.imageLibrary).check(
            try InitializeInput(Buckets.input(more)), runID: "execution-1",
            worker: LambdaWorker(memory: 1769, architecture: .x86, galaxiesPerSecond: rate))
    }

    @Test("A run that can work has a plan and no refusal")
    func plan() throws {
        try Buckets.with(threePartitions) { buckets in
            let check = try Self.check(buckets)
            #expect(check.refusals.isEmpty && check.unchecked.isEmpty)
            #expect(check.plan?.plan.files == 3)
            #expect(check.plan?.plan.concurrency == 500)
            let split = try Self.check(buckets, ["rank_galaxies": .integer(4)]).plan
            #expect(split?.files == 3 && (split?.ranks.count ?? 0) > 3)
            #expect(try buckets.keys("").isEmpty)
        }
    }

    @Test("Missing buckets, partitions and weights are refusals, all at once")
    func missing() throws {
        try Buckets.with(threePartitions) { buckets in
            for bucket in ["data_bucket", "bucket"] {
                let refusals = try Self.check(buckets, [bucket: .string("no")]).refusals
                #expect(refusals.count == 1 && refusals.first?.contains("no such bucket") == true)
            }
            let both = try Self.check(buckets, ["bucket": .string("no"), "data_bucket": .string("no")]).refusals
            #expect(both.count == 1)
            let refusals = try Self.check(
                buckets, ["data_prefix": .string("q"), "weights": .string("s3://data/w.pt")]
            ).refusals
            #expect(refusals.count == 2)
            #expect(refusals.first?.contains("expected at least one partition") == true)
            #expect(refusals.last == "s3://data/w.pt: expected the weights, found no such object")
        }
    }

    @Test(
        "A format that the image has no library for is refused",
        arguments: [("a.fits.gz", "cfitsio"), ("a.h5", "libhdf5")])
    func formats(name: String, library: String) throws {
        try Buckets.with(threePartitions) { buckets in
            try buckets.store.put(bucket: "data", key: "p/\(name)", [1])
            let refusals = try Self.check(buckets).refusals
            #expect(refusals.count == 1)
            #expect(refusals.first?.contains("p/\(name): the image of the functions has no \(library)") == true)
        }
    }

    @Test("Partitions that take a worker too long are planned as split, and a warning names ranks that stay so")
    func overlong() throws {
        try Buckets.with(threePartitions) { buckets in
            let split = try Self.check(buckets, rate: 0.01)
            #expect(split.refusals.isEmpty)
            #expect((split.plan?.ranks.count ?? 0) > 3 && split.plan?.warnings == [])
            let given = try Self.check(buckets, ["ranks": .integer(1)], rate: 0.01)
            #expect(given.refusals.isEmpty)
            #expect(given.plan?.warnings.first?.contains("1 of 1 ranks would take longer than Lambda's 900 s") == true)
        }
    }

    @Test("A result_path with another run is refused, unless it is resumed as it was, overwritten, or this run")
    func earlierRun() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize()
            let held = "holds the results of run \(begun.manifest.runID)"
            #expect(try Self.check(buckets).refusals.first?.contains(held) == true)
            #expect(try Self.check(buckets, ["overwrite": .bool(true)]).refusals.isEmpty)
            #expect(try Self.check(buckets, ["resume": .bool(true)]).refusals.isEmpty)
            let other = try Self.check(buckets, ["resume": .bool(true), "ranks": .integer(2)]).refusals
            #expect(other.first?.contains("resume: expected the 3 ranks of run") == true)
            _ = try buckets.initialize(["run_id": .string("execution-1"), "result_path": .string("own")])
            #expect(try Self.check(buckets, ["result_path": .string("own")]).refusals.isEmpty)
        }
    }

    @Test("What the caller may not see is not checked, and no refusal")
    func denied() throws {
        try Buckets.with(threePartitions) { buckets in
            _ = try buckets.initialize()
            let check = try Self.check(buckets, denied: ["data", "results"])
            #expect(check.plan == nil && check.refusals.isEmpty)
            #expect(
                check.unchecked == [
                    "partitions cannot be checked: s3://data: access denied",
                    "result_path cannot be checked: s3://results: access denied",
                ])
            #expect(try Self.check(buckets, denied: ["data"]).refusals.isEmpty)
        }
    }
}
