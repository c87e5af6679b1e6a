import Foundation
import Testing

@testable import Costs
@testable import Platform
@testable import Report

@Suite("Costs of finished runs")
struct RunCostTests {
    /// The required fields of a rank's result of this program.
    private static func rank(
        _ number: Int, total: Double, inference: Double, memory: String = "1769", threads: Int = 1
    ) -> String {
        """
        {"run_id": "r", "rank": \(number), "total_cpu_time (seconds)": \(inference), "total_cpu_memory (MB)": 107.3741824,
         "throughput_bps": 1, "batch_size": 512, "num_samples": 1000, "data_path": "p/\(number).pt", "result_path": "r",
         "s3_total_time": 1, "s3_num_requests": 11, "inference_s": \(inference), "total_s": \(total),
         "threads": \(threads), "configured_memory_mb": \(memory)}
        """
    }

    private static func cost(_ ranks: [String], _ settings: RunCost.Settings = .init()) throws -> RunCost {
        try RunCost(json: Array("[\(ranks.joined(separator: ","))]".utf8), name: "run", settings: settings)
    }

    @Test("Runs of this program on Lambda have all numbers in the file")
    func ours() throws {
        let run = try Self.cost([
            Self.rank(0, total: 5.0001, inference: 4), Self.rank(1, total: 7, inference: 6),
        ])
        #expect(run.galaxies == 2000)
        let comparison = run.comparison
        #expect(comparison.requests == 2)
        #expect(comparison.memory == 1769)
        // 107.3741824 MB of 10^6 bytes are a tenth of 2^30.
        #expect(abs(try #require(comparison.memoryUsed) - 0.1) < 1e-12)
        // 2 x 6.00005 s x 0.1 GB.
        let formula = try #require(comparison.formula)
        #expect(abs(formula.total - (1.20001 * 0.0000166667 + 4e-7)) < 1e-14)
        // 5.001 s and 7 s; Initialize and Summarize with 1.005 s each.
        #expect(abs(comparison.usage.gigabyteSeconds - (5.001 + 7 + 2.01) * 1769 / 1024) < 1e-9)
        // One of 11 calls writes the predictions; Summarize reads two for each rank, and three more are the run's.
        #expect(comparison.usage.gets == 2 * 10 + 2 * 2 + 3)
        #expect(comparison.usage.puts == 2 * 2 + 8)
        #expect(comparison.usage.requests == 4)
        // 2000 galaxies in 10 s on one processor.
        #expect(run.rate == .processor(200, source: "run"))
        #expect(run.notes.contains { $0.hasPrefix("Time: total_s") })
        #expect(!run.notes.contains { $0.hasPrefix("Memory configured") })
    }

    @Test("Runs of this program elsewhere have as many processors as threads, and the rate of a core")
    func elsewhere() throws {
        let run = try Self.cost([Self.rank(0, total: 3, inference: 2, memory: "null", threads: 2)])
        #expect(run.comparison.memory == 3538)
        #expect(run.rate == .core(250, source: "run"))
        #expect(run.notes.contains { $0.contains("3,538 MB, a processor for each thread, had the workers") })
        let many = try Self.cost([Self.rank(0, total: 3, inference: 2, memory: "null", threads: 64)])
        #expect(many.comparison.memory == 10_240)
    }

    @Test("Settings take precedence over the file")
    func settings() throws {
        var settings = RunCost.Settings()
        (settings.memory, settings.memoryUsed, settings.storage) = (2048, 3, 1536)
        let run = try Self.cost([Self.rank(0, total: 3, inference: 2)], settings)
        #expect(run.comparison.memory == 2048)
        #expect(run.comparison.memoryUsed == 3)
        #expect(abs(run.comparison.usage.storageGigabyteSeconds - 3) < 1e-12)
        #expect(run.notes.contains { $0.contains("2,048 MB as asked; it had 1,769 MB") })
    }

    /// A rank's result of the reference: without stages and count of requests, with a meaningless memory.
    private static func theirs(_ path: String) -> String {
        """
        {"total_cpu_time (seconds)": 20, "total_cpu_memory (MB)": 71461.28, "throughput_bps": 1e7,
         "batch_size": 512, "sample_persec": 255.65, "device": "cpu", "result_path": "r", "data_path": "\(path)"}
        """
    }

    @Test("Runs of the reference take missing numbers from its publication, with a note")
    func reference() throws {
        let run = try Self.cost([Self.theirs("100MB/1.pt"), Self.theirs("100MB/2.pt")])
        #expect(run.galaxies == 2 * 5113)
        #expect(run.comparison.memory == 10_240)
        #expect(run.comparison.memoryUsed == 7)
        // 2 x 20 s x 7 GB
        #expect(abs(try #require(run.comparison.formula).functions - 280 * 0.0000166667) < 1e-12)
        // 5113 x 20,528 bytes are 25 whole ranges of 4 MB.
        #expect(run.comparison.usage.gets == 2 * 45 + 2 * 2 + 3)
        for start in ["Time: total_cpu_time", "Memory configured: 10,240 MB, as the published", "S3: as many reads"] {
            #expect(run.notes.contains { $0.hasPrefix(start) }, "\(start)")
        }
        let other = try Self.cost([Self.theirs("elsewhere/1.pt")])
        #expect(other.comparison.formula == nil)
        #expect(other.comparison.bill(on: .x86).total > 0)
    }

    @Test("Ranks without galaxies have a cost and no rate")
    func idle() throws {
        let idle = Self.rank(0, total: 0.5, inference: 0).replacingOccurrences(of: "1000", with: "0")
        let run = try Self.cost([idle])
        #expect(run.rate == nil)
        #expect(run.comparison.bill(on: .x86).functions > 0)
    }

    @Test("The typical rate is the median, of Lambda's before others'")
    func typical() {
        let cores = [300.0, 100, 200].map { MeasuredRate.core($0, source: "\($0)") }
        #expect(MeasuredRate.typical(of: cores) == .core(200, source: "200.0"))
        #expect(MeasuredRate.typical(of: cores + [.processor(50, source: "l")]) == .processor(50, source: "l"))
        #expect(MeasuredRate.typical(of: []) == nil)
    }

    @Test(
        "The error for a file without results of ranks has its name",
        arguments: [("[]", "run: expected the results of ranks"), ("{", "run: expected JSON")])
    func faults(text: String, message: String) {
        let error = #expect(throws: Failure.self) { try RunCost(json: Array(text.utf8), name: "run") }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }
}
