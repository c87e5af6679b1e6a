import Foundation
import TensorFiles
import TestSupport
import Testing

/// The first 40 demo galaxies, four of them with invalid images: a pixel of row 4 is NaN, one of row 9 infinite, all of
/// rows 17 and 39 are zero. Row 25 has a pixel whose square exceeds float32. Flags by row.
private let broken = [4: 1, 9: 1, 17: 2, 25: 16, 39: 2]

private func writeBroken(to path: String) throws {
    let size = 5 * 32 * 32
    var images = try #require(TensorFile.open(path: Fixture.weights("demo-galaxies.pt"))["tensors.0"]).floats()
    images = Array(images.prefix(40 * size))
    images[4 * size + 99] = .nan
    images[9 * size + 5119] = -.infinity
    images[25 * size + 2000] = 3e38
    for row in [17, 39] { images.replaceSubrange(row * size..<(row + 1) * size, with: repeatElement(0, count: size)) }
    var table = TensorTable()
    table.add("images", [40, 5, 32, 32], images, .f32)
    try table.write(to: path)
}

private let counts = "2 with pixels missing or not finite, 2 with image all zero, 1 with"

/// The same results for the unmodified galaxies.
private let sound = [Fixture.weights("demo-galaxies.pt"), "--limit", "40"]

