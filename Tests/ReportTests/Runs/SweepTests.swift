import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import Report
@testable import Runs

private let reference = """
    quantity,value,low,high,partition_mb,data_gb,batch_size,workers,galaxies,hardware,source
    rank_s,5.61,5.51,5.73,25,1,,,,Lambda,a
    sum_of_ranks_bps,1477963244.87,,,25,1,,,,Lambda,a
    wall_s,20,16,25,25,1,,41,40000,Lambda,a
    wall_s,135.27,,,100,256,,,,Lambda,a
    rank_s,8.26,,,25,1,32,41,52398,Lambda,b
    worker_galaxies_per_s,248,,,100,,512,1,,Lambda,c
    wall_s,1793,,,,12.6,,1,659857,HPC,c
    map_s,28,,,25,12.6,,517,659857,Lambda,c

    """

private func measurements() throws -> [ReferenceMeasurement] {
    try ReferenceMeasurement.read(csv: Array(reference.utf8), name: "r.csv")
}

/// Runs of 25 MB with 1, 2 and 4 ranks of 4 s (the second run of each 6 s), and of 100 MB with 1; batches of 32 and 64;
/// 1 and 2 threads. Each has a summary of 10 s.
private func withTree<R>(_ body: (ResultTree) throws -> R) throws -> R {
    try ResultFolder.with { folder in
        func write(_ run: String, _ ranks: [String]) throws {
            try folder.write(run, ranks)
            try folder.write(run + "/summary.json", text: "{\"wall_s\": 10}")
        }
        for (size, count) in [("1GB", 1), ("2GB", 2), ("4GB", 4)] {
            try write("result-partition-25MB/\(size)/1", ResultFolder.ranks(count))
            try write(
                "result-partition-25MB/\(size)/2", ResultFolder.ranks(count, ["total_cpu_time (seconds)": 6]))
        }
        try write("result-partition-100MB/1GB/1", ResultFolder.ranks(1))
        for batch in [32, 64] {
            try write("result-partition-25MB/1GB/Batches/\(batch)/1", ResultFolder.ranks(1, ["batch_size": batch]))
        }
        for threads in [1, 2] {
            try write("result-partition-25MB/1GB/Threads/\(threads)/1", ResultFolder.ranks(1, ["threads": threads]))
        }
        return try body(try ResultTree([folder.path]))
    }
}

private func figures(_ tree: ResultTree, _ references: [ReferenceMeasurement] = []) -> SweepFigures {
    SweepFigures(groups: tree.groups, durations: RunDurations(), references: references, label: "here")
}

@Test("Each curve of a sweep has one partition size; points are means of runs with their range")
func sweepCurves() throws {
    try withTree { tree in
        let figures = figures(tree)
        let time = figures.own(.rankSeconds, by: .dataSize)
        #expect(time.map(\.name) == ["25 MB", "100 MB"])
        #expect(time[0].points.map(\.x) == [1, 2, 4])
        #expect(time[0].points.map(\.y) == [5, 5, 5])
        #expect(time[0].points.map(\.range) == [4...6, 4...6, 4...6])
        #expect(time[1].points.map(\.range) == [nil])
        // 41.04 Mbit/s a rank.
        #expect(figures.own(.sumOfRanks, by: .dataSize)[0].points.map(\.y) == [41.04, 82.08, 164.16])
        // By time x rate, runs of 4 s have 1000 galaxies a rank and those of 6 s 1500: 125 a rank and second of 10.
        #expect(figures.own(.wallRate, by: .dataSize)[0].points.map(\.y) == [125, 250, 500])
        #expect(figures.own(.workerRate, by: .dataSize)[0].points.map(\.y) == [250, 250, 250])
        #expect(figures.own(.rankSeconds, by: .batchSize).map(\.name) == ["25 MB, 1 GB"])
        #expect(figures.own(.wallRate, by: .threads)[0].points.map(\.x) == [1, 2])
        #expect(figures.others(.rankSeconds, by: .dataSize).isEmpty)
    }
}

@Test("Reference measurements have their hardware in the legend, and rates if their galaxies are given")
func referenceCurves() throws {
    try withTree { tree in
        let figures = figures(tree, try measurements())
        let time = figures.others(.rankSeconds, by: .dataSize)
        #expect(time.map(\.name) == ["25 MB, Lambda"])
        #expect(time[0].points[0].range == 5.51...5.73)
        let wall = figures.others(.wallSeconds, by: .dataSize)
        #expect(wall.map(\.name) == ["25 MB, Lambda", "100 MB, Lambda", "HPC"])
        let rate = figures.others(.wallRate, by: .dataSize)
        #expect(rate.map(\.name) == ["25 MB, Lambda", "HPC"])
        #expect(rate[0].points.map(\.y) == [2000])
        #expect(rate[0].points.map(\.range) == [1600...2500])
        #expect(figures.others(.rankSeconds, by: .batchSize).map(\.name) == ["25 MB, 1 GB, Lambda"])
        #expect(figures.others(.workerRate, by: .batchSize).map(\.name) == ["100 MB, Lambda"])
        #expect(figures.others(.rankSeconds, by: .threads).isEmpty)
        let linear = figures.figure(.wallSeconds, by: .dataSize, .linear)
        #expect(linear.caption.isEmpty && linear.inline.contains("outside the axes: 2 points</text>"))
        #expect(!linear.inline.contains("HPC"))
        let log = figures.figure(.wallSeconds, by: .dataSize, .logarithmic)
        #expect(!log.inline.contains("outside the axes"))
        for name in ["25 MB, here", "100 MB, here", "25 MB, Lambda", "HPC"] {
            #expect(log.inline.contains(">\(name)</text>"))
        }
    }
}

