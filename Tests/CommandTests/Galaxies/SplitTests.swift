import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite("cai split")
struct SplitTests {
    @Test("cai split keeps the galaxies and their order for any partition size", arguments: [1, 10, 36, 37, 38])
    func galaxies(rows: Int) throws {
        try Fixture.withTemporaryFolder { folder in
            let out = folder + "/a/b"
            let command = try Command.run(["split", Tiny.partition, "-o", out, "--rows", "\(rows)"])
            #expect(command.status == 0)
            #expect(command.output.isEmpty)
            #expect(try names(in: out).count == (37 + rows - 1) / rows)
            let whole = try Command.infer([Tiny.partition])
            let parts = try Command.infer([out])
            func columns(_ command: Command) -> [Substring] {
                command.outputLines.dropFirst().map { line in
                    line.split(separator: ",")[3...].joined(separator: ",")[...]
                }
            }
            #expect(columns(parts) == columns(whole))
        }
    }

    @Test("cai split joins several files, keeps types, and leaves out missing redshifts")
    func severalFiles() throws {
        try Fixture.withTemporaryFolder { folder in
            var table = try TensorTable.partition()
            table.remove("redshifts")
            try table.rows(0..<20).write(to: folder + "/a.safetensors")
            try Data(table.rows(20..<37).npz(deflated: true).bytes).write(to: URL(fileURLWithPath: folder + "/b.npz"))
            let command = try Command.run([
                "split", folder + "/a.safetensors", folder + "/b.npz", "-o", folder + "/out", "--partition-size", "25",
            ])
            #expect(command.status == 0)
            #expect(command.errors == "37 galaxies in 1 partition of 37\n")
            let file = try TensorFile.open(path: folder + "/out/1.pt")
            #expect(file.tensors.map(\.dtype) == [.f32, .f64])
            for (tensor, entry) in zip(file.tensors, table.entries) {
                #expect(try tensor.rowMajorBytes(rows: 0..<37) == entry.bytes)
            }
            let mixed = try Command.run([
                "split", folder + "/a.safetensors", Tiny.partition, "-o", folder + "/out2", "--rows", "9",
            ])
            #expect(mixed.status == 1)
            #expect(
                mixed.errors == "cai: error: \(Tiny.partition): has redshifts, but \(folder)/a.safetensors has none: "
                    + "expected all inputs to have them, or none\n")
            #expect(!FileManager.default.fileExists(atPath: folder + "/out2"))
        }
    }

    @Test("cai split warns that a dataset has no object ids")
    func objectIDs() throws {
        try Fixture.withTemporaryFolder { folder in
            var table = try TensorTable.partition()
            table.add("object_id", [37], (0..<37).map { Int64($0) }, .i64)
            try table.write(to: folder + "/a.safetensors")
            let command = try Command.run([
                "split", folder + "/a.safetensors", "-o", folder + "/out", "--rows", "50", "--quiet",
            ])
            #expect(command.status == 0)
            #expect(
                command.errors
                    == "cai: warning: a TensorDataset cannot store object_id: the galaxies' ids are left out\n")
        }
    }

    @Test("cai split replaces partitions only with --overwrite, and never an input")
    func overwriting() throws {
        try Fixture.withTemporaryFolder { folder in
            let split = { (input: String, more: [String]) in
                try Command.run(["split", input, "-o", folder + "/out"] + more)
            }
            #expect(try split(Tiny.partition, ["--rows", "10"]).status == 0)
            let before = try Data(contentsOf: URL(fileURLWithPath: folder + "/out/1.pt"))
            let refused = try split(Tiny.partition, ["--rows", "20"])
            #expect(refused.status == 1)
            #expect(
                refused.errors
                    == "cai: error: \(folder)/out: holds partitions already (1.pt, 2.pt, 3.pt, ... (4 files)): "
                    + "name another folder, or add --overwrite\n")
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/out/1.pt")) == before)
            let replaced = try split(Tiny.partition, ["--rows", "20", "--overwrite", "--quiet"])
            #expect(replaced.status == 0)
            #expect(
                replaced.errors
                    == "cai: warning: \(folder)/out: 3.pt, 4.pt of an earlier split stay beside the new partitions\n")
            #expect(try TensorFile.open(path: folder + "/out/1.pt").tensors[0].shape[0] == 20)
            let own = try split(folder + "/out/2.pt", ["--rows", "5", "--overwrite"])
            #expect(own.status == 1)
            #expect(own.errors.contains("/out/2.pt: cannot be written: it is the input itself"))
            #expect(try names(in: folder + "/out") == ["1.pt", "2.pt", "3.pt", "4.pt"])
        }
    }

    @Test(
        "cai split refuses invalid command lines in one line",
        arguments: [
            ["in"], ["in", "-o", "out"], ["in", "-o", "out", "--rows", "0"], ["in", "out", "--rows", "5"],
            ["in", "-o", "out", "--partition-size", "30"], ["", "-o", "out", "--rows", "5"],
            ["in", "-o", "out", "--rows", "5", "--partition-size", "25"], ["in", "-o", "", "--rows", "5"],
        ])
    func usage(arguments: [String]) throws {
        let command = try Command.run(["split"] + arguments)
        #expect(command.status == 2)
        #expect(command.errorLines.count == 1)
    }

    @Test("cai split refuses a damaged file")
    func damaged() throws {
        try Fixture.withTemporaryFolder { folder in
            var zip = try TensorTable.partition().torch()
            zip.entries[2].checksum ^= 1
            try Data(zip.bytes).write(to: URL(fileURLWithPath: folder + "/a.pt"))
            let command = try Command.run(["split", folder + "/a.pt", "-o", folder + "/out", "--rows", "10"])
            #expect(command.status == 1)
            #expect(command.errors.hasPrefix("cai: error: \(folder)/a.pt: zip: entry 'archive/data/1': CRC-32 is "))
            #expect(try names(in: folder + "/out") == [])
        }
    }
}
