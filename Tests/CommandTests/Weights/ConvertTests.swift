import Foundation
import TensorFiles
import TestSupport
import Testing

@Test(
    "A converted checkpoint that keeps its layers gives the same bits",
    arguments: ["normalcell.pt", "plain-vit.pt", "kernel3.pt", "wrapped.pt"])
func convertKeepsTheNetwork(name: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/w.safetensors"
        let conversion = try Command.run(["convert", Fixture.path("tiny/" + name), "-o", path, "--keep-layers"])
        #expect(conversion.status == 0)
        #expect(conversion.output.isEmpty)
        #expect(try names(in: folder) == ["w.safetensors"])
        let options = ["kernel3.pt", "wrapped.pt"].contains(name) ? ["--num-heads", "3"] : []
        let original = try Command.infer([Tiny.partition] + options, weights: name)
        let converted = try Command.run(["infer", "--weights", path, Tiny.partition] + options)
        #expect(converted.status == 0)
        #expect(converted.output == original.output)
        let config = try [Fixture.path("tiny/" + name), path].map {
            try object(try Command.run(["inspect", $0, "--json"]).output)["config"] as? NSDictionary
        }
        #expect(config[0] != nil)
        #expect(config[0] == config[1])
    }
}

@Test("A converted checkpoint keeps heads and epsilons, and names its source")
func convertKeepsStatedConstants() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/w.safetensors"
        #expect(
            try Command.run(["convert", Fixture.path("tiny/normalcell.pt"), "-o", path]).errors
                .hasPrefix("cai: wrote \(path), "))
        let contents = try object(try Command.run(["inspect", path, "--json"]).output)
        #expect(contents["warnings"] as? [String] == [])
        let metadata = try #require(contents["metadata"] as? [String: String])
        #expect(metadata["source"] == "normalcell.pt")
        #expect(metadata["source_format"] == "torch")
        #expect(metadata["written_by"] == "cai 0.1.0")
    }
}

@Test(
    "cai convert --dtype rounds only large tensors to half precision",
    arguments: [("f16", "F16"), ("bf16", "BF16"), ("f32", "F32")])
func convertRoundsLargeTensors(dtype: String, large: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/w.safetensors"
        let weights = Fixture.weights("astromae-demo.safetensors")
        let command = try Command.run(["convert", weights, "-o", path, "--dtype", dtype])
        #expect(command.status == 0)
        let tensors = try TensorFile.open(path: path).tensors
        #expect(tensors.contains { $0.count >= 65_536 })
        for tensor in tensors {
            let isRounded = tensor.count >= 65_536 && !tensor.name.hasPrefix("merged.")
            #expect(tensor.dtype.rawValue == (isRounded ? large : "F32"), "\(tensor.name)")
        }
    }
}

@Test("cai convert stores merged layers unless --keep-layers is given, and redshifts keep their bits")
func convertMerges() throws {
    try Fixture.withTemporaryFolder { folder in
        let (whole, half) = (folder + "/merged.safetensors", folder + "/half.safetensors")
        let original = Fixture.path("tiny/normalcell.pt")
        #expect(try Command.run(["convert", original, "-o", whole]).status == 0)
        let redshifts = try Command.infer([Tiny.partition], weights: "normalcell.pt")
        #expect(try Command.run(["infer", "--weights", whole, Tiny.partition]).output == redshifts.output)
        #expect(try Command.run(["convert", whole, "-o", half, "--dtype", "f16"]).status == 0)
        let (before, after) = (try contents(original), try contents(half))
        #expect(after["problem"] == nil)
        #expect(after["parameters"] as? Int == before["parameters"] as? Int)
        #expect((after["metadata"] as? [String: String])?["linear_layers"] == "merged-1")
        #expect(try Command.run(["infer", "--weights", half, Tiny.partition]).outputLines.count == Tiny.count + 1)
        let back = try Command.run(["convert", half, "-o", folder + "/back.safetensors", "--keep-layers"])
        #expect(back.status == 1)
        #expect(
            back.errors
                == "cai: error: \(half): its merged layers cannot be taken apart: expected weights that keep every layer\n"
        )
        #expect(try names(in: folder) == ["half.safetensors", "merged.safetensors"])
    }
}

private func contents(_ path: String) throws -> [String: Any] {
    try object(try Command.run(["inspect", path, "--json"]).output)
}

@Test("cai convert reports what it wrote, and that it replaced a file")
func convertReports() throws {
    try Fixture.withTemporaryFolder { folder in
        let arguments = [
            "convert", Fixture.weights("astromae-demo.safetensors"), "-o", "w.safetensors", "--dtype", "f16",
        ]
        let first = try Command.run(arguments, in: folder)
        let form =
            /cai: wrote w\.safetensors, \d+\.\d MB, 15,899,433 parameters, large tensors f16, Linear layers merged\n/
        #expect(first.errors.wholeMatch(of: form) != nil, "\(first.errors)")
        let second = try Command.run(arguments + ["--keep-layers"], in: folder)
        let again =
            /cai: replaced w\.safetensors, \d+\.\d MB, 15,899,433 parameters, large tensors f16, Linear layers separate\n/
        #expect(second.errors.wholeMatch(of: again) != nil, "\(second.errors)")
        #expect(try Command.run(arguments + ["--quiet"], in: folder).errors.isEmpty)
    }
}

@Test("cai convert refuses to replace its input")
func convertToInput() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/w.safetensors"
        try FileManager.default.copyItem(atPath: Fixture.path("tiny/normalcell.pt"), toPath: path)
        let command = try Command.run(["convert", "w.safetensors", "-o", "./w.safetensors"], in: folder)
        #expect(command.status == 1)
        #expect(command.errors == "cai: error: ./w.safetensors: cannot be written: it is the input 'w.safetensors'\n")
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: Fixture.path("tiny/normalcell.pt")))
        #expect(try names(in: folder) == ["w.safetensors"])
    }
}

@Test(
    "A failed cai convert leaves no file",
    arguments: [
        ("tiny/partition.pt", "w.safetensors", "patch_embed.proj.weight"),
        ("tiny/none.pt", "w.safetensors", "cannot be opened"),
        ("tiny/normalcell.pt", "none/w.safetensors", "cannot be written"),
    ])
func convertFailures(input: String, output: String, message: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let command = try Command.run(["convert", Fixture.path(input), "-o", folder + "/" + output])
        #expect(command.status == 1)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.hasPrefix("cai: error: "))
        #expect(command.errors.contains(message))
        #expect(try names(in: folder) == [])
    }
}
