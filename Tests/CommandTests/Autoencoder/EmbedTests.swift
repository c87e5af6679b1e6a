import Foundation
import TensorFiles
import TestSupport
import Testing

private let redshiftWeights = Fixture.path("tiny/normalcell.pt")
private let autoencoderWeights = Fixture.weights("astromae-mae-demo.safetensors")

/// The array in a file.
private func array(_ path: String) throws -> TensorView {
    try #require(try TensorFile.open(path: path).tensors.first)
}

@Suite("cai embed") struct EmbedTests {
    @Test(
        "cai embed writes one row and one id for each galaxy",
        arguments: [("pooled", [24]), ("cls", [24]), ("tokens", [17, 24]), ("fc_norm", [24])])
    func layers(layer: String, shape: [Int]) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/f.npy"
            let command = try Command.run([
                "embed", "--weights", redshiftWeights, Tiny.partition, "-o", path, "--layer", layer, "--json",
            ])
            #expect(command.status == 0, "\(command.errors)")
            let features = try array(path)
            #expect(features.shape == [37] + shape && features.dtype == .f32)
            #expect(try features.floats().allSatisfy { $0.isFinite })
            let ids = try String(contentsOfFile: folder + "/f.ids.csv", encoding: .utf8).split(separator: "\n")
            #expect(ids.count == 38)
            #expect(ids[0] == "object_id,source,row" && ids[37] == "partition:36,partition.pt,36")
            let summary = try object(command.output)
            #expect(summary["galaxies"] as? Int == 37 && summary["shape"] as? [Int] == [37] + shape)
            #expect(summary["network"] as? String == "redshift network" && summary["layer"] as? String == layer)
            #expect(summary["ids"] as? String == folder + "/f.ids.csv")
        }
    }

    @Test("cai embed --layer fc_norm gives PyTorch's values")
    func golden() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/f.npy"
            let command = try Command.run([
                "embed", "--weights", redshiftWeights, Tiny.partition, "-o", path, "--layer", "fc_norm", "--limit", "3",
            ])
            #expect(command.status == 0)
            let golden = try TensorFile.open(path: Fixture.path("tiny/normalcell.golden.safetensors"))
            let expected = try #require(golden["fc_norm"]).floats()
            let values = try array(path).floats()
            #expect(values.count == expected.count)
            // Far beyond float32's rounding (1e-6 here), far below any difference between galaxies.
            #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test("cai embed gives the same bytes for any threads and batches, and at most --limit rows")
    func sameBytes() throws {
        try Fixture.withTemporaryFolder { folder in
            func run(_ name: String, _ more: [String]) throws -> Data {
                let command = try Command.run(
                    [
                        "embed", "--weights", autoencoderWeights, Fixture.weights("demo-galaxies.pt"), "--limit", "60",
                        "-o", folder + "/\(name).npy",
                    ] + more)
                #expect(command.status == 0)
                return try Data(contentsOf: URL(fileURLWithPath: folder + "/\(name).npy"))
            }
            let one = try run("one", ["--threads", "1", "--batch-size", "60"])
            #expect(try run("two", ["--threads", "2", "--batch-size", "7"]) == one)
            #expect(one.count == 128 + 60 * 192 * 4)
            let half = try run("half", ["--dtype", "f16"])
            #expect(half.count == 128 + 60 * 192 * 2)
            let (full, rounded) = (try array(folder + "/one.npy").floats(), try array(folder + "/half.npy").floats())
            #expect(full.map { Float(Float16($0)) } == rounded)
        }
    }

    @Test(
        "cai embed reads files that have images alone",
        arguments: ["images.npz", "images.npy", "images.safetensors", "0.pt"])
    func imagesAlone(name: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let input = folder + "/" + name
            var table = try TensorTable.partition()
            let images = try #require(table.entries.first)
            table.entries = [images]
            switch name {
            case "images.npy":
                try NumPyWriter.write(
                    #require(TensorFile.open(path: Tiny.partition)["tensors.0"]).floats(), shape: images.shape,
                    to: input)
            case "images.npz": try Data(table.npz(deflated: false).bytes).write(to: URL(fileURLWithPath: input))
            case "0.pt": try Data(table.torch().bytes).write(to: URL(fileURLWithPath: input))
            default: try table.write(to: input)
            }
            for (path, output) in [(input, "alone"), (Tiny.partition, "whole")] {
                let command = try Command.run([
                    "embed", "--weights", redshiftWeights, path, "-o", "\(folder)/\(output).npy", "--quiet",
                ])
                #expect(command.status == 0 && command.errors.isEmpty, "\(command.errors)")
            }
            #expect(
                FileManager.default.contentsEqual(atPath: folder + "/alone.npy", andPath: folder + "/whole.npy"))
            // Without magnitudes, redshifts cannot be predicted.
            let refused = try Command.run([
                "infer", "--weights", redshiftWeights, input, "-o", folder + "/z.csv",
            ])
            let words = name == "images.npy" ? "is not a galaxy file" : "but no magnitudes"
            #expect(refused.status == 1 && refused.errors.contains(words), "\(refused.errors)")
        }
    }

    @Test("cai embed gives NaN features and a warning for pixels that are NaN")
    func nonFinite() throws {
        try Fixture.withTemporaryFolder { folder in
            var table = try TensorTable.partition().rows(0..<4)
            table.change("images") { $0.bytes.replaceSubrange(20_480..<20_484, with: [0, 0, 0xC0, 0x7F]) }
            try table.write(to: folder + "/p.safetensors")
            let command = try Command.run([
                "embed", "--weights", redshiftWeights, folder + "/p.safetensors", "-o", folder + "/f.npy", "--quiet",
            ])
            #expect(command.status == 0)
            #expect(
                command.errors
                    == "cai: warning: 1 of 4 galaxies have flags and no features: 1 with pixels missing or not finite\n"
            )
            let values = try array(folder + "/f.npy").floats()
            #expect(values[24..<48].allSatisfy { $0.isNaN } && values[48...].allSatisfy { $0.isFinite })
        }
    }

    @Test("cai embed refuses invalid arguments in one line, and leaves no file")
    func failures() throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = ["embed", "--weights", autoencoderWeights, Tiny.partition, "-o", folder + "/f.npy"]
            try expectFailure(
                try Command.run(arguments + ["--layer", "fc_norm"]), saying: ["has no layer fc_norm"], folder: folder,
                leaving: [])
            for (more, part) in [
                (["--layer", "head"], "--layer"), (["--dtype", "f64"], "--dtype"),
                (["--threads", "0"], "--threads: expected 1 to 4096, found 0"),
            ] {
                let command = try Command.run(arguments + more)
                #expect(command.status == 2 && command.errors.contains(part), "\(command.errors)")
            }
            let named = try Command.run(["embed", Tiny.partition, "-o", folder + "/f.csv"])
            #expect(named.status == 2 && named.errors.contains("--output: expected a name ending in .npy"))
            let empty = folder + "/e.safetensors"
            try TensorTable().write(to: empty)
            try expectFailure(
                try Command.run(["embed", "--weights", autoencoderWeights, empty, "-o", folder + "/f.npy"]),
                saying: ["e.safetensors: holds no cutouts"], folder: folder, leaving: ["e.safetensors"])
        }
    }
}
