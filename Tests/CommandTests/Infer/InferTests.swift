import Foundation
import TensorFiles
import TestSupport
import Testing

private let header = "object_id,source,row,z_phot,z_spec,flags"

@Test("CSV is written to the standard output, one summary to the standard error", arguments: [[], ["-o", "-"]])
func csvOnStandardOutput(arguments: [String]) throws {
    let command = try Command.infer([Tiny.partition] + arguments)
    #expect(command.status == 0)
    let lines = command.outputLines
    #expect(lines.count == 1 + Tiny.count)
    #expect(lines.first.map(String.init) == header)
    let redshifts = try #require(try TensorFile.open(path: Tiny.partition)["tensors.2"]).doubles()
    for (row, line) in lines.dropFirst().enumerated() {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        #expect(fields.count == 6)
        #expect(fields[0] == "partition:\(row)")
        #expect(fields[1] == "partition.pt")
        #expect(fields[2] == "\(row)")
        #expect(Float(fields[3]) != nil)
        #expect(Double(fields[4]) == redshifts[row])
        #expect(fields[5] == "0")
    }
    #expect(command.errorLines.count == 2)
    #expect(command.errors.contains("37 galaxies in "))
    #expect(command.errors.contains(" galaxies/s, "))
    for measure in ["MAE ", "MSE ", "Bias ", "Precision ", "R2 "] { #expect(command.errors.contains(measure)) }
    #expect(!command.errors.contains("\r"))
}

@Test("--quiet writes nothing to the standard error")
func quiet() throws {
    let command = try Command.infer([Tiny.partition, "--quiet"], weights: "normalcell.pt")
    #expect(command.status == 0)
    #expect(command.errors.isEmpty)
    #expect(command.outputLines.count == 38)
}

@Test("Heads of a bare state dict that its width does not give are asked for")
func numHeads() throws {
    let refused = try Command.infer([Tiny.partition], weights: "kernel3.pt")
    #expect(refused.status == 1 && refused.output.isEmpty)
    #expect(refused.errors.contains("width 24, which is not a multiple of 64: expected --num-heads N"))
    let given = try Command.infer([Tiny.partition, "--num-heads", "3", "--quiet"], weights: "kernel3.pt")
    #expect(given.status == 0 && given.errors.hasPrefix("cai: warning: "))
    #expect(given.errors.contains("assumed: LayerNorm eps 1e-06, BatchNorm eps 1e-05"))
    #expect(!given.errors.contains("--num-heads"))
}

@Test("The summary as JSON has exactly its keys")
func jsonSummary() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z.csv"
        let command = try Command.infer(
            [Tiny.partition, "-o", path, "--json", "--quiet", "--threads", "2", "--batch-size", "5"])
        #expect(command.status == 0)
        #expect(command.errors.isEmpty)
        let summary = try object(command.output)
        #expect(
            Set(summary.keys) == [
                "galaxies", "seconds", "galaxies_per_second", "threads", "batch_size", "instruction_set", "gemm",
                "weights", "precision",
                "output", "quality", "flagged", "resumed", "skipped", "implausible", "blank_band", "choices",
            ])
        #expect(summary["galaxies"] as? Int == 37)
        #expect(summary["threads"] as? Int == 2)
        #expect(summary["batch_size"] as? Int == 5)
        #expect(summary["weights"] as? String == Fixture.path("tiny/normalcell.pt"))
        #expect(summary["output"] as? String == path)
        let seconds = try #require(summary["seconds"] as? Double)
        let rate = try #require(summary["galaxies_per_second"] as? Double)
        #expect(abs(seconds * rate - 37) < 1e-6)
        let quality = try #require(summary["quality"] as? [String: Double])
        #expect(Set(quality.keys) == ["MAE", "MSE", "Bias", "Precision", "R2"])
        let evaluation = try object(try Command.run(["evaluate", path, "--json"]).output)
        // The file has z_phot as shortest decimals of float32, read as float64: equal to within half a float32 step.
        let reference = try #require(evaluation["reference"] as? [String: Double])
        for (name, value) in quality { #expect(abs(try #require(reference[name]) - value) < 1e-6) }
    }
}

@Test("Without redshifts z_spec is empty and quality null")
func withoutRedshifts() throws {
    try Fixture.withTemporaryFolder { folder in
        var table = try TensorTable.partition()
        table.remove("redshifts")
        try table.write(to: folder + "/p.safetensors")
        let command = try Command.infer([folder + "/p.safetensors", "-o", folder + "/z.csv", "--json"])
        #expect(command.status == 0)
        #expect(try object(command.output)["quality"] is NSNull)
        #expect(!command.errors.contains("MAE"))
        let lines = try text(of: folder + "/z.csv").split(separator: "\n").dropFirst()
        #expect(lines.count == 37 && lines.allSatisfy { $0.hasSuffix(",,0") })
        let evaluation = try Command.run(["evaluate", folder + "/z.csv"])
        #expect(evaluation.status == 1)
    }
}

