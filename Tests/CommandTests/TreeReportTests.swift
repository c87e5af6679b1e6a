import Foundation
import TestSupport
import Testing

private let tree = Fixture.path("results/tree")
private let log = Fixture.path("results/state_machine_logs.csv")

@Test("A tree becomes a page with a figure of each sweep, the same every time, with others' numbers beside it")
func reportOfTree() throws {
    try Fixture.withTemporaryFolder { folder in
        let arguments = [
            "report", tree, "--reference", "docs/results/reference.csv", "--durations", log, "--figures",
            folder + "/figures",
        ]
        let first = try Command.run(arguments + ["-o", folder + "/a.html", "--json"])
        #expect(first.status == 0)
        #expect(first.errors.isEmpty)
        let summary = try object(first.output)
        #expect(summary["runs"] as? Int == 22)
        #expect(summary["ranks"] as? Int == 122)
        #expect(summary["quality"] == nil)
        #expect(summary["by_redshift"] == nil)
        let figures = try names(in: folder + "/figures")
        for figure in ["time-by-size", "time-by-size-log", "sum-of-ranks-by-batch", "rate-by-threads", "ranks"] {
            #expect(figures.contains(figure + ".svg"))
        }
        let page = try text(of: folder + "/a.html")
        #expect(page.contains("25 MB, AWS Lambda 10,240 MB</text>"))
        #expect(page.contains("What these data cannot support"))
        for figure in figures { #expect(page.contains("<figure id=\"\(figure.dropLast(4))\">")) }
        #expect(try Command.run(arguments + ["-o", folder + "/b.html", "--quiet"]).status == 0)
        #expect(try text(of: folder + "/b.html") == page)
    }
}

@Test("A run's folder becomes a page of its ranks, with its predictions' quality where it kept them")
func reportOfRun() throws {
    let run = tree + "/result-partition-50MB/total/1"
    try Fixture.withTemporaryFolder { folder in
        let page = folder + "/run.html"
        #expect(try Command.run(["report", run, "-o", page, "--quiet"]).status == 0)
        #expect(try text(of: page).contains("<figure id=\"ranks\">"))
        #expect(try text(of: page).contains("<figure id=\"store-calls\">"))
        #expect(try !text(of: page).contains("<figure id=\"redshifts\">"))
        let copy = folder + "/copy"
        try FileManager.default.copyItem(atPath: run, toPath: copy)
        try Data("z_phot,z_spec\n0.1,0.12\n0.2,0.19\n0.3,0.31\n".utf8)
            .write(to: URL(fileURLWithPath: copy + "/predictions.csv"))
        #expect(try Command.run(["report", copy, "-o", page, "--quiet"]).status == 0)
        #expect(try text(of: page).contains("<figure id=\"ranks\">"))
        #expect(try text(of: page).contains("<figure id=\"redshifts\">"))
        let input = try Command.run(["report", copy, "-o", copy + "/combined_data.json"])
        #expect(input.status == 1)
        #expect(input.errorLines.count == 1)
    }
}

@Test("What asks for a tree, and a folder that is nothing of the kind, is refused in one line")
func reportRefusals() throws {
    let run = tree + "/result-partition-50MB/total/1"
    let refusals: [([String], String)] = [
        ([run, "--durations", log], "\(run): expected a tree of runs for --durations, found none"),
        (
            [run, "--reference", "docs/results/reference.csv"],
            "\(run): expected a tree of runs for --reference, found none"
        ),
        (
            ["docs"],
            "docs: expected the folder of a run with predictions.csv or combined_data.json, or a tree of "
                + "result-partition-...MB folders, found none of them"
        ),
        ([tree, "--reference", "/nowhere.csv"], "/nowhere.csv: no such file"),
    ]
    for (arguments, message) in refusals {
        let command = try Command.run(["report"] + arguments + ["-o", "/dev/null"])
        #expect(command.status == 1)
        #expect(command.errors == "cai: error: \(message)\n")
    }
}
