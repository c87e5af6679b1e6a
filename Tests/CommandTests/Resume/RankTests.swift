import Foundation
import TensorFiles
import TestSupport
import Testing

@Test(
    "Merged ranks have the bytes of one command's output", arguments: [1, 2, 3, 8], ["csv", "jsonl", "npy"])
func ranksAreOneRun(worldSize: Int, ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        #expect(try Ranks.run(inputs + ["-o", "whole.\(ending)"], in: folder).status == 0)
        for rank in (0..<worldSize).reversed() {
            let command = try Ranks.run(
                inputs + ["-o", "z.\(ending)", "--rank", "\(rank)", "--world-size", "\(worldSize)"], in: folder)
            #expect(command.status == 0, "\(command.errors)")
        }
        let parts = try names(in: folder).filter { $0.contains(".rank-") && $0.hasSuffix("." + ending) }
        #expect(parts.count == worldSize)
        let merge = try Command.run(["merge"] + parts + ["-o", "z.\(ending)"], in: folder)
        #expect(merge.status == 0, "\(merge.errors)")
        #expect(merge.errors.contains("79 galaxies of \(worldSize) rank"))
        #expect(try Ranks.bytes("\(folder)/z.\(ending)") == Ranks.bytes("\(folder)/whole.\(ending)"))
    }
}

@Test(
    "Merged ranks have the bytes of one command's output where some ranks have no galaxies",
    arguments: ["csv", "jsonl", "npy"])
func emptyRanks(ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder) + ["--limit", "2"]
        #expect(try Ranks.run(inputs + ["-o", "whole.\(ending)"], in: folder).status == 0)
        for rank in 0..<3 {
            let command = try Ranks.run(
                inputs + ["-o", "z.\(ending)"], in: folder, environment: ["RANK": "\(rank)", "WORLD_SIZE": "3"])
            #expect(command.status == 0, "\(command.errors)")
        }
        #expect(try Command.run(["merge", ".", "-o", "z.\(ending)"], in: folder).status == 0)
        #expect(try Ranks.bytes("\(folder)/z.\(ending)") == Ranks.bytes("\(folder)/whole.\(ending)"))
    }
}

@Test("A rank's sidecar and JSON summary have the rank's galaxies")
func sidecarContents() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        let command = try Ranks.run(inputs + ["-o", "z.csv", "--rank", "1", "--world-size", "3", "--json"], in: folder)
        #expect(command.errors.contains("cai: notice: rank 1 of 3 (--rank), to \(Ranks.part(1, of: 3))"))
        // 79 = 3 * 26 + 1.
        let rank = try #require(try object(command.output)["rank"] as? [String: Int])
        #expect(rank == ["rank": 1, "world_size": 3, "start": 27, "end": 53, "total": 79])
        #expect(try object(command.output)["galaxies"] as? Int == 26)
        #expect(try object(command.output)["output"] as? String == Ranks.part(1, of: 3))
        let sidecar = try object(try text(of: "\(folder)/\(Ranks.part(1, of: 3)).rank.json"))
        #expect(sidecar["start"] as? Int == 27 && sidecar["end"] as? Int == 53 && sidecar["total"] as? Int == 79)
        let output = try #require(sidecar["output"] as? [String: Any])
        #expect(output["bytes"] as? Int == (try Ranks.bytes("\(folder)/\(Ranks.part(1, of: 3))").count))
        #expect((output["sha256"] as? String)?.count == 64)
        // sha256sum Tests/Fixtures/tiny/normalcell.pt
        let weights = try #require(sidecar["weights"] as? [String: String])
        #expect(weights["identity"] == "sha256:7d8f8a3174ecba914a704c4cca78e118ac855d9f681d47d159576bda00e4b15b")
        #expect((sidecar["inputs"] as? [String: Any])?["files"] as? Int == 3)
        // Rows keep the row numbers of their files.
        let lines = try text(of: "\(folder)/\(Ranks.part(1, of: 3))").split(separator: "\n")
        #expect(lines.count == 27 && lines[1].hasPrefix("a:27,a.safetensors,27,"))
        #expect(lines.last?.hasPrefix("c:10,c.safetensors,10,") == true)
    }
}

