import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite("Tables without ids")
struct RowTableTests {
    /// The 37 galaxies in two files, 20 and 17, and their magnitudes and redshifts in a table of so many rows.
    private static func write(rows: Int, in folder: String) throws -> (inputs: [String], table: String) {
        let file = try TensorFile.open(path: Tiny.partition)
        let magnitudes = try #require(file["tensors.1"]).doubles()
        let redshifts = try #require(file["tensors.2"]).doubles()
        var lines = ["u,g,r,i,z,redshift"]
        for row in 0..<rows {
            let galaxy = row % 37
            lines.append(
                (magnitudes[galaxy * 5..<galaxy * 5 + 5] + [redshifts[galaxy]]).map { "\($0)" }.joined(separator: ","))
        }
        let table = folder + "/table.csv"
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: table))
        // Magnitudes and redshifts of the files differ from the table's: the table takes precedence.
        var galaxies = try TensorTable.partition()
        galaxies.change("magnitudes") { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
        galaxies.remove("redshifts")
        let inputs = [folder + "/a.safetensors", folder + "/b.safetensors"]
        try galaxies.rows(0..<20).write(to: inputs[0])
        try galaxies.rows(20..<37).write(to: inputs[1])
        return (inputs, table)
    }

    /// The rows without source names and row numbers.
    private static func results(_ command: Command) -> [String] { results(command.output) }

    private static func results(_ text: String) -> [String] {
        text.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[3...].joined(separator: ",") }
    }

    @Test("Warnings of a table's file are shown once, as those of galaxies", arguments: ["infer", "split"])
    func warnings(command: String) throws {
        try Fixture.withTemporaryFolder { folder in
            var table = FITSBuilder()
            table.table([.doubles("redshift", (0..<37).map { Double($0) / 100 })])
            let bytes = table.bytes + [UInt8](repeating: UInt8(ascii: "x"), count: 2880)
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/t.fits"))
            let options = ["--table", folder + "/t.fits", "--join", "rows", "--quiet"]
            let run =
                command == "infer"
                ? try Command.infer([Tiny.partition, "-o", folder + "/z.csv", "--z-range", "none"] + options)
                : try Command.run(["split", Tiny.partition, "-o", folder + "/out", "--rows", "8"] + options)
            #expect(run.status == 0)
            let words = "2880 bytes after the last unit, from byte \(table.bytes.count) on, are not a unit: not read"
            let warnings = run.errorLines.filter { $0.contains("after the last unit") }
            #expect(warnings == ["cai: warning: \(folder)/t.fits: FITS: \(words)"], "\(run.errors)")
        }
    }

    @Test("A table without ids gives the same rows for several files, a limit and a rank as for one file")
    func severalFiles() throws {
        try Fixture.withTemporaryFolder { folder in
            let (inputs, table) = try Self.write(rows: 37, in: folder)
            let whole = try Self.results(Command.infer([Tiny.partition]))
            #expect(whole.count == 37)
            #expect(try Self.results(Command.infer(inputs + ["--table", table])) == whole)
            #expect(
                try Self.results(Command.infer(inputs + ["--table", table, "--limit", "5"])) == Array(whole.prefix(5)))
            let split = try Command.run(["split"] + inputs + ["-o", folder + "/out", "--rows", "8", "--table", table])
            #expect(split.status == 0)
            #expect(try Self.results(Command.infer([folder + "/out"])) == whole)
            var parts: [String] = []
            for rank in 0..<2 {
                let part = folder + "/z.csv"
                let command = try Command.infer(
                    inputs + ["--table", table, "--rank", "\(rank)", "--world-size", "2", "-o", part])
                #expect(command.status == 0, "\(command.errors)")
                let name = folder + "/z.rank-000\(rank)-of-0002.csv"
                parts += Self.results(try String(contentsOfFile: name, encoding: .utf8))
            }
            #expect(parts == whole)
        }
    }

    @Test("A table with another number of rows is refused with both counts", arguments: [20, 36, 38])
    func otherCounts(rows: Int) throws {
        try Fixture.withTemporaryFolder { folder in
            let (inputs, table) = try Self.write(rows: rows, in: folder)
            for arguments in [
                ["infer"] + inputs + ["--weights", Fixture.path("tiny/normalcell.pt")],
                ["infer"] + inputs + ["--weights", Fixture.path("tiny/normalcell.pt"), "--limit", "3"],
                ["split"] + inputs + ["-o", folder + "/out", "--rows", "8"],
            ] {
                let command = try Command.run(arguments + ["--table", table])
                #expect(command.status == 1)
                #expect(
                    command.errors.contains(
                        "\(table): has no object_id, and \(rows) rows for the 37 galaxies of all inputs"),
                    "\(command.errors)")
            }
        }
    }
}
