import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import Report

@Test("Runs are found wherever the published system and ours put them")
func treeLayout() throws {
    try ResultFolder.with { folder in
        let one = [ResultFolder.rank()]
        for run in [
            "result-partition-100MB/total/1", "result-partition-25MB/12.6GB/run 2", "result-partition-25MB/1GB/10",
            "result-partition-25MB/1GB/2", "result-partition-25MB/1GB/Batches/32/run 1",
            "result-partition-25MB/1GB/Batches/128/1", "result-partition-25MB/1GB/Threads/2/1",
            "result-partition-25MB/timing/1", "result-partition-25MB/500MB/1", "result-partition-25MB/1TB/1",
            "result-partition-25MB/1GB/demo", "other/1GB/1", "result-partition-xMB/1GB/1",
            "result-partition-25MB/1GB/Batches/big/1",
        ] { try folder.write(run, one) }
        try folder.write("result-partition-25MB/1GB/11/items.json", text: "[]")
        try folder.write("result-partition-25MB/notes.txt", text: "none")
        let tree = try ResultTree([folder.path])
        let found = tree.runs.map { "\($0.key.group.text), run \($0.key.run)" }
        #expect(
            found == [
                "25 MB partitions, 0.5 GB, run 1", "25 MB partitions, 1 GB, run 2", "25 MB partitions, 1 GB, run 10",
                "25 MB partitions, 1 GB, run demo", "25 MB partitions, 1 GB, batch 32, run 1",
                "25 MB partitions, 1 GB, batch 128, run 1", "25 MB partitions, 1 GB, 2 threads, run 1",
                "25 MB partitions, 12.6 GB, run 2", "25 MB partitions, 1 TB, run 1", "25 MB partitions, timing, run 1",
                "100 MB partitions, 12.6 GB, run 1",
            ])
        #expect(tree.empty == [folder.path + "/result-partition-25MB/1GB/11"])
        let part = try ResultTree([folder.path + "/result-partition-100MB/"])
        #expect(part.runs.map(\.folder) == [folder.path + "/result-partition-100MB/total/1"])
        #expect(ResultTree.isTree(folder.path))
        #expect(!ResultTree.isTree(folder.path + "/other"))
        #expect(!ResultTree.isTree(folder.path + "/nowhere"))
    }
}

@Test("A folder without runs, and a run that is there twice, are errors that name them")
func treeErrors() throws {
    try ResultFolder.with { folder in
        let path = folder.path
        try folder.write("empty/result-partition-25MB/1GB/1/items.json", text: "[]")
        try folder.write("twice/result-partition-25MB/1GB/1", [ResultFolder.rank()])
        try folder.write("twice/result-partition-25MB/1GB/run 1", [ResultFolder.rank()])
        let run = "as result-partition-25MB/1GB/1/combined_data.json, found none"
        for (paths, message) in [
            ([path + "/nowhere"], "\(path)/nowhere: no such folder"),
            (
                [path + "/twice/result-partition-25MB/1GB/1/combined_data.json"],
                "\(path)/twice/result-partition-25MB/1GB/1/combined_data.json: expected a folder, found a file"
            ),
            ([path], "\(path): expected runs, \(run)"), ([path + "/empty"], "\(path)/empty: expected runs, \(run)"),
            (
                [path + "/twice"],
                "\(path)/twice/result-partition-25MB/1GB/run 1: expected one folder for run 1, found "
                    + "\(path)/twice/result-partition-25MB/1GB/1 too"
            ),
        ] {
            #expect(throws: Failure(message)) { try ResultTree(paths) }
        }
    }
}

@Test(
    "A size is the name of its folder",
    arguments: [
        ("1GB", 1), ("12.6GB", 12.6), ("500MB", 0.5), ("1TB", 1000), ("total", 12.6), ("983gb", 983), ("2 GB", 2),
        ("timing", nil), ("test", nil), ("GB", nil), ("-1GB", nil), ("0GB", nil), ("infGB", nil), ("nanGB", nil),
        ("1", nil), ("1PB", nil),
    ] as [(String, Double?)])
func sizes(name: String, gigabytes: Double?) { #expect(DataSize(name).gigabytes == gigabytes) }

@Test("A run's wall time is that of its summary, else of its ranks' clocks")
func ownDurations() throws {
    try ResultFolder.with { folder in
        let clocks = [(100.0, 104.5), (102.0, 110.25)].map { started, finished in
            ResultFolder.rank(["started": started, "finished": finished])
        }
        let tree = "t/result-partition-25MB/1GB/"
        try folder.write(tree + "1", clocks)
        try folder.write(tree + "1/summary.json", text: "{\"wall_s\": 12.5, \"map_s\": 10.25, \"run_id\": \"x\"}")
        try folder.write(tree + "2", clocks)
        try folder.write(tree + "3", clocks + [ResultFolder.rank()])
        let runs = try ResultTree([folder.path + "/t"]).runs
        #expect(runs.map { $0.ownDuration?.total } == [12.5, nil, nil])
        #expect(runs.map { $0.ownDuration?.inference } == [10.25, 10.25, nil])
        #expect(runs.map { $0.ownDuration?.seconds } == [12.5, 10.25, nil])
        try folder.write(tree + "1/summary.json", text: "{\"wall_s\": \"long\"}")
        #expect(throws: Failure.self) { try ResultTree([folder.path + "/t"]) }
    }
}
