import Foundation
import TestSupport
import Testing

@testable import Report

/// Trees in `Tests/Fixtures/results`, and the tables that numpy computed from them.
private func fixture(_ name: String) -> String { Fixture.path("results/" + name) }

private func fixtureTables() throws -> ResultTables {
    let log = try DurationLog(csvFile: fixture("state_machine_logs.csv"))
    return ResultTables(try ResultTree([fixture("tree")]), durations: RunDurations([log]))
}

@Test(
    "Tables equal numpy's of the same trees, byte for byte",
    arguments: [
        "result_stats.csv", "batch_varying_results.csv", "threads_varying_results.csv", "result_stats_adjusted.csv",
    ])
func tablesAreNumpys(name: String) throws {
    let tables = try fixtureTables()
    let file = try #require(tables.files.first { $0.name == name })
    let expected = try String(contentsOfFile: fixture(name), encoding: .utf8)
    #expect(file.table.csv == expected)
    let check = try TableCheck(csvFile: fixture(name), tables)
    #expect(check.differences == [])
    #expect(check.rows == expected.split(separator: "\n").count - 1)
}

/// The first three by numpy 2.4: np.round([0.285, 2.675, 1.005, 0.125, 0.375], 2); strings by Python's repr.
@Test(
    "Cells are rounded as by numpy, and written as by Python",
    arguments: [
        (0.285, "0.28"), (2.675, "2.68"), (1.005, "1.0"), (0.125, "0.12"), (0.375, "0.38"),
        (8_601_655_680, "8601655680.0"),
        (0.004, "0.0"), (5, "5.0"), (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1.25e16, "1.25e+16"),
        (1e17, "1e+17"),
        (.nan, ""), (.infinity, ""),
    ] as [(Double, String)])
func cells(value: Double, text: String) { #expect(ResultCell.rounded(value).text == text) }

@Test("The batch sizes of several partition sizes have a file each")
func batchFiles() throws {
    try ResultFolder.with { folder in
        for partition in ["25MB", "100MB"] {
            try folder.write("result-partition-\(partition)/1GB/Batches/32/1", [ResultFolder.rank()])
        }
        let files = ResultTables(try ResultTree([folder.path])).files
        #expect(
            files.map(\.name) == ["batch_varying_results_25MB_1GB.csv", "batch_varying_results_100MB_1GB.csv"])
        #expect(
            files[0].table.csv
                == """
                batch_size,run,total_cpu_time (seconds),total_cpu_memory (MB),throughput_bps,total_bits
                32,1,4.0,100.0,41040000.0,164160000.0
                32,mean,4.0,100.0,41040000.0,164160000.0

                """)
    }
}

/// Two ranks of 1000 galaxies in 4 s each, one after the other in 10 s: 200 galaxies/s, 32,832,000 bit/s. The sum of
/// rates is 82,080,000.
@Test("Wall-clock rates divide by wall time, not by the ranks' time")
func wallClock() throws {
    try ResultFolder.with { folder in
        try folder.write("result-partition-25MB/1GB/1", ResultFolder.ranks(2))
        try folder.write("result-partition-25MB/1GB/1/summary.json", text: "{\"wall_s\": 10, \"map_s\": 8}")
        try folder.write("result-partition-25MB/1GB/2", ResultFolder.ranks(2))
        let table = ResultTables(try ResultTree([folder.path])).wallClock
        let cells = "2.0,2000.0,10.0,8.0,200.0,32832000.0,82080000.0"
        #expect(
            table.csv.split(separator: "\n").dropFirst() == ["25,1.0,,,1,\(cells)", "25,1.0,,,mean,\(cells)"])
    }
}

@Test("Names with commas and quotes are quoted")
func quotedCells() {
    let table = ResultTable(columns: ["a,b", "c"], keyCount: 1, rows: [[.text("x\"y"), .none]])
    #expect(table.csv == "\"a,b\",c\n\"x\"\"y\",\n")
}
