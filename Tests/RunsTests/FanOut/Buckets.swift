import Cloud
import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

/// A folder of buckets with tiny partitions, and the tiny network for weights.
struct Buckets: Sendable {
    let root: String
    let store: FolderStore
    let handlers: FanOutHandlers

    /// - Parameter partitions: keys in the bucket `data`, and for each its rows of the tiny partition's 37 galaxies.
    init(_ root: String, partitions: [String: Range<Int>] = [:]) throws {
        self.root = root
        for bucket in ["data", "results"] {
            try FileManager.default.createDirectory(atPath: root + "/" + bucket, withIntermediateDirectories: true)
        }
        store = FolderStore(root: root)
        handlers = FanOutHandlers(store: store, environment: Self.environment(root), threads: 2)
        let table = try TensorTable.partition()
        for (key, rows) in partitions {
            try store.put(bucket: "data", key: key, table.rows(rows).bytes())
        }
    }

    static func environment(_ root: String) -> [String: String] {
        ["CAI_WEIGHTS": Fixture.path("tiny/normalcell.pt"), "TMPDIR": root]
    }

    /// A run's input, with additional or replaced keys.
    static func input(_ more: [String: JSONValue] = [:]) -> JSONValue {
        let fields: [String: JSONValue] = [
            "bucket": .string("results"), "result_path": .string("run"), "data_bucket": .string("data"),
            "data_prefix": .string("p"), "batch_size": .integer(5),
        ]
        return .object(fields.merging(more) { $1 })
    }

    /// Runs `body` with buckets that are removed afterwards.
    static func with<R>(_ partitions: [String: Range<Int>] = [:], _ body: (Buckets) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { try body(try Buckets($0, partitions: partitions)) }
    }

    func initialize(_ more: [String: JSONValue] = [:]) throws -> InitializeResult {
        try handlers.initialize.run(try InitializeInput(Self.input(more)))
    }

    /// Runs the items; errors by rank.
    @discardableResult
    func work(_ items: [WorkerItem]) -> [Int: Failure] {
        var errors: [Int: Failure] = [:]
        for item in items {
            do throws(Failure) { _ = try handlers.worker.run(item) } catch { errors[item.rank] = error }
        }
        return errors
    }

    func summarize(_ begun: InitializeResult) throws -> RunReport {
        try handlers.summarize.run(SummarizeEvent(manifest: begun.manifest.place))
    }

    /// Initialize, all workers, and Summarize.
    func run(_ more: [String: JSONValue] = [:]) throws -> RunReport {
        let begun = try initialize(more)
        work(begun.items)
        return try summarize(begun)
    }

    /// The key, in which `@` is the id of the run whose `manifest.json` is in the folder before it.
    func key(_ key: String) throws -> String {
        guard let at = key.range(of: "@/") else { return key }
        let id = try json(key[..<at.lowerBound] + "manifest.json")["run_id"]?.text ?? ""
        return key.replacingOccurrences(of: "@/", with: id + "/")
    }

    func bytes(_ key: String, in bucket: String = "results") throws -> [UInt8] {
        try store.get(bucket: bucket, key: try self.key(key))
    }

    func json(_ key: String) throws -> JSONValue { try JSONValue.parse(try bytes(key), name: key) }

    func keys(_ prefix: String = "run/") throws -> [String] {
        try store.list(bucket: "results", prefix: prefix).map(\.key)
    }
}

/// Three partitions of the 37 galaxies, whose order as strings differs from that of their numbers.
let threePartitions = ["p/2.pt": 0..<20, "p/10.pt": 20..<30, "p/11.pt": 30..<37]

extension JSONValue {
    var array: [JSONValue] { if case .array(let values) = self { values } else { [] } }
    var keys: Set<String> { if case .object(let fields) = self { Set(fields.keys) } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
