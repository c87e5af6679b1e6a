import Foundation
import TestSupport
import Testing

/// A table of 40 galaxies with errors of +0.01 and -0.01.
private let table =
    "object_id,source,row,z_phot,z_spec\n"
    + (0..<40).map {
        "\($0),a.pt,\($0),\(0.01 * Double($0) + ($0.isMultiple(of: 2) ? 0.01 : -0.01)),\(0.01 * Double($0))\n"
    }
    .joined()

/// Runs `body` with a folder that holds the table as p.csv.
private func withTable(_ text: String = table, _ body: (String) throws -> Void) throws {
    try Fixture.withTemporaryFolder { folder in
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/p.csv"))
        try body(folder)
    }
}

/// No bin of redshift has the ten galaxies that a point of by-redshift.svg needs.
private let figureNames = ["distribution-of-z.svg", "dz.svg", "redshifts.svg", "residuals.svg"]

@Test("cai report writes a page and figures, and the same input gives the same bytes")
func pageAndFigures() throws {
    try withTable { folder in
        let first = try Command.run(["report", "p.csv", "--figures", "figures/new"], in: folder)
        #expect(first.status == 0)
        #expect(first.output.isEmpty)
        #expect(first.errorLines.first == "cai: wrote report.html")
        #expect(first.errorLines.count == 5)
        #expect(try names(in: folder + "/figures/new") == figureNames)
        let html = try text(of: folder + "/report.html")
        for part in ["<title>Redshifts: p.csv</title>", "40 galaxies, compared", "MAE", "0.0100", "\u{3C3}_MAD"] {
            #expect(html.contains(part), "\(part)")
        }
        let second = try Command.run(
            ["report", "p.csv", "-o", "again.html", "--quiet", "--title", "A < B"], in: folder)
        #expect(second.status == 0 && second.errors.isEmpty)
        let again = try text(of: folder + "/again.html")
        #expect(again.contains("<title>A &lt; B</title>"))
        #expect(again.replacingOccurrences(of: "A &lt; B", with: "Redshifts: p.csv") == html)
        #expect(try names(in: folder) == ["again.html", "figures", "p.csv", "report.html"])
    }
}

@Test("cai report --json has the written paths, the measures with their intervals, and the bins")
func reportAsJSON() throws {
    try withTable { folder in
        let command = try Command.run(["report", "p.csv", "--json", "--figures", "f"], in: folder)
        #expect(command.status == 0 && command.errors.isEmpty)
        let report = try object(command.output)
        #expect(
            report["files"] as? [String] == ["report.html"]
                + ["redshifts", "residuals", "dz", "distribution-of-z"].map { "f/\($0).svg" })
        #expect(report["galaxies"] as? Int == 40)
        #expect(report["unknown"] as? Int == 0)
        #expect(report["runs"] as? Int == 0)
        #expect(report["resamples"] as? Int == 1000)
        let quality = try #require(report["quality"] as? [String: Any])
        let reference = try #require(quality["reference"] as? [String: Double])
        #expect(abs(try #require(reference["MAE"]) - 0.01) < 1e-12)
        // All errors are 0.01: the interval of their mean has width 0.
        let intervals = try #require(report["intervals"] as? [String: [Double]])
        #expect(intervals.count == 11)
        for end in try #require(intervals["MAE"]) { #expect(abs(end - 0.01) < 1e-12) }
        let bins = try #require(report["by_redshift"] as? [[String: Any]])
        #expect(bins.count == 8)
    }
}

