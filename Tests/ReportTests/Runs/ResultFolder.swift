import Foundation
import TestSupport

/// A tree of results for a test, in a new folder.
struct ResultFolder {
    let path: String

    static func with<R>(_ body: (ResultFolder) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { try body(ResultFolder(path: $0)) }
    }

    /// Writes `combined_data.json` of a run.
    func write(_ run: String, _ ranks: [String]) throws {
        try write(run + "/combined_data.json", text: "[" + ranks.joined(separator: ",") + "]")
    }

    func write(_ name: String, text: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// A rank's result: 1000 galaxies in 4 s, batches of 512.
    /// - Parameter fields: replaced or additional fields; nil removes one.
    static func rank(_ fields: [String: Any?] = [:]) -> String {
        var all: [String: Any?] = [
            "total_cpu_time (seconds)": 4.0, "total_cpu_memory (MB)": 100.0, "throughput_bps": 41_040_000.0,
            "sample_persec": 250.0, "batch_size": 512, "device": "cpu", "data_path": "25MB/1.pt",
        ]
        for (key, value) in fields { all[key] = .some(value) }
        let present = all.compactMapValues { $0 }
        let data = try? JSONSerialization.data(withJSONObject: present, options: .sortedKeys)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// That number of ranks, each with a partition of its own.
    static func ranks(_ count: Int, _ fields: [String: Any?] = [:]) -> [String] {
        (0..<count).map { index in rank(["data_path": "25MB/\(index + 1).pt"].merging(fields) { $1 }) }
    }
}
