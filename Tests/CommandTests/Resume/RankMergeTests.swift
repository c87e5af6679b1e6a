import Foundation
import TestSupport
import Testing

@Test("Missing ranks are named, and nothing is written")
func missingRanks() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        for rank in [1, 5] {
            #expect(
                try Ranks.run(inputs + ["-o", "{rank}.csv", "--rank", "\(rank)", "--world-size", "6"], in: folder)
                    .status == 0
            )
        }
        let before = try names(in: folder)
        let merge = try Command.run(["merge", "000*.csv", "-o", "z.csv"], in: folder)
        #expect(merge.status == 1)
        #expect(merge.errors == "cai: error: expected 6 ranks, found 2: missing 0,2-4\n")
        #expect(try names(in: folder) == before)
        #expect(try Command.run(["merge", ".", "--missing-ranks"], in: folder).output == "0,2-4\n")
        // Killed before its sidecar, a rank is missing too.
        try FileManager.default.removeItem(atPath: folder + "/0005.csv.rank.json")
        let unfinished = try Command.run(["merge", "000*.csv", "-o", "z.csv"], in: folder)
        #expect(unfinished.errors.contains("missing 0,2-5; not finished: 0005.csv"))
    }
}

@Test("Ranks with removed or truncated parts are missing, ranks without galaxies are not")
func missingParts() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        for rank in 0..<4 {
            let command = try Ranks.run(
                inputs + ["-o", "z.npy", "--limit", "3", "--rank", "\(rank)", "--world-size", "4"], in: folder)
            #expect(command.status == 0, "\(command.errors)")
        }
        func missing(_ argument: String) throws -> String {
            let command = try Command.run(["merge", argument, "--missing-ranks"], in: folder)
            #expect(command.status == 0, "\(command.errors)")
            return command.output
        }
        #expect(try missing(".") == "\n")
        let last = "\(folder)/\(Ranks.part(3, of: 4, ending: "npy"))"
        #expect(try truncate(last, off_t(Ranks.bytes(last).count - 1)) == 0)
        #expect(try missing(".") == "3\n")
        try FileManager.default.removeItem(atPath: "\(folder)/\(Ranks.part(1, of: 4, ending: "npy"))")
        #expect(try missing(".") == "1,3\n")
        #expect(try missing("*.rank.json") == "1,3\n")
        try FileManager.default.removeItem(atPath: "\(folder)/\(Ranks.part(2, of: 4, ending: "npy")).rank.json")
        #expect(try missing(".") == "1-3\n")
        for rank in 1..<4 {
            let command = try Ranks.run(
                inputs + ["-o", "z.npy", "--limit", "3", "--resume", "--rank", "\(rank)", "--world-size", "4"],
                in: folder)
            #expect(command.status == 0, "\(command.errors)")
        }
        #expect(try missing(".") == "\n")
        #expect(try Command.run(["merge", ".", "-o", "z.npy"], in: folder).status == 0)
    }
}

/// Ways in which parts differ from those of one run.
private enum Fault: String, CaseIterable {
    case otherWeights, otherInputs, otherHeads, otherWorld, twice, damaged, truncated, gone, sidecar,
        otherArithmetic, otherForm, otherTable

    var message: String {
        switch self {
        case .otherWeights: "expected the weights of z.rank-0000-of-0002.csv, sha256:"
        case .otherInputs: "expected the inputs of z.rank-0000-of-0002.csv, 3 files, "
        case .otherHeads: "expected the options of z.rank-0000-of-0002.csv, none, found --num-heads 3"
        case .otherWorld: "expected the number of ranks of z.rank-0000-of-0002.csv, 2, found 3"
        case .twice: "rank 1 has two parts: "
        case .damaged: "is not what its .rank.json describes: run rank 1 again"
        case .truncated: "bytes, as its .rank.json states, found "
        case .gone: "bytes, as its .rank.json states, found no file"
        case .sidecar: "expected the sidecar of a rank's output, found no '"
        case .otherArithmetic: "ranks differ in arithmetic: 0 other (1), "
        case .otherForm: "expected csv, as z.rank-0000-of-0002.csv is"
        // (echo redshift; yes 0.5 | head -74) | sha256sum
        case .otherTable:
            "expected the options of z.rank-0000-of-0002.csv, --table t.csv "
                + "(sha256:79c0cc0f8cbfa58d7915daed165c075df6d2a9b1a44f5841643c1168695b482b), found --table t.csv"
        }
    }
}