@Test("cai report gives the same page for JSON Lines as for CSV")
func reportOfLines() throws {
    try withTable { folder in
        let lines = table.split(separator: "\n").dropFirst().map { row in
            let fields = row.split(separator: ",")
            return
                "{\"object_id\":\"\(fields[0])\",\"source\":\"a \\\"b\\\"\",\"row\":\(fields[2]),\"z_phot\":\(fields[3]),\"z_spec\":\(fields[4])}\n"
        }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: folder + "/p.jsonl"))
        let pages = try ["p.csv", "p.jsonl"].map { name in
            try Command.run(["report", name, "-o", "-", "--title", "t"], in: folder).output
                .replacingOccurrences(of: name, with: "p")
        }
        #expect(pages[0] == pages[1])
        #expect(pages[0].hasPrefix("<!DOCTYPE html>") && pages[0].hasSuffix("</html>\n"))
    }
}

@Test("cai report writes a page for predictions without z_spec")
func reportWithoutSpectroscopicRedshifts() throws {
    try withTable("id,z_phot\na,0.1\nb,0.2\n") { folder in
        let command = try Command.run(["report", "p.csv", "--json"], in: folder)
        #expect(command.status == 0)
        #expect(try object(command.output)["unknown"] as? Int == 2)
        #expect(try text(of: folder + "/report.html").contains("No galaxy has a z_spec"))
    }
}

@Test("The page of a run's folder has its quality, ranks and cost")
func reportOfRun() throws {
    try Fixture.withTemporaryFolder { folder in
        for bucket in ["data", "results"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(bucket)", withIntermediateDirectories: true)
        }
        for rank in 1...2 {
            try FileManager.default.copyItem(atPath: Tiny.partition, toPath: "\(folder)/data/\(rank).pt")
        }
        let payload = """
            {"bucket": "results", "result_path": "run-1", "data_bucket": "data", \
            "weights": "\(Fixture.path("tiny/normalcell.pt"))"}
            """
        try Data(payload.utf8).write(to: URL(fileURLWithPath: folder + "/payload.json"))
        let run = try Command.run(["run", "payload.json", "--store", "file://\(folder)", "--quiet"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        let command = try Command.run(["report", "results/run-1/", "--json"], in: folder)
        #expect(command.status == 0, "\(command.errors)")
        let report = try object(command.output)
        #expect(report["galaxies"] as? Int == 2 * Tiny.count)
        #expect(report["runs"] as? Int == 1)
        let html = try text(of: folder + "/report.html")
        for part in ["74 galaxies", "<h2>Ranks</h2>", "Calls to the store", "US dollars", "95% interval"] {
            #expect(html.contains(part), "\(part)")
        }
        // Weights, instruction set and precision from the record beside the table, without their folder.
        #expect(
            html.contains("Made with weights normalcell.pt (SHA-256 ") && html.contains(", precision float32, cai "))
        #expect(!html.contains(Fixture.path("tiny")) && !html.contains(folder))
        // A plan is on the page only if it is asked for.
        #expect(!html.contains("on AWS Lambda <strong>") && !html.contains("500,000"))
        let planned = try Command.run(
            ["report", folder + "/results/run-1", "--galaxies", "400000", "--within", "2min", "--quiet"], in: folder)
        #expect(planned.status == 0, "\(planned.errors)")
        let page = try text(of: folder + "/report.html")
        #expect(page.contains("Plan: 400,000 galaxies within 120 s") && !page.contains(folder))
    }
}

@Test("The page of a tree has its sweeps; that of predictions has none")
func reportOfTree() throws {
    try withTable { folder in
        let tree = Fixture.path("results/tree")
        let command = try Command.run(["report", tree, "--json"], in: folder)
        #expect(command.status == 0, "\(command.errors)")
        let report = try object(command.output)
        #expect(try #require(report["runs"] as? Int) > 1)
        #expect(report["galaxies"] is NSNull)
        #expect(try text(of: folder + "/report.html").contains("by data size"))
        #expect(!(try text(of: folder + "/report.html").contains("500,000")))
        let planned = try Command.run(
            ["report", tree, "--galaxies", "500000", "--within", "60s", "--quiet"], in: folder)
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(try text(of: folder + "/report.html").contains("Plan: 500,000 galaxies within 60 s"))
        let alone = try Command.run(["report", "p.csv", "--galaxies", "5", "--within", "60s"], in: folder)
        #expect(alone.status == 2 && alone.errors.contains("--galaxies: expected a run or a tree of runs with it"))
        let wrong = try Command.run(["report", "p.csv", "--reference", "p.csv"], in: folder)
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("--reference: expected a tree of runs"))
    }
}

