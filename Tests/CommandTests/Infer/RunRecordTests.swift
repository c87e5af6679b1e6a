import Foundation
import TestSupport
import Testing

@testable import Inference

/// sha256sum Tests/Fixtures/tiny/normalcell.pt
private let weightsSHA256 = "7d8f8a3174ecba914a704c4cca78e118ac855d9f681d47d159576bda00e4b15b"

/// Redshifts of the tiny galaxies, of which one is a usual missing value.
private let redshifts: [Double] = (0..<37).map { (row: Int) -> Double in row == 5 ? 99 : 0.1 + Double(row) / 100 }

@Suite("OUT.run.json") struct RunRecordTests {
    @Test("An output without provenance has a record beside it", arguments: ["csv", "csv.gz", "jsonl", "npy"])
    func recorded(ending: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let output = "\(folder)/z.\(ending)"
            let command = try Command.infer([Tiny.partition, "-o", output, "--json", "--missing", "-99,99", "--quiet"])
            #expect(command.status == 0 && command.errors.isEmpty, "\(command.errors)")
            let record = try object(text(of: output + ".run.json"))
            #expect((record["weights"] as? [String: String])?["identity"] == "sha256:" + weightsSHA256)
            let choices = try #require(record["choices"] as? [String: String])
            #expect(choices["missing"] == "-99,99" && choices["bands"] == "ugriz" && choices["num_heads"] == "3")
            #expect(choices["images"] == "tensors.0" && choices["magnitudes"] == "tensors.1")
            #expect(record["settings"] as? [String: String] == ["missing": "-99,99"])
            #expect((record["inputs"] as? [String: Any])?["files"] as? Int == 1 && record["galaxies"] as? Int == 37)
            #expect((record["made_by"] as? [String: String])?["instruction_set"] != nil)
            let written = try #require(record["output"] as? [String: Any])
            #expect(written["name"] as? String == "z." + ending)
            #expect(written["bytes"] as? Int == (try Data(contentsOf: URL(fileURLWithPath: output)).count))
            #expect(try object(command.output)["choices"] as? [String: String] == choices)
        }
    }

    @Test("A FITS table holds its choices, and has no record beside it; a pipe and a device have none")
    func unrecorded() throws {
        try Fixture.withTemporaryFolder { folder in
            let command = try Command.infer([Tiny.partition, "-o", folder + "/z.fits", "--bands", "zirgu"])
            #expect(command.status == 0, "\(command.errors)")
            let header = try Data(contentsOf: URL(fileURLWithPath: folder + "/z.fits"))
            for card in ["BANDS   = 'zirgu", "HEADS   = '3", "MISSING = '-9999,-999", "ISA     = '", weightsSHA256] {
                #expect(header.range(of: Data(card.utf8)) != nil, "\(card)")
            }
            #expect(try Command.infer([Tiny.partition, "-o", "/dev/null"], in: folder).status != 1)
            #expect(try names(in: folder) == ["z.fits"])
        }
    }

    @Test("A table and the join by which its rows were found are choices")
    func table() throws {
        try Fixture.withTemporaryFolder { folder in
            let rows = ["redshift"] + (0..<37).map { "0.\(100 + $0)" }
            try Data((rows.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/t.csv"))
            let command = try Command.infer(
                [Tiny.partition, "--table", "t.csv", "-o", "z.csv", "--json", "--quiet"], in: folder)
            #expect(command.status == 0, "\(command.errors)")
            let choices = try #require(try object(command.output)["choices"] as? [String: String])
            #expect(choices["table"] == "t.csv" && choices["join"] == "rows")
        }
    }

    @Test("evaluate and report read the missing values and the weights from the record")
    func evaluated() throws {
        try Fixture.withTemporaryFolder { folder in
            // Without missing values, -0.999 and 99 are redshifts.
            var table = try TensorTable.partition()
            table.remove("redshifts")
            table.add("redshifts", [37], redshifts, .f64)
            try table.write(to: folder + "/p.safetensors")
            func evaluate(_ more: [String] = []) throws -> [String: Any] {
                let command = try Command.run(["evaluate", folder + "/z.csv", "--json"] + more)
                #expect(command.status == 0 && command.errors.isEmpty, "\(command.errors)")
                return try object(command.output)
            }
            let arguments = [folder + "/p.safetensors", "-o", folder + "/z.csv", "--quiet", "--z-range", "none"]
            #expect(try Command.infer(arguments + ["--missing", "none"]).status == 0)
            let evaluation = try evaluate()
            #expect(evaluation["galaxies"] as? Int == 37 && evaluation["unknown"] as? Int == 0)
            let made = try #require(evaluation["made_of"] as? [String: Any])
            #expect((made["weights"] as? [String: String])?["identity"] == "sha256:" + weightsSHA256)
            #expect(try evaluate(["--missing", "99"])["galaxies"] as? Int == 36)
            let words = try Command.run(["evaluate", folder + "/z.csv"]).output
            #expect(
                words.contains("normalcell.pt (SHA-256 \(weightsSHA256)), cai ")
                    && words.contains("missing values none"))
            #expect(try Command.run(["report", folder + "/z.csv", "-o", folder + "/r.html", "--quiet"]).errors.isEmpty)
            #expect(try text(of: folder + "/r.html").contains("missing values none"))

            // Another file of that name is not what the record describes.
            var rows = try text(of: folder + "/z.csv")
            rows.removeLast()
            try Data((rows + "\r\n").utf8).write(to: URL(fileURLWithPath: folder + "/z.csv"))
            let other = try Command.run(["evaluate", folder + "/z.csv", "--json"])
            #expect(other.status == 0)
            #expect(other.errors == "cai: warning: \(folder)/z.csv.run.json: is of another z.csv: it is not used\n")
            #expect(try object(other.output)["galaxies"] as? Int == 36)
            for damage in ["", "{}", "[1", #"{"output": {"name": "z.csv"}}"#] {
                try Data(damage.utf8).write(to: URL(fileURLWithPath: folder + "/z.csv.run.json"))
                let damaged = try Command.run(["evaluate", folder + "/z.csv"])
                #expect(damaged.status == 0 && damaged.errorLines.count == 1)
                #expect(damaged.errors.contains("expected the record of a run, found something else: it is not used"))
            }
        }
    }

    @Test("evaluate and report read the missing values and the weights from the header", arguments: ["fits", "h5"])
    func header(ending: String) throws {
        try Fixture.withTemporaryFolder { folder in
            var table = try TensorTable.partition()
            table.remove("redshifts")
            table.add("redshifts", [37], redshifts, .f64)
            try table.write(to: folder + "/p.safetensors")
            let output = "\(folder)/z.\(ending)"
            // The command line, with a long list of missing values, continues on several cards.
            let list = (0..<30).map { "-\(1000 + $0).125" }.joined(separator: ",")
            for missing in ["none", list] {
                let run = try Command.infer(
                    [folder + "/p.safetensors", "-o", output, "--quiet", "--z-range", "none", "--missing", missing])
                #expect(run.status == 0, "\(run.errors)")
                let command = try Command.run(["evaluate", output, "--json"])
                #expect(command.status == 0 && command.errors.isEmpty, "\(command.errors)")
                let evaluation = try object(command.output)
                #expect(evaluation["galaxies"] as? Int == 37 && evaluation["unknown"] as? Int == 0)
                let made = try #require(evaluation["made_of"] as? [String: Any])
                #expect((made["weights"] as? [String: String])?["identity"] == "sha256:" + weightsSHA256)
                #expect((made["made_by"] as? [String: String])?["creator"]?.hasPrefix("cai ") == true)
                #expect((made["choices"] as? [String: String])?["missing"] == missing)
            }
            let stated = try Command.run(["evaluate", output, "--json", "--missing", "99"])
            #expect(try object(stated.output)["galaxies"] as? Int == 36)
            let words = try Command.run(["evaluate", output]).output
            #expect(
                words.contains("normalcell.pt (SHA-256 \(weightsSHA256)), cai ")
                    && words.contains("missing values -1000.125,"), "\(words)")
            #expect(try Command.run(["report", output, "-o", folder + "/r.html", "--quiet"]).errors.isEmpty)
            #expect(try text(of: folder + "/r.html").contains("missing values -1000.125,"))
            if ending == "fits" {
                var bytes = try Data(contentsOf: URL(fileURLWithPath: output))
                let card = try #require(bytes.range(of: Data("MISSING = '-1000.125".utf8)))
                bytes.replaceSubrange(card, with: Data("MISSING = '-1000.1x5".utf8))
                try bytes.write(to: URL(fileURLWithPath: output))
                let command = try Command.run(["evaluate", output])
                #expect(command.status == 0 && command.errors.contains("MISSING: expected numbers between commas"))
            }
        }
    }

    @Test("Merged ranks have the record of one run, and a part has its own")
    func merged() throws {
        try Fixture.withTemporaryFolder { folder in
            let inputs = try Ranks.makeInputs(in: folder)
            #expect(try Ranks.run(inputs + ["-o", "whole.csv"], in: folder).status == 0)
            for rank in 0..<2 {
                let command = try Ranks.run(
                    inputs + ["-o", "z.csv", "--rank", "\(rank)", "--world-size", "2"], in: folder)
                #expect(command.status == 0, "\(command.errors)")
            }
            #expect(try Command.run(["merge", "z.*", "-o", "z.csv"], in: folder).status == 0)
            // Again, with the merged output's record among the names.
            let again = try Command.run(["merge", "z.rank*", "-o", "z.csv", "--quiet"], in: folder)
            #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
            func record(_ name: String) throws -> NSDictionary {
                var record = try object(text(of: "\(folder)/\(name).run.json"))
                record["output"] = nil
                return record as NSDictionary
            }
            #expect(try record("z.csv") == record("whole.csv"))
            let part = try Command.run(["evaluate", Ranks.part(0, of: 2), "--json"], in: folder)
            #expect(part.status == 0 && part.errors.isEmpty, "\(part.errors)")
            #expect((try object(part.output)["made_of"] as? [String: Any])?["galaxies"] as? Int == 40)
        }
    }
}
