import Foundation
import TestSupport
import Testing

private let tree = Fixture.path("results/tree")
private let log = Fixture.path("results/state_machine_logs.csv")
private let tables = ["result_stats.csv", "batch_varying_results.csv", "threads_varying_results.csv"]

@Test("cai stats writes tables into a new folder, and prints the means")
func statsWrites() throws {
    try Fixture.withTemporaryFolder { folder in
        let output = folder + "/new/tables"
        let command = try Command.run(["stats", tree, "-o", output, "--durations", log])
        #expect(command.status == 0)
        #expect(
            try names(in: output)
                == (tables + ["result_stats_adjusted.csv", "wall_clock_results.csv"]).sorted())
        for table in tables + ["result_stats_adjusted.csv"] {
            #expect(try text(of: output + "/" + table) == text(of: Fixture.path("results/" + table)))
        }
        #expect(command.errorLines.count == 5)
        #expect(command.errorLines.first == "cai: wrote \(output)/result_stats.csv")
        #expect(command.output.hasPrefix("22 runs, 122 ranks\n"))
        #expect(command.output.contains("\nLimits of these data\n"))
        // 8,946 galaxies in 38.87 s.
        #expect(command.output.contains("8,946  38.87       230.2    37.8  state_machine_logs.csv\n"))
        let quiet = try Command.run(["stats", tree, "-o", output, "--quiet"])
        #expect(quiet.errors.isEmpty)
        #expect(!quiet.output.contains("38.87"))
    }
}

@Test("cai stats --json has the rows of every table by column")
func statsJSON() throws {
    let command = try Command.run(["stats", tree, "--durations", log, "--json"])
    #expect(command.status == 0)
    let all = try object(command.output)
    let rows = try #require(all["result_stats"] as? [[String: Any]])
    #expect(rows.count == 16)
    #expect(rows[0]["data (GB)"] as? Double == 0.5)
    #expect(rows[0]["s3_avg_time"] is NSNull)
    #expect(rows[3]["run"] as? String == "mean")
    let batches = try #require(all["batch_varying_results"] as? [[String: Any]])
    #expect(batches.map { $0["set"] as? String } == ["25 MB partitions, 1 GB"])
    let caveats = try #require(all["caveats"] as? [[String: Any]])
    #expect(Set(caveats.compactMap { $0["kind"] as? String }).contains("mislabelled"))
}

@Test("cai stats --check exits with 0 if all tables agree, and with 1 otherwise")
func statsCheck() throws {
    for table in tables {
        let check = try Command.run(["stats", "--check", Fixture.path("results/" + table), tree])
        #expect(check.status == 0)
        #expect(check.output.hasSuffix(" compared, no difference\n"))
        #expect(check.errors.isEmpty)
    }
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/result_stats.csv"
        let changed = try text(of: Fixture.path("results/result_stats.csv"))
            .replacingOccurrences(of: "25,0.5,1,5.69,", with: "25,0.5,1,5.7,")
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        let check = try Command.run(["stats", "--check", path, tree])
        #expect(check.status == 1)
        #expect(
            check.outputLines == [
                "\(path): line 2: partition (MB) 25, data (GB) 0.5, run 1: total_cpu_time (seconds): expected 5.7, "
                    + "found 5.69",
                "result_stats: 128 cells of 16 rows compared, 1 difference",
            ])
        #expect(check.errors == "cai: error: \(path): expected what the trees give, found 1 difference\n")
        let json = try Command.run(["stats", "--check", path, tree, "--json"])
        #expect(json.status == 1)
        let differences = try #require(try object(json.output)["differences"] as? [[String: Any]])
        #expect(differences.map { $0["expected"] as? String } == ["5.7"])
    }
}

private let wrongUses: [([String], Int32)] = [
    (["stats"], 2), (["stats", ""], 2), (["stats", tree, "--check", "a.csv", "-o", "b"], 2),
    (["stats", "/nowhere"], 1), (["stats", tree, "--durations", "/nowhere.csv"], 1),
    (["stats", tree, "--check", log], 1), (["stats", tree, "-o", "/dev/null/x"], 1),
]

@Test("cai stats refuses invalid command lines in one line", arguments: wrongUses)
func statsErrors(arguments: [String], status: Int32) throws {
    let command = try Command.run(arguments)
    #expect(command.status == status)
    #expect(command.errorLines.count == 1)
    #expect(command.output.isEmpty)
}
