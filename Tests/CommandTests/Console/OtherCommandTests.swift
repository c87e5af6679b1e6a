import Foundation
import TestSupport
import Testing

@Test(
    "cai inspect prints the network and tensors of a checkpoint",
    arguments: ["normalcell.pt", "plain-vit.pt", "kernel3.pt", "wrapped.pt"])
func inspectCheckpoint(name: String) throws {
    let path = Fixture.path("tiny/" + name)
    let text = try Command.run(["inspect", path])
    #expect(text.status == 0)
    for part in ["\(path): torch, ", "parameters  ", "network     images [5, 32, 32], patches of 8", "width 24"] {
        #expect(text.output.contains(part))
    }
    let json = try object(try Command.run(["inspect", path, "--json"]).output)
    #expect(json["format"] as? String == "torch")
    #expect(json["problem"] == nil)
    let config = try #require(json["config"] as? [String: Any])
    #expect(config["width"] as? Int == 24)
    #expect(config["blockKind"] as? String == (name == "plain-vit.pt" ? "Block" : "NormalCell"))
    #expect(try #require(json["parameters"] as? Int) > 1000)
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    let patches = try #require(
        tensors.first { ($0["name"] as? String)?.hasSuffix("patch_embed.proj.weight") == true })
    #expect(patches["dtype"] as? String == "F32")
    #expect(patches["shape"] as? [Int] == [24, 5, 8, 8])
    #expect(text.output.contains("  F32  [24, 5, 8, 8]     \(patches["name"] as? String ?? "?")\n"))
}

@Test("The demo weights have the published number of parameters")
func inspectDemoWeights() throws {
    let path = Fixture.weights("astromae-demo.safetensors")
    let command = try Command.run(["inspect", path])
    #expect(command.status == 0)
    #expect(command.output.contains("parameters  15,899,433 (without cls_token and pos_embed)\n"))
    #expect(command.output.contains("network     12 x NormalCell, width 192, 3 heads"))
    #expect(try object(try Command.run(["inspect", path, "--json"]).output)["parameters"] as? Int == 15_899_433)
}

@Test("cai inspect prints the number of galaxies of a partition")
func inspectPartition() throws {
    let command = try Command.run(["inspect", Tiny.partition])
    #expect(command.status == 0)
    #expect(command.output.contains("class       torch.utils.data.dataset.TensorDataset\n"))
    #expect(command.output.contains("galaxies    37\n"))
    #expect(command.output.contains("F64  [37, 5]           tensors.1\n"))
    let json = try object(try Command.run(["inspect", Tiny.partition, "--json"]).output)
    #expect(json["galaxies"] as? Int == 37)
    let attributes = try FileManager.default.attributesOfItem(atPath: Tiny.partition)
    #expect(json["bytes"] as? Int == (attributes[.size] as? NSNumber)?.intValue)
    #expect(json["config"] == nil)
}

@Test("cai evaluate prints both families of measures")
func evaluate() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z.csv"
        try Data("z_spec,z_phot\n0.1,0.11\n0.2,0.2\n,0.3\n0.3,0.29\n0.25,nan\n".utf8)
            .write(to: URL(fileURLWithPath: path))
        let command = try Command.run(["evaluate", path])
        #expect(command.status == 0)
        #expect(command.errors.isEmpty)
        for part in [
            "1 skipped, their z_spec is unknown: 1 with z_spec absent", "3 galaxies", "1 skipped", "reference measures",
            "MAE", "field measures", "sigma_IQR",
        ] {
            #expect(command.output.contains(part))
        }
        let json = try object(try Command.run(["evaluate", path, "--json"]).output)
        #expect(Set(json.keys) == ["galaxies", "skipped", "reference", "field", "unknown", "unknown_reasons"])
        #expect(json["galaxies"] as? Int == 3)
        let reference = try #require(json["reference"] as? [String: Double])
        #expect(abs(try #require(reference["MAE"]) - 0.02 / 3) < 1e-15)
    }
}

