import Foundation
import TensorFiles
import TestSupport
import Testing

private let weights = Fixture.weights("astromae-mae-demo.safetensors")
private let galaxies = Fixture.weights("demo-galaxies.pt")

private func floats(_ path: String, _ name: String) throws -> [Float] {
    try #require(TensorFile.open(path: path)[name]).floats()
}

/// Some of the demo galaxies, in files of their own.
private enum SplitGalaxies {
    static func write(_ rows: Range<Int>, to path: String) throws {
        var table = TensorTable()
        let images = try #require(TensorFile.open(path: galaxies)["tensors.0"])
        var some = [Float](repeating: 0, count: rows.count * 5120)
        var span = some.mutableSpan
        try images.copyFloats(rows: rows, into: &span)
        table.add("images", [rows.count, 5, 32, 32], some, .f32)
        try Data(table.npz(deflated: true).bytes).write(to: URL(fileURLWithPath: path))
    }
}

@Suite("cai reconstruct") struct ReconstructTests {
    @Test("cai reconstruct with PyTorch's noise gives the values of the float64 network")
    func golden() throws {
        try Fixture.withTemporaryFolder { folder in
            let inputs = try TensorFile.open(path: Fixture.path("mae/demo-first8.golden.safetensors"))
            let golden = try TensorFile.open(path: Fixture.path("mae/demo-f16-first8.golden.safetensors"))
            try NumPyWriter.write(
                #require(inputs["noise"]).floats(), shape: [8, 16], to: folder + "/noise.npy")
            let command = try Command.run([
                "reconstruct", galaxies, "--limit", "8", "--noise", folder + "/noise.npy", "-o", folder + "/r.npz",
                "--json",
            ])
            #expect(command.status == 0, "\(command.errors)")
            let file = try TensorFile.open(path: folder + "/r.npz")
            #expect(file.tensors.map(\.name) == ["pred", "mask", "loss", "noise"])
            #expect(file["pred"]?.shape == [8, 16, 320] && file["loss"]?.shape == [8])
            let expected = try #require(golden["pred"]).floats()
            // Float32's rounding through 16 blocks is 4e-6 of the largest here; another mask is off by tenths.
            #expect(zip(try floats(folder + "/r.npz", "pred"), expected).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(try floats(folder + "/r.npz", "mask") == #require(inputs["mask"]).floats())
            #expect(try floats(folder + "/r.npz", "noise") == #require(inputs["noise"]).floats())
            let losses = try floats(folder + "/r.npz", "loss")
            let mean = try #require(golden["loss"]).floats().reduce(0, +) / Float(#require(golden["loss"]).count)
            #expect(abs(losses.reduce(0, +) / 8 - mean) < 1e-5)
            #expect(command.output.contains("\"mean_loss\""))
            let ids = try String(contentsOfFile: folder + "/r.ids.csv", encoding: .utf8).split(separator: "\n")
            #expect(ids.count == 9 && ids[8] == "demo-galaxies:7,demo-galaxies.pt,7")
        }
    }

    @Test("cai reconstruct gives the same bytes for any threads and batches, page included", arguments: [1, 3])
    func sameBytes(passes: Int) throws {
        try Fixture.withTemporaryFolder { folder in
            func run(_ name: String, _ more: [String]) throws -> [Data] {
                let command = try Command.run(
                    [
                        "reconstruct", "--weights", weights, galaxies, "--limit", "45", "--passes", "\(passes)",
                        "--quiet", "-o", folder + "/\(name).npz", "--report", folder + "/\(name).html", "--show",
                        "worst",
                        "--panels", "2",
                    ] + more)
                #expect(command.status == 0 && command.errors.isEmpty, "\(command.errors)")
                return try ["npz", "html", "ids.csv"].map {
                    try Data(contentsOf: URL(fileURLWithPath: folder + "/\(name).\($0)"))
                }
            }
            let one = try run("one", ["--threads", "1", "--batch-size", "45"])
            #expect(try run("two", ["--threads", "2", "--batch-size", "7"]) == one)
            let file = try TensorFile.open(path: folder + "/one.npz")
            #expect(file["mask"]?.shape == (passes == 1 ? [45, 16] : [45, passes, 16]))
            #expect(try floats(folder + "/one.npz", "mask").reduce(0, +) == Float(45 * passes * 12))
            // Another seed gives other masks.
            #expect(try run("other", ["--seed", "1"])[0] != one[0])
        }
    }

    @Test("A galaxy's masks depend on its index among all inputs, not on files, and the first of passes is one pass")
    func indexAlone() throws {
        try Fixture.withTemporaryFolder { folder in
            try SplitGalaxies.write(0..<3, to: folder + "/a.npz")
            try SplitGalaxies.write(3..<4, to: folder + "/b.npz")
            try SplitGalaxies.write(4..<6, to: folder + "/c.npz")
            let files = ["a", "b", "c"].map { "\(folder)/\($0).npz" }
            let both = try Command.run(["reconstruct"] + files + ["--passes", "2", "-o", folder + "/both.npz"])
            #expect(both.status == 0, "\(both.errors)")
            let one = try Command.run(["reconstruct", galaxies, "--limit", "6", "-o", folder + "/one.npz"])
            #expect(one.status == 0, "\(one.errors)")
            let (first, second) = (try floats(folder + "/both.npz", "pred"), try floats(folder + "/one.npz", "pred"))
            let size = 16 * 320
            for galaxy in 0..<6 {
                let alone = Array(second[galaxy * size..<(galaxy + 1) * size])
                #expect(Array(first[2 * galaxy * size..<(2 * galaxy + 1) * size]) == alone)
            }
        }
    }

    @Test("cai reconstruct refuses invalid arguments in one line, and leaves no file")
    func failures() throws {
        try Fixture.withTemporaryFolder { folder in
            try NumPyWriter.write([Float](repeating: 0.5, count: 48), shape: [3, 16], to: folder + "/noise.npy")
            let cases: [(arguments: [String], status: Int32, message: String)] = [
                (["-o", "r.npy"], 2, "expected a name ending in .npz, found 'r.npy'"),
                (["-o", "r.npz", "--mask-ratio", "1"], 2, "expected more than 0 and less than 1, found 1.0"),
                (["-o", "r.npz", "--passes", "0"], 2, "--passes: expected 1 to 64, found 0"),
                (["-o", "r.npz", "--show", "best"], 2, "--show"),
                (["-o", "r.npz", "--show", "worst"], 2, "--show: expected --report with it"),
                (["-o", "r.npz", "--panels", "12"], 2, "--panels: expected --report with it"),
                (
                    ["-o", "r.npz", "--noise", "noise.npy", "--seed", "0"], 2,
                    "--noise and --seed: expected one of them"
                ),
                (["-o", "r.npz", "--mask-ratio", "0.5"], 1, "expected a square number"),
                (["-o", "r.npz", "--noise", "noise.npy"], 1, "expected noise of shape [512, 16]"),
                (["-o", "r.npz", "--noise", "none.npy"], 1, "none.npy"),
                (["-o", "r.npz", "--weights", Fixture.path("tiny/normalcell.pt")], 1, "is a redshift network"),
            ]
            for (arguments, status, message) in cases {
                let command = try Command.run(["reconstruct", galaxies] + arguments, in: folder)
                #expect(command.status == status)
                #expect(command.errorLines.count == 1 && command.errors.contains(message), "\(command.errors)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["noise.npy"])
        }
    }
}

@Suite("cai anomalies") struct AnomaliesCommandTests {
    private func table(_ path: String) throws -> [[String]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    @Test("cai anomalies writes one row for each galaxy, by descending score, the same for any threads")
    func ranked() throws {
        try Fixture.withTemporaryFolder { folder in
            func run(_ name: String, _ more: [String]) throws -> Data {
                let command = try Command.run(
                    [
                        "anomalies", galaxies, "--limit", "60", "--passes", "2", "--quiet", "-o",
                        folder + "/\(name).csv", "--report", folder + "/\(name).html", "--panels", "2",
                    ] + more)
                #expect(command.status == 0 && command.errors.isEmpty, "\(command.errors)")
                return try Data(contentsOf: URL(fileURLWithPath: folder + "/\(name).csv"))
            }
            let one = try run("one", ["--threads", "1", "--batch-size", "60"])
            #expect(try run("two", ["--threads", "2", "--batch-size", "9"]) == one)
            let rows = try table(folder + "/one.csv")
            #expect(
                rows[0].joined(separator: ",")
                    == "rank,object_id,source,row,score,direction,error_ratio,score_u,score_g,score_r,score_i,score_z,"
                    + "loss,snr,flags")
            #expect(rows.count == 61 && rows.allSatisfy { $0.count == 15 })
            #expect(rows.dropFirst().allSatisfy { $0[14] == "0" })
            let ranks: [String] = rows.dropFirst().map { $0[0] }
            let expectedRanks: [String] = (1...60).map { (rank: Int) in "\(rank)" }
            #expect(ranks == expectedRanks)
            let sourceRows: [String] = rows.dropFirst().map { $0[3] }
            let expectedRows: [String] = (0..<60).map { (row: Int) in "\(row)" }
            #expect(Set(sourceRows) == Set(expectedRows))
            let scores: [Double] = try rows.dropFirst().map { row -> Double in try #require(Double(row[4])) }
            #expect(scores == scores.sorted(by: >))
            for row in rows.dropFirst() {
                let ratio = try #require(Double(row[6]))
                #expect(row[5] == (ratio < 1 ? "lower" : "higher"))
            }
            let page = try String(contentsOfFile: folder + "/one.html", encoding: .utf8)
            #expect(page.contains("1. \(rows[1][1])<") && page.contains("2. \(rows[2][1])<"))
            // Four rows of a galaxy, and four in the legend.
            #expect(page.components(separatedBy: "data:image/png;base64,").count == 1 + 2 * 4 + 4)
            // With brightness from the image, the order differs.
            #expect(try run("image", ["--brightness", "image"]) != one)
        }
    }

    @Test("Anomaly scores do not depend on how galaxies are divided into files; page and table name file and row")
    func dividedFiles() throws {
        try Fixture.withTemporaryFolder { folder in
            func rows(_ name: String, _ ranges: [Range<Int>]) throws -> [[String]] {
                var files: [String] = []
                for (number, range) in ranges.enumerated() {
                    files.append("\(folder)/\(name)-\(number).npz")
                    try SplitGalaxies.write(range, to: files[number])
                }
                let command = try Command.run(
                    ["anomalies"] + files + [
                        "--quiet", "-o", "\(folder)/\(name).csv", "--report", "\(folder)/\(name).html", "--panels", "2",
                    ])
                #expect(command.status == 0, "\(command.errors)")
                return try table("\(folder)/\(name).csv")
            }
            let one = try rows("one", [0..<40])
            func numbers(_ rows: [[String]]) -> [[String]] { rows.map { [$0[0]] + $0[4...] } }
            for (name, ranges) in [("two", [0..<20, 20..<40]), ("five", [0..<1, 1..<2, 2..<9, 9..<30, 30..<40])] {
                let divided = try rows(name, ranges)
                #expect(numbers(divided) == numbers(one))
                #expect(divided[1][2].hasPrefix(name + "-") && Int(divided[1][3]) != nil)
                let page = try String(contentsOfFile: "\(folder)/\(name).html", encoding: .utf8)
                #expect(page.contains("\(divided[1][2]), row \(divided[1][3]); score "))
            }
        }
    }

    @Test("cai anomalies ranks too few galaxies by loss, and galaxies with flags last")
    func withoutScores() throws {
        try Fixture.withTemporaryFolder { folder in
            let few = try Command.run(["anomalies", galaxies, "--limit", "3", "--quiet", "-o", folder + "/few.csv"])
            #expect(few.status == 0)
            #expect(few.errorLines.count == 1 && few.errors.contains("no scores, ranked by loss"))
            let rows = try table(folder + "/few.csv").dropFirst()
            let losses = try rows.map { try #require(Double($0[12])) }
            #expect(losses == losses.sorted(by: >) && rows.allSatisfy { $0[4].isEmpty && $0[5].isEmpty })

            var images = try #require(TensorFile.open(path: galaxies)["tensors.0"]).floats()
            images[5120 * 4 + 99] = .nan
            var broken = TensorTable()
            broken.add("images", [30, 5, 32, 32], Array(images.prefix(30 * 5120)), .f32)
            try broken.write(to: folder + "/broken.safetensors")
            let command = try Command.run([
                "anomalies", folder + "/broken.safetensors", "--quiet", "-o", folder + "/broken.csv", "--report",
                folder + "/broken.html",
            ])
            #expect(command.status == 0)
            #expect(
                command.errors
                    == "cai: warning: 1 of 30 galaxies have flags and no score, and are ranked last: 1 with pixels missing or not finite\n"
            )
            let last = try #require(try table(folder + "/broken.csv").last)
            #expect(last[0] == "30" && last[3] == "4" && last[4].isEmpty && last[14] == "1")

            let catalogue = try Command.run([
                "anomalies", folder + "/broken.safetensors", "--brightness", "catalogue", "-o", folder + "/c.csv",
            ])
            #expect(catalogue.status == 1 && catalogue.errors.contains("expected magnitudes [N, 5] in every input"))
            let single = try Command.run(["anomalies", galaxies, "--passes", "1", "-o", folder + "/c.csv"])
            #expect(single.status == 1 && single.errors.contains("expected at least 2, to hide every patch once"))
        }
    }
}