@Test("The errors for invalid rows of reference measurements have line and column")
func brokenReferences() {
    for (text, message) in [
        (
            reference.replacingOccurrences(of: "map_s", with: "maps"),
            "r.csv: line 9: quantity: expected one of rank_s, sum_of_ranks_bps, wall_s, map_s, worker_galaxies_per_s, "
                + "found \"maps\""
        ),
        (
            reference.replacingOccurrences(of: "20,16,25", with: "20,26,25"),
            "r.csv: line 4: low: expected no more than high, found \"26\""
        ),
        (
            reference.replacingOccurrences(of: "135.27", with: "long"),
            "r.csv: line 5: value: expected a number of 0 or more, found \"long\""
        ),
        (
            reference.replacingOccurrences(of: "hardware", with: "machine"),
            "r.csv: line 1: expected a column hardware, found none"
        ),
    ] {
        #expect(throws: Failure(message)) {
            try ReferenceMeasurement.read(csv: Array(text.utf8), name: "r.csv")
        }
    }
}

@Test("docs/results/reference.csv is valid")
func publishedReferences() throws {
    let all = try ReferenceMeasurement.read(csvFile: Fixture.root + "/docs/results/reference.csv")
    #expect(all.count == 75)
    #expect(Set(all.map(\.quantity)).count == ReferenceMeasurement.Quantity.allCases.count)
    #expect(all.allSatisfy { !$0.hardware.isEmpty && !$0.source.isEmpty && $0.value > 0 })
    #expect(all.allSatisfy { $0.range?.contains($0.value) ?? true })
}

@Test("A tree's page has a section for each sweep, with linear and logarithmic figures under unique names")
func treeReport() throws {
    try withTree { tree in
        let report = TreeReport(tree, references: try measurements())
        #expect(
            report.sections.map(\.id) == [
                "overview", "data-size", "wall-clock", "batch-size", "threads", "ranks", "doubts",
            ])
        let figures = report.sections.flatMap(\.figures)
        #expect(Set(figures.map(\.id)).count == figures.count)
        for id in ["time-by-size", "rate-by-size", "time-by-batch", "sum-of-ranks-by-batch"] {
            #expect(figures.contains { $0.id == id })
            #expect(figures.contains { $0.id == id + "-log" })
        }
        #expect(figures.contains { $0.id == "rate-by-threads" && $0.inline.contains("in proportion") })
        #expect(report.lead == "11 runs of 19 ranks in all, which computed 22,500 galaxies.")
        let again = TreeReport(tree, references: try measurements())
        func page(_ report: TreeReport) -> String { HTMLPage(title: "t", sections: report.sections).html }
        #expect(page(report) == page(again))
    }
}

@Test("A tree of one run has a page")
func smallTreeReport() throws {
    try ResultFolder.with { folder in
        try folder.write("result-partition-25MB/timing/1", [ResultFolder.rank()])
        let report = TreeReport(try ResultTree([folder.path]))
        #expect(report.sections.map(\.id) == ["overview", "ranks", "doubts"])
    }
}

@Test("The overview has the best rate, and the time for a number of galaxies only if one is planned")
func bestRate() throws {
    try ResultFolder.with { folder in
        try folder.write("result-partition-25MB/1GB/1", [ResultFolder.rank(["threads": 2])])
        let run = try #require(try ResultTree([folder.path]).runs.first)
        #expect(TreeReport.best(run, rate: 100, planned: nil).map(\.value) == ["100 galaxies/s"])
        let planned = TreeReport.best(run, rate: 100, planned: 500_000)
        #expect(planned.map(\.name) == ["best rate", "500,000 galaxies"])
        #expect(planned.map(\.value) == ["100 galaxies/s", "5,000 s"])
    }
}

@Test("The machine of an experiment is read from its record, also for the folder of a partition size")
func experimentRoot() throws {
    try ResultFolder.with { folder in
        #expect(try ExperimentSetup.read(tree: folder.path) == nil)
        try folder.write("result-partition-25MB/1GB/1", [ResultFolder.rank()])
        try folder.write(
            "experiment.json",
            text: """
                {"cai": {"version": "0.1.0", "commit": "0123456789abcdef"}, "weights": {"name": "w.pt", "sha256": null},
                 "machine": {"processor": "EPYC", "cores": 2, "threads": 2, "instruction_set": "avx2"}, "repeat": true,
                 "runs": []}
                """)
        for tree in [folder.path, folder.path + "/result-partition-25MB"] {
            let root = try #require(try ExperimentSetup.read(tree: tree))
            #expect(root.machineText == "EPYC, 2 cores, 2 threads, avx2")
            #expect(root.programText == "cai 0.1.0, commit 0123456789ab, weights w.pt")
            #expect(root.label == "here, 2 cores")
        }
        try folder.write("experiment.json", text: "{\"machine\": 1}")
        #expect(throws: Failure.self) { try ExperimentSetup.read(tree: folder.path) }
    }
}