@Test(
    "cai evaluate refuses predictions without redshifts or galaxies",
    arguments: [
        ("", "line 1: expected a header"), ("z_phot,z_spec\n", "no galaxies"), ("z_phot\n0.1\n", "z_spec"),
        ("z_phot,z_spec\n0.1,0.1\n0.1,abc\n", "line 3: z_spec: expected a number, found \"abc\""),
    ])
func evaluateFailures(contents: String, message: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z.csv"
        try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
        let command = try Command.run(["evaluate", path])
        #expect(command.status == 1)
        #expect(command.output.isEmpty)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.hasPrefix("cai: error: \(path): "))
        #expect(command.errors.contains(message))
    }
}

@Test("cai demo and cai demo --mae write their files into one folder, and print quality, ranking and speed")
func demo() throws {
    try Fixture.withTemporaryFolder { folder in
        let out = folder + "/new/demo"
        let command = try Command.run(["demo", "--output", out])
        #expect(command.status == 0)
        #expect(try names(in: out) == ["predictions.csv", "report.html", "report.txt", "summary.json"])
        #expect(command.output.hasSuffix("report: \(out)/report.html\n"))
        let page = try text(of: out + "/report.html")
        for part in [
            "512 galaxies", "Predicted against spectroscopic redshift", "95% interval",
            "Made with weights astromae-demo.safetensors (SHA-256 ", ", precision float32, cai ",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        // Neither page nor figures have the folder of a file.
        #expect(!page.contains(folder) && !page.contains(Fixture.root))
        #expect(try text(of: out + "/report.txt") == command.output)
        for part in ["512 galaxies", "reference measures", "R2", "field measures", "galaxies/s"] {
            #expect(command.output.contains(part))
        }
        #expect(try text(of: out + "/predictions.csv").split(separator: "\n").count == 513)
        let summary = try object(try text(of: out + "/summary.json"))
        let run = try #require(summary["run"] as? [String: Any])
        #expect(run["galaxies"] as? Int == 512)
        #expect(run["output"] as? String == out + "/predictions.csv")
        let quality = try #require(summary["quality"] as? [String: Any])
        #expect(Set(quality.keys) == ["galaxies", "skipped", "reference", "field"])
        // PyTorch with these weights on these galaxies: 0.938.
        let reference = try #require(quality["reference"] as? [String: Double])
        #expect(try #require(reference["R2"]) > 0.9)
        // The autoencoder's demo in the same folder has files of other names.
        let before = try names(in: out).map { try Data(contentsOf: URL(fileURLWithPath: out + "/" + $0)) }
        let mae = try Command.run(["demo", "--mae", "--output", out])
        #expect(mae.status == 0 && mae.errors.isEmpty, "\(mae.errors)")
        let own: Set = ["predictions.csv", "report.html", "report.txt", "summary.json"]
        let kept = try names(in: out).filter(own.contains)
        #expect(try kept.map { try Data(contentsOf: URL(fileURLWithPath: out + "/" + $0)) } == before)
        #expect(
            try Set(names(in: out)).subtracting(own) == [
                "anomalies.csv", "anomalies.html", "features.ids.csv", "features.npy", "mae-report.txt",
                "reconstructed.html", "reconstructed.ids.csv", "reconstructed.npz",
            ])
        #expect(try text(of: out + "/mae-report.txt") == mae.output)
        let ranking = try text(of: out + "/anomalies.csv").split(separator: "\n")
        #expect(ranking.count == 513)
        #expect(mae.output.contains("the most unusual galaxies\n  \(ranking[1].split(separator: ",")[1])  score"))
    }
}

@Test("cai demo refuses an output folder that cannot be created")
func demoWithoutFolder() throws {
    let command = try Command.run(
        ["demo", "--output", "/proc/demo"], environment: ["CAI_WEIGHTS": Fixture.path("tiny/normalcell.pt")])
    #expect(command.status == 1)
    #expect(command.errorLines.count == 1)
    #expect(command.errors.hasPrefix("cai: error: /proc/demo"))
}
