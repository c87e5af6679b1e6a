import Cloud
import Testing

@testable import Platform
@testable import Runs

@Suite("The planned number of workers at once")
struct PlannedConcurrencyTests {
    private static let lambda = ["AWS_LAMBDA_FUNCTION_NAME": "cai-initialize"]

    private static func planned(
        _ environment: [String: String], unreserved: Int? = nil
    ) throws(Failure) -> PlannedConcurrency? {
        try PlannedConcurrency.planned(environment) { () throws(Failure) in
            guard let unreserved else { throw Failure(.denied, "AWS Lambda", "GetAccountSettings: not authorized") }
            return LambdaConcurrency(limit: 1000, unreserved: unreserved)
        }
    }

    @Test(
        "It is 80% of what the account's functions share, at least 1 and at most that of a Map",
        arguments: [(1000, 800), (900, 720), (10, 8), (9, 7), (1, 1), (0, 1), (-5, 1), (1_000_000, 10_000)])
    func account(unreserved: Int, workers: Int) throws {
        let planned = try Self.planned(Self.lambda.merging(["CAI_MAX_CONCURRENCY": "3"]) { $1 }, unreserved: unreserved)
        #expect(planned?.workers == workers)
        #expect(planned?.reason == "80% of the \(max(0, unreserved)) that functions of the account share")
    }

    @Test("A reservation of the worker function comes before the account's limit")
    func reservation() throws {
        let environment = Self.lambda.merging(["CAI_RESERVED_CONCURRENCY": "50"]) { $1 }
        #expect(try Self.planned(environment)?.workers == 50)
        let none = Self.lambda.merging(["CAI_RESERVED_CONCURRENCY": "-1"]) { $1 }
        #expect(try Self.planned(none, unreserved: 100)?.workers == 80)
    }

    @Test("Without permission to see the limit it is the template's, and the reason names both")
    func denied() throws {
        let planned = try Self.planned(Self.lambda.merging(["CAI_MAX_CONCURRENCY": "300"]) { $1 })
        #expect(planned?.workers == 300)
        #expect(
            planned?.reason
                == "CAI_MAX_CONCURRENCY, since the account's limit cannot be read: GetAccountSettings: not authorized")
        #expect(try Self.planned(Self.lambda)?.workers == 500)
    }

    @Test("Elsewhere than on Lambda the account is not asked")
    func elsewhere() throws {
        #expect(try Self.planned([:], unreserved: 10) == nil)
        #expect(try Self.planned(["CAI_MAX_CONCURRENCY": "7"], unreserved: 10)?.workers == 7)
    }

    @Test("Invalid numbers are errors that name the variable", arguments: ["0", "many", "10001"])
    func invalid(text: String) {
        let error = #expect(throws: Failure.self) { try Self.planned(["CAI_MAX_CONCURRENCY": text]) }
        #expect(error?.description == "CAI_MAX_CONCURRENCY: expected a whole number from 1 to 10000, found '\(text)'")
    }

    @Test("It is in Initialize's result, the manifest and the summary; the input's max_concurrency comes first")
    func written() throws {
        try Buckets.with(threePartitions) { buckets in
            let environment = Buckets.environment(buckets.root).merging(["CAI_MAX_CONCURRENCY": "7"]) { $1 }
            let handlers = FanOutHandlers(store: buckets.store, environment: environment, threads: 2)
            func begin(_ more: [String: JSONValue]) throws -> InitializeResult {
                try handlers.initialize.run(try InitializeInput(Buckets.input(more)))
            }
            let begun = try begin([:])
            #expect(try begun.json["max_concurrency"] == .integer(7))
            #expect(try begun.json["max_concurrency_reason"] == .string("CAI_MAX_CONCURRENCY"))
            let manifest = try buckets.json("run/manifest.json")
            #expect(manifest["max_concurrency"] == .integer(7))
            #expect(try RunManifest(manifest, name: "m") == begun.manifest)
            buckets.work(begun.items)
            let report = try buckets.summarize(begun)
            #expect(report.concurrency == begun.manifest.concurrency)
            #expect(try buckets.json("run/summary.json")["max_concurrency"] == .integer(7))

            let resumed = try begin(["resume": .bool(true), "max_concurrency": .integer(3)])
            #expect(resumed.manifest.runID == begun.manifest.runID)
            #expect(try resumed.json["max_concurrency"] == .integer(3))
            #expect(try resumed.json["max_concurrency_reason"] == nil)
            #expect(try buckets.json("run/manifest.json")["max_concurrency"] == nil)
            // Nothing is planned on a machine where nothing is set, nor by versions that planned nothing.
            let here = try buckets.initialize(["result_path": .string("here")])
            #expect(try here.json["max_concurrency"] == .integer(500))
            #expect(try buckets.json("here/manifest.json")["max_concurrency"] == nil)
        }
    }
}