@Suite("Galaxies with invalid images, in commands that read images alone") struct ImageFlagTests {
    @Test(
        "cai embed writes NaN features for galaxies with invalid images, and the same bits for others",
        arguments: ["f32", "f16"])
    func embed(dtype: String) throws {
        try Fixture.withTemporaryFolder { folder in
            try writeBroken(to: folder + "/p.safetensors")
            func run(_ inputs: [String], _ output: String) throws -> Command {
                try Command.run(
                    ["embed", "--weights", Fixture.weights("astromae-mae-demo.safetensors")] + inputs
                        + ["-o", "\(folder)/\(output).npy", "--dtype", dtype, "--layer", "tokens", "--json", "--quiet"])
            }
            let command = try run([folder + "/p.safetensors"], "broken")
            #expect(command.status == 0)
            #expect(try object(command.output)["flagged"] as? Int == 5)
            #expect(
                command.errors
                    == "cai: warning: 5 of 40 galaxies have flags and no features: \(counts) features not finite\n",
                "\(command.errors)")
            let clean = try run(sound, "clean")
            #expect(clean.status == 0 && clean.errors.isEmpty)
            #expect(try object(clean.output)["flagged"] as? Int == 0)
            let (features, expected) = try (
                #require(TensorFile.open(path: folder + "/broken.npy").tensors.first),
                #require(TensorFile.open(path: folder + "/clean.npy").tensors.first).floats()
            )
            #expect(features.shape == [40, 17, 192])
            let (values, size) = (try features.floats(), 17 * 192)
            for row in 0..<40 {
                let own = row * size..<(row + 1) * size
                if broken[row] != nil {
                    #expect(values[own].allSatisfy { $0.isNaN }, "row \(row)")
                } else {
                    #expect(values[own] == expected[own], "row \(row)")
                }
            }
        }
    }

    @Test("cai reconstruct writes NaN for galaxies with invalid images, and leaves them out of means")
    func reconstruct() throws {
        try Fixture.withTemporaryFolder { folder in
            try writeBroken(to: folder + "/p.safetensors")
            func run(_ inputs: [String], _ output: String) throws -> Command {
                try Command.run(
                    ["reconstruct"] + inputs + [
                        "-o", "\(folder)/\(output).npz", "--passes", "2", "--json", "--quiet", "--report",
                        "\(folder)/\(output).html", "--show", "worst", "--panels", "6",
                    ])
            }
            let command = try run([folder + "/p.safetensors"], "broken")
            #expect(command.status == 0)
            let summary = try object(command.output)
            #expect(summary["flagged"] as? Int == 5)
            #expect(
                command.errors
                    == "cai: warning: 5 of 40 galaxies have flags and no reconstruction: \(counts) reconstruction not finite\n",
                "\(command.errors)")
            let clean = try run(sound, "clean")
            #expect(clean.status == 0 && clean.errors.isEmpty)
            #expect(try object(clean.output)["flagged"] as? Int == 0)
            func values(_ file: String, _ name: String) throws -> [Float] {
                try #require(TensorFile.open(path: "\(folder)/\(file).npz")[name]).floats()
            }
            for (name, size) in [("pred", 2 * 16 * 320), ("loss", 2), ("mask", 2 * 16), ("noise", 2 * 16)] {
                let (found, expected) = (try values("broken", name), try values("clean", name))
                #expect(found.count == 40 * size)
                for row in 0..<40 {
                    let own = row * size..<(row + 1) * size
                    if broken[row] != nil, ["pred", "loss"].contains(name) {
                        #expect(found[own].allSatisfy { $0.isNaN }, "\(name) of row \(row)")
                    } else {
                        #expect(found[own] == expected[own], "\(name) of row \(row)")
                    }
                }
            }
            let losses = try values("broken", "loss").filter(\.isFinite).map(Double.init)
            let mean = try #require(summary["mean_loss"] as? Double)
            #expect(losses.count == 70 && abs(mean - losses.reduce(0, +) / 70) < 1e-12)
            // Galaxies without a loss come first.
            let page = try text(of: folder + "/broken.html")
            #expect(page.components(separatedBy: "loss not finite").count == 1 + 5)
        }
    }

    @Test("cai anomalies ranks galaxies with invalid images last, and the scores of others do not change")
    func anomalies() throws {
        try Fixture.withTemporaryFolder { folder in
            try writeBroken(to: folder + "/p.safetensors")
            func run(_ files: [String], _ output: String) throws -> (command: Command, rows: [[String]]) {
                let command = try Command.run(
                    ["anomalies"] + files.map { "\(folder)/\($0).safetensors" } + [
                        "-o", "\(folder)/\(output).csv", "--json", "--quiet", "--report", "\(folder)/\(output).html",
                        "--panels", "40",
                    ])
                #expect(command.status == 0, "\(command.errors)")
                let lines = try text(of: "\(folder)/\(output).csv").split(separator: "\n").dropFirst()
                return (
                    command, lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
                )
            }
            let (command, rows) = try run(["p"], "p")
            let summary = try object(command.output)
            #expect(summary["flagged"] as? Int == 5 && summary["without_score"] as? Int == 5)
            #expect(
                command.errors
                    == "cai: warning: 5 of 40 galaxies have flags and no score, and are ranked last: \(counts) score not finite\n",
                "\(command.errors)")
            #expect(rows.count == 40)
            #expect(rows.prefix(35).allSatisfy { $0[14] == "0" && Double($0[4])?.isFinite == true })
            let last = rows.suffix(5)
            #expect(last.map { Int($0[3]) } == broken.keys.sorted())
            #expect(last.map { Int($0[14]) } == broken.sorted { $0.key < $1.key }.map(\.value))
            for row in last {
                // score, direction, error_ratio and those of the bands are empty; loss and snr are NaN.
                #expect(row[4..<12].allSatisfy(\.isEmpty) && row[12] == "nan" && row[13] == "nan", "\(row)")
            }
            #expect(try text(of: folder + "/p.html").contains("5 galaxies have flags and no score"))

            // Masks depend on the galaxy's row in its file: the valid galaxies are in a file of their own.
            let table = try TensorTable(folder + "/p.safetensors")
            try TensorTable(Fixture.weights("demo-galaxies.pt"), renaming: ["tensors.0": "images"])
                .rows(0..<40).write(to: folder + "/sound.safetensors")
            for row in broken.keys { try table.rows(row..<row + 1).write(to: "\(folder)/\(row).safetensors") }
            let alone = try run(["sound"], "alone")
            let together = try run(["sound"] + broken.keys.sorted().map(String.init), "together")
            #expect(alone.command.errors.isEmpty && alone.rows.count == 40 && together.rows.count == 45)
            #expect(Array(together.rows.prefix(40)) == alone.rows)
        }
    }

    @Test("cai anomalies, embed and reconstruct count galaxies with a blank band in a warning")
    func blankBands() throws {
        try Fixture.withTemporaryFolder { folder in
            let size = 32 * 32
            let demo = try #require(TensorFile.open(path: Fixture.weights("demo-galaxies.pt"))["tensors.0"])
            var images = try demo.floats(rows: 0..<20)
            for (row, band) in [(3, 1), (8, 1), (8, 4)] {
                let start = (row * 5 + band) * size
                images.replaceSubrange(start..<start + size, with: repeatElement(0, count: size))
            }
            var table = TensorTable()
            table.add("images", [20, 5, 32, 32], images, .f32)
            try table.write(to: folder + "/p.safetensors")
            for (command, output) in [("anomalies", "a.csv"), ("embed", "e.npy"), ("reconstruct", "r.npz")] {
                let run = try Command.run([
                    command, folder + "/p.safetensors", "-o", "\(folder)/\(output)", "--json", "--quiet", "--weights",
                    Fixture.weights("astromae-mae-demo.safetensors"),
                ])
                #expect(run.status == 0)
                let words = "2 of 20 galaxies have a blank band, all pixels zero: 2 in band 2, 1 in band 5\n"
                #expect(run.errors.hasPrefix("cai: warning: " + words), "\(run.errors)")
                #expect(try object(run.output)["blank_band"] as? Int == 2)
            }
        }
    }

    @Test(
        "With --strict, the first galaxy with an invalid image is an error, and no output is left",
        arguments: [
            ("embed", "f.npy", "features"), ("reconstruct", "r.npz", "reconstruction"),
            ("anomalies", "a.csv", "reconstruction"),
        ], [1, 2])
    func strict(command: (name: String, output: String, result: String), threads: Int) throws {
        try Fixture.withTemporaryFolder { folder in
            try writeBroken(to: folder + "/p.safetensors")
            func run(_ inputs: [String], _ output: String) throws -> Command {
                try Command.run(
                    [command.name] + inputs + [
                        "-o", output, "--strict", "--quiet", "--threads", "\(threads)", "--batch-size", "3",
                        "--weights", Fixture.weights("astromae-mae-demo.safetensors"),
                    ], in: folder)
            }
            let refused = try run(["p.safetensors"], command.output)
            #expect(refused.status == 1)
            #expect(
                refused.errors
                    == "cai: error: p.safetensors: row 4: expected a galaxy, found pixels missing or not finite\n",
                "\(refused.errors)")
            #expect(try names(in: folder) == ["p.safetensors"])
            #expect(try run(sound, command.output).status == 0)
            // The result of the network is not finite.
            try TensorTable(folder + "/p.safetensors").rows(20..<30).write(to: folder + "/q.safetensors")
            let far = try run(["q.safetensors"], "q" + command.output)
            #expect(
                far.errors
                    == "cai: error: q.safetensors: row 5: expected a galaxy, found \(command.result) not finite\n",
                "\(far.errors)")
        }
    }
}
