import Foundation
import TestSupport
import Testing

@Suite("--precision") struct PrecisionOptionTests {
    @Test("Redshifts in bfloat16 differ, and the summary, the record and the journal name it")
    func infer() throws {
        try Fixture.withTemporaryFolder { folder in
            let (plain, rounded) = (folder + "/a.csv", folder + "/b.csv")
            #expect(try Command.infer([Tiny.partition, "-o", plain, "--quiet"]).status == 0)
            let command = try Command.infer([Tiny.partition, "-o", rounded, "--precision", "bf16", "--json"])
            #expect(command.status == 0, "\(command.errors)")
            #expect(try object(command.output)["precision"] as? String == "bf16")
            #expect(command.errors.contains(", packed, bf16"))
            let text = try String(contentsOfFile: rounded, encoding: .utf8)
            #expect(try text != String(contentsOfFile: plain, encoding: .utf8))
            let record = try String(contentsOfFile: rounded + ".run.json", encoding: .utf8)
            #expect(record.contains("bf16"))
            #expect(try !String(contentsOfFile: plain + ".run.json", encoding: .utf8).contains("bf16"))
        }
    }

    @Test(
        "The header of a table states the arithmetic, and what is evaluated states bf16",
        arguments: ["fits", "h5"], ["float32", "bf16"])
    func provenance(ending: String, precision: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/z." + ending
            let command = try Command.infer([Tiny.partition, "-o", path, "--precision", precision, "--quiet"])
            #expect(command.status == 0, "\(command.errors)")
            let bytes = try String(decoding: Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            if ending == "fits" { #expect(bytes.contains("PRECISN = 'bf16") == (precision == "bf16")) }
            let json = try object(Command.run(["evaluate", path, "--json"]).output)
            let made = (json["made_of"] as? [String: Any])?["made_by"] as? [String: String]
            #expect(try #require(made?["arithmetic"]).contains(" packed \(precision)"))
            let text = try Command.run(["evaluate", path]).output
            #expect(text.contains(", bf16, missing values") == (precision == "bf16"), "\(text)")
        }
    }

    @Test("Parts of ranks in other precisions are not merged")
    func ranks() throws {
        try Fixture.withTemporaryFolder { folder in
            let output = folder + "/z-{rank}.csv"
            for (rank, precision) in ["float32", "bf16"].enumerated() {
                let command = try Command.infer([
                    Tiny.partition, "-o", output, "--rank", "\(rank)", "--world-size", "2", "--precision", precision,
                    "--quiet",
                ])
                #expect(command.status == 0, "\(command.errors)")
            }
            let merged = try Command.run(["merge", folder + "/z-*.csv", "-o", folder + "/z.csv"])
            #expect(merged.status == 1)
            #expect(merged.errors.contains("precision") || merged.errors.contains("bf16"), "\(merged.errors)")
        }
    }

    @Test(
        "A wrong precision is a usage error",
        arguments: [
            (["infer", Tiny.partition, "--precision", "f16"], "--precision"),
            (["infer", Tiny.partition, "--precision", "bf16", "--gemm", "openblas"], "--precision"),
            (["reconstruct", Tiny.partition, "-o", "r.npz", "--precision", "bf16"], "--precision"),
            (["anomalies", Tiny.partition, "-o", "r.csv", "--precision", "bf16"], "--precision"),
        ])
    func usage(arguments: [String], named: String) throws {
        let command = try Command.run(arguments)
        #expect(command.status == 2)
        #expect(command.errors.contains(named))
    }

    @Test("Features in bfloat16 differ")
    func embed() throws {
        try Fixture.withTemporaryFolder { folder in
            var outputs: [Data] = []
            for precision in ["float32", "bf16"] {
                let path = folder + "/\(precision).npy"
                let command = try Command.run([
                    "embed", Tiny.partition, "--weights", Fixture.path("tiny/normalcell.pt"), "-o", path, "--precision",
                    precision, "--json",
                ])
                #expect(command.status == 0, "\(command.errors)")
                #expect(try object(command.output)["precision"] as? String == precision)
                outputs.append(try Data(contentsOf: URL(fileURLWithPath: path)))
            }
            #expect(outputs[0] != outputs[1] && outputs[0].count == outputs[1].count)
        }
    }
}