@Test("cai report refuses to replace its inputs: results of runs, published numbers, logs")
func reportSparesInputs() throws {
    try withTable { folder in
        try FileManager.default.copyItem(atPath: Fixture.path("results/tree"), toPath: folder + "/tree")
        let columns = "quantity,value,low,high,partition_mb,data_gb,batch_size,workers,galaxies,hardware,source\n"
        try Data(columns.utf8).write(to: URL(fileURLWithPath: folder + "/r.csv"))
        let files = try #require(FileManager.default.enumerator(atPath: folder + "/tree")).compactMap { $0 as? String }
        let results = try #require(files.first { $0.hasSuffix("combined_data.json") })
        for (path, options) in [("tree/" + results, []), ("r.csv", ["--reference", "r.csv"])] {
            let before = try text(of: folder + "/" + path)
            let command = try Command.run(["report", "tree", "-o", path] + options, in: folder)
            #expect(command.status == 1)
            #expect(command.errors.contains("cannot be written: it is the input"), "\(command.errors)")
            #expect(try text(of: folder + "/" + path) == before)
        }
    }
}

@Test(
    "cai report refuses invalid inputs in one line, and writes nothing",
    arguments: [
        (["none.csv"], 1, "none.csv: no such file"), (["empty.csv"], 1, "empty.csv: line 1: expected a header"),
        (["header.csv"], 1, "header.csv: no galaxies"), (["."], 1, ".: expected a run"),
        (["broken.jsonl"], 1, "broken.jsonl: line 2: z_phot: expected a number or null, found 'abc'"),
        (["p.csv", "-o", "p.csv"], 1, "p.csv: cannot be written: it is the input"),
        (["p.csv", "-o", "no/such/folder.html"], 1, "the folder"), (["p.csv", "-o", "-", "--json"], 2, "--json"),
        (["p.csv", "--within", "60s"], 2, "expected --galaxies and --within together"),
        ([""], 2, "input: expected a name"), (["p.csv", "--figures", ""], 2, "--figures: expected a name"),
    ] as [([String], Int32, String)])
func reportFails(arguments: [String], status: Int32, message: String) throws {
    try withTable { folder in
        try Data().write(to: URL(fileURLWithPath: folder + "/empty.csv"))
        try Data("z_phot,z_spec\n".utf8).write(to: URL(fileURLWithPath: folder + "/header.csv"))
        try Data("{\"z_phot\":1}\n{\"z_phot\":abc}\n".utf8).write(to: URL(fileURLWithPath: folder + "/broken.jsonl"))
        let before = try names(in: folder)
        let command = try Command.run(["report"] + arguments, in: folder)
        #expect(command.status == status, "\(command.errors)")
        #expect(command.output.isEmpty)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(message), "\(command.errors)")
        #expect(try names(in: folder) == before)
        #expect(try text(of: folder + "/p.csv") == table)
    }
}

@Test("If the folder of figures cannot be created, no page is written")
func noFolderOfFigures() throws {
    try Fixture.withTemporaryFolder { folder in
        try Data("object_id,z_phot,z_spec\na,0.1,0.1\nb,0.2,0.3\n".utf8)
            .write(to: URL(fileURLWithPath: folder + "/z.csv"))
        let command = try Command.run(["report", "z.csv", "-o", "page.html", "--figures", "z.csv/figs"], in: folder)
        #expect(command.status == 1 && command.errors.hasPrefix("cai: error: z.csv/figs: "), "\(command.errors)")
        #expect(try names(in: folder) == ["z.csv"])
    }
}
