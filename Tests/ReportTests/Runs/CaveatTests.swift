import Foundation
import Testing

@testable import Report

struct DoubtfulRun: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var folder = "result-partition-25MB/1GB/1"
    let ranks: [String]
    let kind: Caveats.Kind
    let text: String

    /// 1 GB is 41 partitions of 25 MB: 1189 galaxies a rank are as many bytes.
    static func fields(_ fields: [String: Any?] = [:]) -> [String: Any?] {
        ["num_samples": 1189].merging(fields) { $1 }
    }

    static let cases = [
        DoubtfulRun(
            testDescription: "a full listing", folder: "result-partition-1MB/1GB/1",
            ranks: ResultFolder.ranks(1000, ["num_samples": 49]), kind: .listingLimit,
            text: "exactly 1000 results: the published system lists no more, so that others may be missing"),
        DoubtfulRun(
            testDescription: "missing ranks",
            ranks: (0..<41).filter { $0 != 3 && $0 != 40 }.map { rank in
                ResultFolder.rank(fields(["rank": rank, "world_size": 41, "data_path": "\(rank).pt"]))
            }, kind: .missingRanks, text: "2 of 41 ranks are missing: 3, 40"),
        DoubtfulRun(
            testDescription: "ranks twice",
            ranks: (0..<41).map { rank in
                ResultFolder.rank(
                    fields(["rank": min(rank, 39), "world_size": 40, "data_path": "\(rank).pt"]))
            }, kind: .repeated, text: "ranks that are there twice: 39"),
        DoubtfulRun(
            testDescription: "partitions twice",
            ranks: ResultFolder.ranks(40, fields()) + [ResultFolder.rank(fields(["data_path": "25MB/7.pt"]))],
            kind: .repeated, text: "1 partition computed more than once (repeated data, or two runs in one): 25MB/7.pt"),
        DoubtfulRun(
            testDescription: "two runs in one",
            ranks: ResultFolder.ranks(40, fields(["run_id": "a"]))
                + [ResultFolder.rank(fields(["run_id": "b", "data_path": "x"]))],
            kind: .mixedRuns, text: "results of 2 runs: a, b"),
        DoubtfulRun(
            testDescription: "written to two paths",
            ranks: ResultFolder.ranks(40, fields(["result_path": "a"]))
                + [ResultFolder.rank(fields(["result_path": "b", "data_path": "x"]))],
            kind: .mixedRuns, text: "results written to 2 places: a, b"),
        DoubtfulRun(
            testDescription: "another batch size", folder: "result-partition-25MB/1GB/Batches/64/1",
            ranks: ResultFolder.ranks(41, fields()), kind: .mislabelled,
            text: "41 of 41 ranks say another batch size than 64"),
        DoubtfulRun(
            testDescription: "other threads", folder: "result-partition-25MB/1GB/Threads/2/1",
            ranks: ResultFolder.ranks(41, fields(["threads": 1])), kind: .mislabelled,
            text: "41 of 41 ranks say other threads than 2"),
        DoubtfulRun(
            testDescription: "less data than its name", ranks: ResultFolder.ranks(20, fields()), kind: .mislabelled,
            text: "its ranks had 0.488 GB of galaxies, not the 1 GB of its name"),
        DoubtfulRun(
            testDescription: "no size", folder: "result-partition-25MB/timing/1", ranks: ResultFolder.ranks(1),
            kind: .mislabelled,
            text: "\"timing\" is not a data size: its runs have rows in tables, and are not drawn on an axis"),
        DoubtfulRun(
            testDescription: "a straggler",
            ranks: ResultFolder.ranks(40, fields())
                + [ResultFolder.rank(fields(["total_cpu_time (seconds)": 20, "data_path": "x"]))],
            kind: .stragglers,
            text:
                "1 of 41 ranks took more than twice the mean of 4.00 s, up to 20.00 s: the run waits for them, the mean "
                + "does not show them"),
        DoubtfulRun(
            testDescription: "an impossible wall time",
            ranks: ResultFolder.ranks(41, fields(["started": 10.0, "finished": 12.0])), kind: .wallTime,
            text:
                "wall time 2.00 s (clocks of the ranks) is shorter than its slowest rank's 4.00 s: it is of another run, "
                + "or the rank's is not a wall time"),
    ]
}

