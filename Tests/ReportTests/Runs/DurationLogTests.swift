import Foundation
import Testing

@testable import Platform
@testable import Report
@testable import Runs

private func log(_ text: String) throws -> DurationLog { try DurationLog(csv: Array(text.utf8), name: "log.csv") }

private func key(_ partition: Double, _ size: String, _ run: String, batch: Int? = nil) -> RunKey {
    let variation = batch.map { RunGroupKey.Variation.batch($0) } ?? .none
    return RunKey(group: RunGroupKey(partition: partition, size: DataSize(size), variation: variation), run: run)
}

@Test("Durations are read from logs of the state machine")
func stateMachineLog() throws {
    let log = try log(
        """
        data (GB),batch_size,run,partition (MB),total_duration (s),inference_duration (s),batch_varying
        768GB,512,5,100MB,188.92,133.39,False
        1TB,512,1,100MB,246.87,193.24,False
        1GB,32,1,25MB,20.5,10.25,True
        timing,512,3,100MB,74.76,63.97,False

        """)
    #expect(log.entries.count == 4)
    #expect(log.entries[key(100, "768GB", "5")]?.duration.total == 188.92)
    #expect(log.entries[key(100, "768GB", "5")]?.duration.inference == 133.39)
    #expect(log.entries[key(100, "1000GB", "1")]?.duration.total == 246.87)
    #expect(log.entries[key(25, "1GB", "1", batch: 32)]?.duration.inference == 10.25)
    #expect(log.entries[key(100, "timing", "3")]?.duration.total == 74.76)
}

@Test("Durations are read from tables of minutes and seconds, with the ranks they name")
func executionTimes() throws {
    let log = try log(
        "partition(MB),data(GB),run,num_worlds,duration\n25,1.0,1,41.0,00:26.642\n100,12.6,3,130.0,01:08.19\n")
    #expect(log.entries[key(25, "1GB", "1")]?.duration.total == 26.642)
    #expect(log.entries[key(25, "1GB", "1")]?.duration.inference == nil)
    #expect(log.entries[key(25, "1GB", "1")]?.ranks == 41)
    #expect(log.entries[key(100, "total", "3")]?.duration.total == 68.19)
}

@Test("The first log with a run is used, and a log with an inference time before one without")
func severalLogs() throws {
    let short = try log("partition(MB),data(GB),run,duration\n25,1.0,1,00:26.5\n25,1.0,2,00:27.5\n")
    let long = try log(
        "partition (MB),data (GB),run,total_duration (s),inference_duration (s)\n25MB,1GB,1,30,20\n")
    let ranks = try JSONDecoder().decode([RankResult].self, from: Data("[\(ResultFolder.rank())]".utf8))
    let durations = RunDurations([short, long])
    let runs = ["1", "2", "3"].map { Run(key: key(25, "1GB", $0), folder: "", ranks: ranks) }
    #expect(runs.map { durations.duration(of: $0)?.total } == [30, 27.5, nil])
}

@Test(
    "Times are parsed as minutes and seconds",
    arguments: [
        ("00:26.642", 26.642), ("01:01.69", 61.69), ("1:00:00", 3600), ("7.5", 7.5), ("1:2:3:4", nil), ("", nil),
        ("1:", nil), ("-1:00", nil), ("0.5:30", nil), ("a", nil), ("inf", nil),
    ] as [(String, Double?)])
func times(text: String, seconds: Double?) { #expect(DurationLog.seconds(text) == seconds) }

@Test(
    "The error for an invalid log has its line and column",
    arguments: [
        ("a,b\n1,2\n", "log.csv: line 1: expected a column partition(MB), found none"),
        ("", "log.csv: line 1: expected the names of columns, found an empty file"),
        ("a,a\n", "log.csv: line 1: a column's name occurs twice"),
        (
            "partition(MB),data(GB),run,duration\n25,1.0,1,soon\n",
            "log.csv: line 2: duration: expected a time as 01:07.390, found \"soon\""
        ),
        (
            "partition(MB),data(GB),run,duration\n25,1.0,1,00:00\n",
            "log.csv: line 2: duration: expected more than 0 seconds, found \"00:00\""
        ),
        (
            "partition(MB),data(GB),run,duration\nx,1.0,1,00:01\n",
            "log.csv: line 2: partition(MB): expected a number of 0 or more, found \"x\""
        ),
        (
            "partition(MB),data(GB),run,duration\n25,1.0,1,00:01\n25,1GB,1,00:02\n",
            "log.csv: line 3: run 1 of 25 MB partitions, 1 GB is on line 2 too"
        ),
        (
            "partition(MB),data(GB),run,duration\n25,1.0\n",
            "log.csv: line 2: expected 4 fields as in the header, found 2"
        ),
    ])
func brokenLogs(text: String, message: String) {
    #expect(throws: Failure(message)) { try log(text) }
}
