import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import Report

private let columns = "batch_size,run,total_cpu_time (seconds),total_cpu_memory (MB),throughput_bps,total_bits"
private let row = "4.0,100.0,41040000.0,164160000.0"

/// The differences between a table of the batch sizes 32 and 64, one run each, and trees with exactly these runs.
private func differences(_ csv: String) throws -> [String] {
    try ResultFolder.with { folder in
        for batch in [32, 64] {
            try folder.write("result-partition-25MB/1GB/Batches/\(batch)/1", [ResultFolder.rank(["batch_size": batch])])
        }
        let tables = ResultTables(try ResultTree([folder.path]))
        return try TableCheck(csv: Array(csv.utf8), name: "t.csv", tables).differences.map(\.text)
    }
}

private func table(_ rows: String...) -> String { ([columns] + rows).joined(separator: "\n") + "\n" }

@Test("Equal tables have no difference for any format of numbers and order of lines")
func equalTables() throws {
    let csv = table("64.0,mean,\(row)", "32,1,4,100.00,41040000,1.6416e8", "64,1,\(row)", "32,mean,\(row)")
    #expect(try differences(csv) == [])
    #expect(try differences(csv.replacingOccurrences(of: "\n", with: "\r\n")) == [])
}

@Test("Every difference is named: cells, rows and columns on either side")
func namedDifferences() throws {
    let good = ["32,1,\(row)", "32,mean,\(row)", "64,1,\(row)", "64,mean,\(row)"]
    #expect(
        try differences(table(good[0], "32,mean,4.01,100.0,,164160000.0", good[2], good[3])) == [
            "line 3: batch_size 32, run mean: total_cpu_time (seconds): expected 4.01, found 4.0",
            "line 3: batch_size 32, run mean: throughput_bps: expected an empty cell, found 41040000.0",
        ])
    #expect(
        try differences(table(good[0], good[1], good[2], good[3], "128,1,\(row)", good[0])) == [
            "line 6: batch_size 128, run 1: expected a row, found no such run in the trees",
            "line 7: batch_size 32, run 1: expected a second row, after line 2, found no such run in the trees",
        ])
    #expect(
        try differences(table(good[0], good[1], good[2])) == [
            "batch_size 64, run mean: in the trees, and not in the file"
        ])
    let renamed = table(good[0], good[1], good[2], good[3]).replacingOccurrences(of: "total_bits", with: "bits")
    #expect(
        try differences(renamed) == [
            "line 1: bits: expected a column, found no such column", "total_bits: in the trees, and not in the file",
        ])
}

@Test("With several partition sizes, the table is compared with the one that agrees best")
func bestSet() throws {
    try ResultFolder.with { folder in
        try folder.write("result-partition-25MB/1GB/Batches/32/1", [ResultFolder.rank(["total_cpu_memory (MB)": 7])])
        try folder.write("result-partition-100MB/1GB/Batches/32/1", [ResultFolder.rank()])
        let tables = ResultTables(try ResultTree([folder.path]))
        let check = try TableCheck(
            csv: Array(table("32,1,\(row)", "32,mean,\(row)").utf8), name: "t.csv", tables)
        #expect(check.set == "100 MB partitions, 1 GB")
        #expect(check.differences == [])
        #expect(check.rows == 2)
        #expect(check.cells == 8)
    }
}

@Test("A check without any compared cell fails")
func emptyCheck() throws {
    try ResultFolder.with { folder in
        try folder.write("result-partition-25MB/1GB/1", [ResultFolder.rank()])
        let tables = ResultTables(try ResultTree([folder.path]))
        #expect(throws: Failure("b.csv: expected rows to compare, found none, neither there nor in the trees")) {
            try TableCheck(csv: Array("batch_size,run,total_cpu_time (seconds)\n".utf8), name: "b.csv", tables)
        }
    }
}

@Test("A table with other columns is refused", arguments: ["a,b\n1,2\n", "batch_size,time\n", "run,x\n"])
func otherTables(csv: String) throws {
    let error = #expect(throws: Failure.self) { try differences(csv) }
    #expect(error?.message.hasPrefix("t.csv: line 1: expected the columns of result_stats.csv, ") == true)
}