@Test("A run's page has the caveats that apply, and no others", arguments: DoubtfulRun.cases)
func doubtfulRun(example: DoubtfulRun) throws {
    try ResultFolder.with { folder in
        try folder.write(example.folder, example.ranks)
        if example.kind != .wallTime {
            try folder.write(example.folder + "/summary.json", text: "{\"wall_s\": 100}")
        }
        let caveats = Caveats(try ResultTree([folder.path])).all
        #expect(caveats.map(\.kind) == [example.kind])
        #expect(caveats.map(\.text) == [example.text])
        #expect(caveats.map(\.place) == [folder.path + "/" + example.folder])
    }
}

@Test("Runs of a group are compared with each other, and with a log")
func doubtfulGroup() throws {
    try ResultFolder.with { folder in
        let group = "result-partition-25MB/1GB"
        func ranks(_ count: Int, from start: Double) -> [String] {
            ResultFolder.ranks(
                count,
                DoubtfulRun.fields([
                    "s3_total_time": 1.0, "s3_first_request_time": start, "s3_last_response_time": start + 10,
                ]))
        }
        try folder.write(group + "/1", ranks(41, from: 1000))
        try folder.write(group + "/2", ranks(40, from: 1005))
        try folder.write(group + "/3", ranks(41, from: 1020))
        try folder.write(group + "/4/items.json", text: "[]")
        let log = try DurationLog(
            csv: Array(
                """
                partition(MB),data(GB),run,num_worlds,duration
                25,1,1,41,00:30
                25,1,2,41,00:30
                25,2,1,82,00:30

                """.utf8), name: "log.csv")
        let caveats = Caveats(try ResultTree([folder.path]), durations: RunDurations([log])).all
        let root = folder.path + "/" + group
        #expect(
            caveats.map { "\($0.place): \($0.text)" } == [
                "\(root)/2: 40 results of 41 ranks that the log names",
                "\(root): runs of different numbers of ranks: run 1 41, run 2 40, run 3 41",
                "\(root): runs 1 and 2 called the store at the same time: they shared what it gave, and may hold each "
                    + "other's ranks",
                "\(root)/4: no combined_data.json: not finished, or not fetched",
                "\(root)/3: wall time of 1 of 3 runs unknown: throughput_bps sums the rates of ranks, which need not have "
                    + "run at once, and is not the rate of a run",
                "log.csv: 1 of 3 rows are of runs that the trees do not hold",
            ])
    }
}

@Test("Caveats that differ in numbers and names only are one line with their count")
func countedCaveats() throws {
    try ResultFolder.with { folder in
        for run in 1...3 {
            let path = "result-partition-25MB/1GB/\(run)"
            let slow = ResultFolder.rank(
                DoubtfulRun.fields(["total_cpu_time (seconds)": 20.0 + Double(run), "data_path": "x"]))
            try folder.write(path, ResultFolder.ranks(40, DoubtfulRun.fields()) + [slow])
            try folder.write(path + "/summary.json", text: "{\"wall_s\": 100}")
        }
        let tree = try ResultTree([folder.path])
        let caveats = Caveats(tree)
        #expect(caveats.all.count == 3)
        let groups = caveats.groups
        #expect(groups.map(\.count) == [3])
        let text = try #require(groups.first).text(TreeReport.inTree)
        #expect(text.hasPrefix("3 like this, the largest in result-partition-25MB/1GB/3: 1 of 41 ranks took more than"))
        let html = HTMLPage(title: "t", sections: TreeReport(tree).sections).html
        #expect(html.components(separatedBy: "took more than twice").count == 2)
        #expect(html.contains("<p>3 like this") && !html.contains(folder.path))
    }
}

@Test("Partitions that an experiment repeated on purpose are no caveat; a rank that is there twice is one")
func repeatedOnPurpose() throws {
    try ResultFolder.with { folder in
        let ranks = (0..<41).map { rank in
            ResultFolder.rank(
                DoubtfulRun.fields(["rank": min(rank, 39), "world_size": 40, "data_path": "\(rank % 2).pt"]))
        }
        try folder.write("result-partition-25MB/1GB/1", ranks)
        try folder.write("result-partition-25MB/1GB/1/summary.json", text: "{\"wall_s\": 100}")
        func texts() throws -> [String] { Caveats(try ResultTree([folder.path])).all.map(\.text) }
        #expect(try texts().count == 2)
        try folder.write(
            "experiment.json",
            text: """
                {"cai": {"version": "0.1.0", "commit": null}, "weights": {"name": "/a/w.pt", "sha256": null},
                 "machine": {}, "repeat": true, "runs": []}
                """)
        #expect(try texts() == ["ranks that are there twice: 39"])
    }
}
