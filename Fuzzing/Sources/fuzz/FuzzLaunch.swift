import Cloud

@testable import Costs
@testable import Runs
@testable import Platform
@testable import Report

extension FuzzTarget {
    /// A run on AWS that has not started: its input, the listing of a bucket (a key and a size a line), prices. Sums
    /// are those of the ranks, costs are finite and not negative, and the plan is valid JSON.
    static let launch = FuzzTarget(
        "launch", maximumLength: 4096,
        seeds: {
            let prices = String(decoding: PackageResources.prices_json, as: UTF8.self)
            let input = "{\"bucket\":\"b\",\"result_path\":\"r\",\"data_prefix\":\"p\"}"
            return [
                Sections.joined(input, "p/1.pt 20528000\np/2.pt 1\np/10.pt 0\nx 5", prices),
                Sections.joined(input.replacing("}", with: ",\"repeat\":3,\"ranks\":3}"), "p/1.pt 4611686018427387904"),
                Sections.joined(
                    input.replacing("}", with: ",\"max_concurrency\":1}"), "p/1.pt 9000000000000000000", "{}"),
            ]
        },
        run: { bytes in
            let sections = Sections.split(bytes)
            guard sections.count > 1 else { return }
            let objects = sections[1].split(separator: 10).prefix(64).compactMap { line -> ObjectInfo? in
                let words = line.split(separator: 32, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
                guard words.count == 2, let size = Int(words[1]), size >= 0 else { return nil }
                return ObjectInfo(key: words[0], size: size, etag: "")
            }
            var prices = PriceList.published
            if sections.count > 2 { Promise.refusal { prices = try PriceList(json: sections[2], name: "input") } }
            Promise.refusal {
                let input = try InitializeInput(try JSONValue.parse(sections[0], name: "input"))
                guard input.ranks ?? 0 <= 256, input.repeated ?? 0 <= 256 else { return }
                let worker = LambdaWorker(memory: 1769, architecture: .arm)
                let plan = try Initialize(store: Listed(objects: objects)).plan(input, worker: worker, prices: prices)
                check(plan, input)
            }
        })

    /// A store that provides names and sizes only.
    private struct Listed: ObjectStore {
        let objects: [ObjectInfo]
        var statistics: StoreStatistics { StoreStatistics() }
        func name(bucket: String, key: String) -> String { "s3://\(bucket)/\(key)" }
        func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
            objects.filter { $0.key.hasPrefix(prefix) }
        }
        func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? { nil }
        func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] { [] }
        func put(bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition) throws(Failure) -> String {
            Promise.keep(false, "an object is written")
            return ""
        }
        func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
            WholeUpload(self, bucket: bucket, key: key)
        }
        func delete(bucket: String, key: String) throws(Failure) { Promise.keep(false, "an object is removed") }
    }

    private static func check(_ plan: LaunchPlan, _ input: InitializeInput) {
        Promise.keep(plan.ranks.reduce(0) { $0 + $1.bytes } == plan.plan.bytes, "bytes are lost")
        Promise.keep(plan.ranks.reduce(0) { $0 + $1.files } == plan.plan.files, "partitions are lost")
        Promise.keep(input.ranks.map { $0 == plan.ranks.count } ?? true, "the number of ranks differs")
        let times = [plan.plan.slowest, plan.plan.mapSeconds, plan.plan.workerSeconds, plan.plan.totalSeconds]
        Promise.keep(times.allSatisfy { $0 >= 0 && $0.isFinite } && times[0] <= times[1], "invalid times \(times)")
        let bill = plan.bill
        let parts = [bill.functions, bill.requests, bill.storage, bill.objects, bill.stateMachine]
        Promise.keep(parts.allSatisfy { $0 >= 0 && $0.isFinite }, "an invalid bill \(parts)")
        plan.warnings.forEach { Promise.line($0) }
        Promise.refusal {
            let written = try JSONValue.parse(try plan.json.encoded(), name: "written")
            Promise.keep(written["bytes"] == .integer(plan.plan.bytes), "the written bytes differ")
        }
    }
}