@Test("All output formats contain the same redshifts")
func formatsAgree() throws {
    try Fixture.withTemporaryFolder { folder in
        for ending in ["csv", "jsonl", "npy"] {
            let command = try Command.infer([Tiny.partition, "-o", "\(folder)/z.\(ending)"])
            #expect(command.status == 0)
            #expect(command.output.isEmpty)
        }
        #expect(
            try names(in: folder) == ["z.csv", "z.jsonl", "z.npy"].flatMap { [$0, $0 + ".run.json"] })
        let csv = try text(of: folder + "/z.csv").split(separator: "\n").dropFirst().map {
            Float($0.split(separator: ",")[3])
        }
        let json = try text(of: folder + "/z.jsonl").split(separator: "\n").map {
            (try object(String($0))["z_phot"] as? Double).map { Float($0) }
        }
        let array = try #require(try TensorFile.open(path: folder + "/z.npy").tensors.first).floats()
        #expect(csv.count == 37)
        #expect(csv == json)
        #expect(csv == array.map { $0 })
    }
}

@Test("A folder's files are in natural order, and equal stems get their folder as a prefix")
func naturalOrderAndCollisions() throws {
    try Fixture.withTemporaryFolder { folder in
        let table = try TensorTable.partition()
        for (index, name) in ["a/10", "a/2", "a/1", "b/1"].enumerated() {
            let path = URL(fileURLWithPath: "\(folder)/\(name).safetensors")
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try table.rows(index..<index + 2).write(to: path.path)
        }
        let expected = ["a/1:0", "a/1:1", "2:0", "2:1", "10:0", "10:1", "b/1:0", "b/1:1"]
        for arguments in [["a", "b"], ["a/*.safetensors", "b/1.safetensors"], ["[ab]"]] {
            let command = try Command.infer(arguments + ["--quiet"], in: folder)
            let ids = command.outputLines.dropFirst().map { String($0.prefix { $0 != "," }) }
            #expect(ids == expected)
        }
        let limited = try Command.infer(["a", "b", "--limit", "3"], in: folder)
        let limitedIDs: [String] = limited.outputLines.dropFirst().map { String($0.prefix { $0 != "," }) }
        #expect(limitedIDs == Array(expected.prefix(3)))
    }
}

@Test(
    "The output does not depend on batch size and threads",
    arguments: [
        ["--batch-size", "1"], ["--batch-size", "7", "--threads", "5"], ["--threads", "1"], ["--batch-size", "512"],
    ])
func sameBytes(arguments: [String]) throws {
    let plain = try Command.infer([Tiny.partition])
    let other = try Command.infer([Tiny.partition] + arguments)
    #expect(plain.status == 0)
    #expect(other.output == plain.output)
}

@Test("A NaN pixel is reported, and its galaxy is in the output")
func notFinite() throws {
    try Fixture.withTemporaryFolder { folder in
        var table = try TensorTable.partition()
        table.change("images") { $0.bytes.replaceSubrange(0..<4, with: [0, 0, 0xC0, 0x7F]) }
        try table.write(to: folder + "/p.safetensors")
        let command = try Command.infer([folder + "/p.safetensors"])
        #expect(command.status == 0)
        #expect(command.outputLines[1].hasPrefix("p:0,p.safetensors,0,nan,"))
        #expect(command.errors.contains("cai: warning: 1 of 37 galaxies have flags"))
    }
}

@Test("A closed output pipe ends the command silently", arguments: ["infer", "inspect"])
func closedPipe(subcommand: String) throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let weights = ["--weights", Fixture.path("tiny/normalcell.pt"), "--quiet"]
    let command = try Command.run(
        [subcommand, Tiny.partition] + (subcommand == "infer" ? weights : []), output: pipe.fileHandleForWriting)
    #expect(command.status == 1)
    #expect(command.errors.isEmpty)
}

@Test(
    "Deflated files are in memory one at a time for each thread, not all together",
    .disabled(if: Sanitizer.isOn, Sanitizer.takesMemory))
func deflatedFilesAreLetGo() throws {
    try Fixture.withTemporaryFolder { folder in
        // 40 MB of zeros beside one galaxy, in a file of 100 kB; five of them together exceed the limit.
        var zip = try TensorTable.partition().rows(0..<1).npz(deflated: true)
        let count = 1 + 258 * 155_000
        let header = ByteBuilder.npy("{'descr': '|u1', 'fortran_order': False, 'shape': (\(count),), }\n", data: 0)
        var zeros = ZipBuilder.Entry("zeros.npy", header + [UInt8](repeating: 0, count: count))
        var start = ByteBuilder()
        start.append([0])
        start.append(UInt16(header.count))
        start.append(~UInt16(header.count))
        zeros.data = start.bytes + header + ZipBuilder.deflatedZeros(count)
        zeros.method = 8
        zeros.compressedSize = UInt32(zeros.data.count)
        zip.entries.append(zeros)
        let bytes = zip.bytes
        for index in 1...5 { try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(index).npz")) }
        let memory = try Command.memory(forFile: bytes.count)
        let command = try Command.infer([folder, "--threads", "1", "-o", folder + "/z.csv"], memory: memory)
        #expect(command.status == 0, "\(command.errors)")
        #expect(try text(of: folder + "/z.csv").split(separator: "\n").count == 6)
    }
}
