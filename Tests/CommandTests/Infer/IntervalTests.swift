import Foundation
import Inference
import TensorFiles
import TestSupport
import Testing

/// A calibration of the tiny network, of its own predictions.
private func calibrate(in folder: String, _ arguments: [String] = []) throws -> String {
    let (table, calibration) = (folder + "/labelled.csv", folder + "/c.json")
    #expect(try Command.infer([Tiny.partition, "-o", table, "--quiet"]).status == 0)
    let command = try Command.run(["calibrate", table, "-o", calibration, "--bins", "1"] + arguments)
    #expect(command.status == 0, "\(command.errors)")
    return calibration
}

/// The columns of a table of text, without its header.
private func rows(_ text: String) -> [[Substring]] {
    text.split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
}

@Test("Intervals are the same numbers in every form, on the standard output, and from two ranks")
func intervalsInEveryForm() throws {
    try Fixture.withTemporaryFolder { folder in
        let calibration = try calibrate(in: folder)
        func infer(_ arguments: [String]) throws -> String {
            let command = try Command.infer([Tiny.partition, "--quiet", "--calibration", calibration] + arguments)
            #expect(command.status == 0, "\(command.errors)")
            return command.output
        }
        let text = try infer([])
        #expect(text.hasPrefix("object_id,source,row,z_phot,z_spec,flags,z_low_68,z_high_68,z_low_95,z_high_95\n"))
        let read = try Calibration(path: calibration)
        #expect(rows(text).count == Tiny.count)
        for row in rows(text) {
            let zPhot = try #require(Float(row[3]))
            let bounds: [Substring] = read.intervals(zPhot).flatMap { ["\($0.low)", "\($0.high)"] }
            #expect(Array(row[6...]) == bounds)
        }
        for form in ["csv", "csv.gz", "jsonl", "fits", "h5"] {
            let path = "\(folder)/z.\(form)"
            _ = try infer(["-o", path])
            if form == "csv" { #expect(try String(contentsOfFile: path, encoding: .utf8) == text) }
            if form == "jsonl" {
                let line = try #require(String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first)
                let object = try #require(
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                #expect((object["z_high_95"] as? Double).map { "\(Float($0))" } == rows(text)[0][9].description)
            }
            guard ["fits", "h5"].contains(form) else { continue }
            let file = try TensorFile.open(path: path)
            for (column, name) in ["z_low_68", "z_high_68", "z_low_95", "z_high_95"].enumerated() {
                #expect(try file[name]?.floats().map { "\($0)"[...] } == rows(text).map { $0[6 + column] })
            }
        }
        for rank in 0...1 {
            _ = try infer(["-o", folder + "/part-{rank}.csv", "--rank", "\(rank)", "--world-size", "2"])
        }
        let merged = try Command.run(["merge", folder + "/part-*.csv", "-o", folder + "/merged.csv", "--quiet"])
        #expect(merged.status == 0, "\(merged.errors)")
        #expect(try String(contentsOfFile: folder + "/merged.csv", encoding: .utf8) == text)
    }
}

@Test("Intervals of other weights, of a .npy array and of damaged files are refused before galaxies are run")
func refusedCalibrations() throws {
    try Fixture.withTemporaryFolder { folder in
        let calibration = try calibrate(in: folder)
        let json = try String(contentsOfFile: calibration, encoding: .utf8)
        func refused(_ arguments: [String], weights: String = "normalcell.pt", status: Int32 = 1, _ text: String) throws
        {
            let output = folder + "/z.csv"
            let command = try Command.infer(
                [Tiny.partition, "-o", output, "--quiet"] + arguments, weights: weights)
            #expect(command.status == status && command.errors.contains(text), "\(command.errors)")
            #expect(!FileManager.default.fileExists(atPath: output))
        }
        try refused(["--calibration", calibration], weights: "plain-vit.pt", "is of weights")
        try refused(["--calibration", calibration, "-o", folder + "/z.npy"], status: 2, "z_phot only")
        try refused(["--calibration", folder + "/none"], "no such file")
        try refused(["--calibration", Tiny.partition], "expected JSON")
        try json.replacing("\"version\" : 1", with: "\"version\" : 9")
            .write(toFile: folder + "/c9.json", atomically: true, encoding: .utf8)
        try refused(["--calibration", folder + "/c9.json"], "expected version 1 or 2")
        let other = calibration + ".y"
        let table = folder + "/labelled.csv"
        try (text(of: table).replacing("flags\n", with: "flags,mag_y\n")).split(separator: "\n").enumerated()
            .map { $0.offset == 0 ? "\($0.element)\n" : "\($0.element),\($0.offset)\n" }.joined()
            .write(toFile: table, atomically: true, encoding: .utf8)
        let weights = Fixture.path("tiny/normalcell.pt")
        let command = try Command.run(
            ["calibrate", table, "-o", other, "--by", "y", "--bins", "1", "--weights", weights, "--quiet"])
        #expect(command.status == 0, "\(command.errors)")
        try refused(["--calibration", other], "expected one of the network's bands, u, g, r, i, z")
    }
}

@Test("Intervals by magnitude: magnitudes in every form, and the bins that they give")
func intervalsByMagnitude() throws {
    try Fixture.withTemporaryFolder { folder in
        let table = folder + "/labelled.csv"
        for form in ["csv", "jsonl", "fits", "h5"] {
            let output = "\(folder)/labelled.\(form)"
            let command = try Command.infer([Tiny.partition, "-o", output, "--quiet", "--add-magnitudes"])
            #expect(command.status == 0, "\(command.errors)")
        }
        let labelled = try text(of: table)
        #expect(labelled.hasPrefix("object_id,source,row,z_phot,z_spec,flags,mag_u,mag_g,mag_r,mag_i,mag_z\n"))
        let file = try TensorFile.open(path: Tiny.partition)
        let magnitudes = try #require(try file["tensors.1"]?.floats())
        #expect(rows(labelled).flatMap { $0[6...] } == magnitudes.map { "\($0)"[...] })
        // All forms have the same column.
        func calibrate(_ form: String, _ arguments: [String] = []) throws -> Calibration {
            let output = "\(folder)/\(form).json"
            let command = try Command.run(
                [
                    "calibrate", "\(folder)/labelled.\(form)", "-o", output, "--by", "r", "--bins", "2", "--levels",
                    "0.68",
                ]
                    + arguments)
            #expect(command.status == 0, "\(command.errors)")
            return try Calibration(path: output)
        }
        let made = try calibrate("csv")
        for form in ["jsonl", "fits", "h5"] { #expect(try calibrate(form).bins == made.bins) }
        #expect(made.by == .magnitude("r") && made.bins.count == 2)
        let command = try Command.infer([Tiny.partition, "--quiet", "--calibration", folder + "/csv.json"])
        #expect(command.status == 0, "\(command.errors)")
        for (galaxy, row) in rows(command.output).enumerated() {
            let zPhot = try #require(Float(row[3]))
            let (low, high) = made.intervals(zPhot, magnitude: magnitudes[galaxy * 5 + 2])[0]
            #expect(row[6...] == ["\(low)", "\(high)"])
        }
        // Galaxies that the calibration did not use.
        let half = try calibrate("csv", ["--fraction", "0.5"])
        let coverage = try Command.run(["evaluate", table, "--calibration", folder + "/csv.json", "--json"])
        let parts = try #require(try object(coverage.output)["coverage"] as? [[String: Any]])
        #expect(parts.count == 3 && parts.last?["galaxies"] as? Int == Tiny.count - half.galaxies)
        #expect(parts[1]["mag_r_from"] as? Double != nil && parts[0]["z_phot_from"] == nil)
        let page = try Command.run(
            ["report", table, "-o", folder + "/page.html", "--calibration", folder + "/csv.json", "--quiet"])
        #expect(page.status == 0, "\(page.errors)")
        #expect(try text(of: folder + "/page.html").contains("Coverage by bin of mag_r"))
        // Predictions without magnitudes, a .npy array, and what is no band.
        let plain = folder + "/plain.csv"
        #expect(try Command.infer([Tiny.partition, "-o", plain, "--quiet"]).status == 0)
        for arguments in [
            ["calibrate", plain, "-o", folder + "/x.json", "--by", "r"],
            ["evaluate", plain, "--calibration", folder + "/csv.json"],
        ] {
            let refused = try Command.run(arguments)
            #expect(refused.status == 1 && refused.errors.contains("expected one column mag_r"), "\(refused.errors)")
        }
        let array = try Command.infer([Tiny.partition, "-o", folder + "/z.npy", "--add-magnitudes"])
        #expect(array.status == 2 && array.errors.contains("with --add-magnitudes"), "\(array.errors)")
        let band = try Command.run(["calibrate", table, "-o", folder + "/x.json", "--by", "rr"])
        #expect(band.status == 2 && band.errors.contains("the letter of a band"), "\(band.errors)")
    }
}

@Test("Coverage is shown for galaxies that the calibration did not use")
func coverageOfOthers() throws {
    try Fixture.withTemporaryFolder { folder in
        let all = try calibrate(in: folder)
        let table = folder + "/labelled.csv"
        let own = try Command.run(["evaluate", table, "--calibration", all])
        #expect(own.status == 1 && own.errors.contains("--fraction"), "\(own.errors)")
        let half = try calibrate(in: folder, ["--fraction", "0.5", "--levels", "0.5", "--json", "--quiet"])
        let used = try Calibration(path: half).galaxies
        let command = try Command.run(["evaluate", table, "--calibration", half, "--json"])
        let parts = try #require(try object(command.output)["coverage"] as? [[String: Any]])
        #expect(parts.count == 1 && parts[0]["galaxies"] as? Int == Tiny.count - used)
        #expect(0 < used && used < Tiny.count)
        let text = try Command.run(["evaluate", table, "--calibration", half])
        #expect(text.output.contains("coverage of intervals") && text.status == 0)
        // The page of the table, and of the same bytes from a pipe, which can be read once.
        let script = "cat \"$1\" | \"$0\" report /dev/stdin --calibration \"$2\" -o \"$1.html\" --quiet"
        let piped = try ChildProcess(["/bin/sh", "-c", script, Command.path, table, half]).end()
        #expect(piped.status == 0 && piped.errors.contains("does not state its weights"), "\(piped.errors)")
        let page = try String(contentsOfFile: table + ".html", encoding: .utf8)
        #expect(page.contains("Coverage of intervals"))
        // Without the record beside it, and the columns that name galaxies.
        let bare = folder + "/bare.csv"
        let known = rows(try String(contentsOfFile: table, encoding: .utf8)).map { "\($0[3]),\($0[4])\n" }
        try ("z_phot,z_spec\n" + known.joined()).write(toFile: bare, atomically: true, encoding: .utf8)
        let unnamed = try Command.run(["calibrate", bare, "-o", folder + "/x.json"])
        #expect(unnamed.status == 1 && unnamed.errors.contains("--weights"), "\(unnamed.errors)")
        let weights = Fixture.path("tiny/normalcell.pt")
        let options = ["calibrate", bare, "-o", folder + "/x.json", "--weights", weights, "--bins", "1", "--quiet"]
        #expect(try Command.run(options).status == 0)
        let split = try Command.run(options + ["--fraction", "0.5"])
        #expect(split.status == 1 && split.errors.contains("object_id or row"), "\(split.errors)")
    }
}

@Test("Over 200 random splits of the demo galaxies coverage has the nominal mean, and the beta-binomial spread")
func coverageOfRandomSplits() throws {
    let command = try Command.run(
        [
            "infer", Fixture.weights("demo-galaxies.pt"), "--weights", Fixture.weights("astromae-demo.safetensors"),
            "--quiet",
        ])
    let galaxies = try rows(command.output).map { (try #require(Double($0[3])), try #require(Double($0[4]))) }
    #expect(galaxies.count == 512)
    let levels = try [0.68, 0.95].map { try #require(CoverageLevel($0)) }
    let origin = Calibration.Origin(
        predictions: "", predictionsSHA256: "", weights: "", weightsSHA256: "", arithmetic: nil)
    var generator = SeededGenerator(seed: 20_261_129)
    var fractions = [[Double]](repeating: [], count: levels.count)
    for _ in 0..<200 {
        let shuffled = galaxies.shuffled(using: &generator)
        let (used, others) = (shuffled[..<256], shuffled[256...])
        let calibration = try Calibration(
            predicted: used.map(\.0), spectroscopic: used.map(\.1), levels: levels, bins: 1, split: .all,
            origin: origin)
        let coverage = Coverage(of: calibration, predicted: others.map(\.0), spectroscopic: others.map(\.1))
        for (index, part) in coverage.parts.enumerated() { fractions[index].append(try #require(part.fraction)) }
    }
    for (level, covered) in zip(levels, fractions) {
        let mean = covered.reduce(0, +) / 200
        #expect(abs(mean - level.probability) < 0.01, "\(level.text): \(mean)")
        // The covered ones of m = 256 are beta-binomial with a = rank and b = n + 1 - rank.
        let (m, a) = (256.0, Double(level.rank(of: 256)))
        let b = 257 - a
        let variance = a * b * (a + b + m) / (m * (a + b) * (a + b) * (a + b + 1))
        let found = covered.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 199
        // The standard deviation of 200 draws is known to 5%: four times that.
        #expect(abs((found / variance).squareRoot() - 1) < 0.2, "\(level.text): \(found.squareRoot())")
    }
}