/// A table for two files of 37 galaxies each, row for row.
private func writeTable(redshift: String, to path: String) throws {
    let rows = [String](repeating: redshift + "\n", count: 74)
    try Data(("redshift\n" + rows.joined()).utf8).write(to: URL(fileURLWithPath: path))
}

@Test("Parts of different instruction sets are merged, and the record states them")
func mixedInstructionSets() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        for rank in ["0", "1"] {
            let part = try Ranks.run(inputs + ["-o", "z.csv", "--world-size", "2", "--rank", rank], in: folder)
            #expect(part.status == 0, "\(part.errors)")
        }
        let own = try setMaker("instruction_set", to: "amx", in: "\(folder)/\(Ranks.part(1, of: 2)).rank.json")
        let merge = try Command.run(["merge", ".", "-o", "z.csv", "--quiet"], in: folder)
        #expect(merge.status == 0 && merge.errors.isEmpty, "\(merge.errors)")
        let record = try object(try text(of: folder + "/z.csv.run.json"))
        #expect((record["made_by"] as? [String: String])?["instruction_set"] == "amx; \(own)")
        #expect((record["choices"] as? [String: String])?["mixed"] == nil)
    }
}

/// Changes what a sidecar states about the program. Returns the value before.
private func setMaker(_ key: String, to value: String, in path: String) throws -> String {
    var sidecar = try object(try text(of: path))
    var maker = try #require(sidecar["made_by"] as? [String: String])
    let before = try #require(maker[key])
    maker[key] = value
    sidecar["made_by"] = maker
    try JSONSerialization.data(withJSONObject: sidecar).write(to: URL(fileURLWithPath: path))
    return before
}

@Test("Parts of different runs are refused, and nothing is written", arguments: Fault.allCases)
private func refusedMerges(fault: Fault) throws {
    try Fixture.withTemporaryFolder { folder in
        var inputs = try Ranks.makeInputs(in: folder)
        if fault == .otherTable {
            try writeTable(redshift: "0.5", to: folder + "/t.csv")
            inputs = ["a.safetensors", "c.safetensors", "--table", "t.csv"]
        }
        let world = ["-o", "z.csv", "--world-size", "2", "--rank"]
        let zero = try Ranks.run(inputs + world + ["0"], in: folder)
        #expect(zero.status == 0, "\(zero.errors)")
        var arguments = world + ["1"]
        switch fault {
        case .otherWeights: arguments += ["--weights", Fixture.path("tiny/plain-vit.pt")]
        case .otherInputs: inputs[1] = "a.safetensors"; inputs[0] = "b.safetensors"
        case .otherHeads: arguments += ["--num-heads", "3"]
        case .otherWorld: arguments = ["-o", "z.csv", "--world-size", "3", "--rank", "1"]
        case .otherForm: arguments = ["-o", "z.jsonl", "--world-size", "2", "--rank", "1"]
        case .otherTable: try writeTable(redshift: "0.6", to: folder + "/t.csv")
        default: break
        }
        let one =
            fault == .otherWeights
            ? try Command.run(["infer"] + inputs + arguments, in: folder)
            : try Ranks.run(inputs + arguments, in: folder)
        #expect(one.status == 0, "\(one.errors)")
        let path = "\(folder)/\(Ranks.part(1, of: 2))"
        switch fault {
        case .twice:
            #expect(
                try Ranks.run(inputs + ["-o", "y{rank}.csv", "--world-size", "2", "--rank", "1"], in: folder).status
                    == 0)
        case .damaged:
            var content = try Ranks.bytes(path)
            content[content.count - 2] ^= 1
            try content.write(to: URL(fileURLWithPath: path))
        case .truncated: try Ranks.bytes(path).dropLast().write(to: URL(fileURLWithPath: path))
        case .gone: try FileManager.default.removeItem(atPath: path)
        case .sidecar: try Data("{\"rank\": 1}".utf8).write(to: URL(fileURLWithPath: path + ".rank.json"))
        case .otherArithmetic: _ = try setMaker("arithmetic", to: "0 other", in: path + ".rank.json")
        default: break
        }
        let before = try names(in: folder)
        let merge = try Command.run(["merge", ".", "-o", "out.csv"], in: folder)
        #expect(merge.status == 1)
        #expect(merge.errorLines.count == 1 && merge.errors.contains(fault.message), "\(merge.errors)")
        #expect(try names(in: folder) == before)
        if fault == .otherArithmetic {
            let mixed = try Command.run(["merge", ".", "-o", "out.csv", "--allow-mixed"], in: folder)
            #expect(mixed.status == 0)
            #expect(mixed.errors.contains("cai: warning: ranks differ in arithmetic"))
        }
    }
}