@Test("A rank reads only the headers of files outside its share")
func othersAreNotRead() throws {
    try Fixture.withTemporaryFolder { folder in
        // A damaged magnitude: only reading its row or comparing the archive's checksums detects it.
        var zip = try TensorTable.partition().npz(deflated: false)
        let entry = try #require(zip.entries.firstIndex { $0.name.contains("magnitudes") })
        zip.entries[entry].data[zip.entries[entry].data.count - 1] ^= 1
        try TensorTable.partition().write(to: folder + "/a.safetensors")
        try Data(zip.bytes).write(to: URL(fileURLWithPath: folder + "/b.npz"))
        // Ranks 0 and 1 have a's 37 galaxies except the last; rank 2 has that and b's first, and checks all of b.
        let world = ["a.safetensors", "b.npz", "-o", "z.csv", "--limit", "72", "--world-size", "4", "--rank"]
        for rank in [0, 1, 3] { #expect(try Ranks.run(world + ["\(rank)"], in: folder).status == 0) }
        let owner = try Ranks.run(world + ["2"], in: folder)
        #expect(owner.status == 1 && owner.errors.contains("b.npz"), "\(owner.errors)")
        #expect(try Command.run(["merge", ".", "--missing-ranks"], in: folder).output == "2\n")
    }
}

@Test("The rank of the environment is used, and ignored with --whole")
func environmentRank() throws {
    try Fixture.withTemporaryFolder { folder in
        let environment = ["SLURM_PROCID": "1", "SLURM_NTASKS": "2"]
        let ranked = try Ranks.run([Tiny.partition, "-o", "z.csv"], in: folder, environment: environment)
        #expect(ranked.status == 0 && ranked.errors.contains("rank 1 of 2 (SLURM_PROCID in the environment): "))
        let whole = try Ranks.run([Tiny.partition, "-o", "z.csv", "--whole"], in: folder, environment: environment)
        #expect(whole.status == 0)
        #expect(
            try names(in: folder)
                == ["z.csv", "z.csv.run.json", Ranks.part(1, of: 2), Ranks.part(1, of: 2) + ".rank.json"])
        let one = try Ranks.run([Tiny.partition], in: folder, environment: ["SLURM_PROCID": "0", "SLURM_NTASKS": "1"])
        #expect(one.status == 0 && one.outputLines.count == 38)
        for (variables, message) in [
            (environment, "rank 1 of 2 (SLURM_PROCID): expected --output with a file's name"),
            (["RANK": "1"], "the number of ranks is not known"),
        ] {
            let wrong = try Ranks.run([Tiny.partition], in: folder, environment: variables)
            #expect(wrong.status == 2 && wrong.errorLines.count == 1 && wrong.errors.contains(message))
        }
    }
}

@Test("Variables of MPI's launchers share the galaxies, and the notice says which rank, why, and how to run all")
func launchedRanks() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        #expect(try Ranks.run(inputs + ["-o", "whole.csv"], in: folder).status == 0)
        let kinds = [
            ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"),
            ("FLUX_TASK_RANK", "FLUX_JOB_SIZE"),
        ]
        for (rank, kind) in kinds.enumerated() {
            let command = try Ranks.run(
                inputs + ["-o", "z.csv"], in: folder, environment: [kind.0: "\(rank)", kind.1: "3"])
            #expect(command.status == 0)
            #expect(
                command.errors.contains(
                    "cai: notice: rank \(rank) of 3 (\(kind.0) in the environment): its galaxies alone are run, to "
                        + "\(Ranks.part(rank, of: 3)); --whole runs all\n"), "\(command.errors)")
        }
        #expect(try Command.run(["merge", "z.rank-*", "-o", "z.csv"], in: folder).status == 0)
        #expect(try Ranks.bytes(folder + "/z.csv") == Ranks.bytes(folder + "/whole.csv"))
    }
}

@Test("The index of a job array is not a rank: a warning, which --quiet shows, names --rank and --whole")
func arrayIndex() throws {
    for variables in [["SGE_TASK_ID": "3", "SGE_TASK_LAST": "8"], ["PBS_ARRAY_INDEX": "3"], ["LSB_JOBINDEX": "3"]] {
        func run(_ options: [String]) throws -> Command {
            try Ranks.run([Tiny.partition, "--quiet"] + options, in: "/", environment: variables)
        }
        let command = try run([])
        #expect(command.status == 0 && command.outputLines.count == 38)
        #expect(
            command.errors.contains(
                " is 3: the index of a job array is not read as a rank: all galaxies are run; --rank "),
            "\(command.errors)")
        #expect(try run(["--whole"]).errors.isEmpty)
    }
}

@Test(
    "Invalid ranks and merges are refused",
    arguments: [
        ["infer", "x.pt", "-o", "z.csv", "--rank", "0"], ["infer", "x.pt", "-o", "z.csv", "--world-size", "2"],
        ["infer", "x.pt", "-o", "z.csv", "--rank", "2", "--world-size", "2"],
        ["infer", "x.pt", "-o", "z.csv", "--rank", "0", "--world-size", "0"],
        ["infer", "x.pt", "-o", "z.csv", "--rank", "0", "--world-size", "2", "--whole"],
        ["infer", "x.pt", "-o", "{rank}.csv"], ["merge"], ["merge", "a.csv"], ["merge", "a.csv", "-o", "z.txt"],
        ["merge", "a.csv", "-o", "z.csv", "--missing-ranks"], ["merge", "", "-o", "z.csv"],
    ])
func wrongRanks(arguments: [String]) throws {
    let command = try Command.run(arguments)
    #expect(command.status == 2 && command.errorLines.count == 1, "\(command.errors)")
    #expect(command.errors.hasSuffix("(see 'cai \(arguments[0]) --help')\n"))
}
