import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

/// Rank 1 of 3 has 26 of 79 galaxies: those of a from row 27, all of b, those of c up to row 10.
private let world = ["--rank", "1", "--world-size", "3"]

/// The identity of a file and its modification time.
private func stamp(_ path: String) throws -> FileStamp { try #require(FileStamp(path: path)) }

@Test("A complete rank is neither computed nor written again", arguments: ["csv", "jsonl", "npy"])
func wholeRank(ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let arguments = try Ranks.makeInputs(in: folder) + ["-o", "z.\(ending)", "--json"] + world
        let first = try Ranks.run(arguments, in: folder)
        #expect(first.status == 0, "\(first.errors)")
        let (names, path) = (try names(in: folder), folder + "/" + Ranks.part(1, of: 3, ending: ending))
        let stamps = try [path, path + ".rank.json"].map(stamp)

        let again = try Ranks.run(arguments + ["--resume"], in: folder)
        #expect(again.status == 0)
        let part = Ranks.part(1, of: 3, ending: ending)
        #expect(
            again.errors.contains("26 galaxies were done before, and \(part) is complete: nothing to do\n"),
            "\(again.errors)")
        let (before, summary) = (try object(first.output), try object(again.output))
        #expect(before["resumed"] as? Int == 0 && summary["resumed"] as? Int == 26)
        // No thread ran, but the summary has all values.
        #expect(summary["threads"] as? Int == 0 && summary["flagged"] as? Int == 0)
        for key in ["quality", "rank", "galaxies", "output"] {
            #expect(summary[key] as? NSObject == before[key] as? NSObject)
        }
        #expect((summary["quality"] as? [String: Any])?["MAE"] is Double)
        #expect(try [path, path + ".rank.json"].map(stamp) == stamps)
        #expect(try CommandTests.names(in: folder) == names)
        // Without --resume it is written again, as any output.
        #expect(try object(try Ranks.run(arguments, in: folder).output)["resumed"] as? Int == 0)
        #expect(try stamp(path) != stamps[0])
    }
}

@Test("A rank without galaxies is complete", arguments: ["csv", "jsonl", "npy"])
func wholeEmptyRank(ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let arguments =
            try Ranks.makeInputs(in: folder) + [
                "-o", "z.\(ending)", "--limit", "2", "--rank", "2", "--world-size", "3",
            ]
        #expect(try Ranks.run(arguments, in: folder).status == 0)
        let part = Ranks.part(2, of: 3, ending: ending)
        let before = try stamp("\(folder)/\(part)")
        let again = try Ranks.run(arguments + ["--resume"], in: folder)
        #expect(again.status == 0 && again.errors.contains("\(part) is complete"), "\(again.errors)")
        #expect(try stamp("\(folder)/\(part)") == before)
    }
}

@Test("Flags of a complete rank are reported again, and are errors with --strict", arguments: ["csv", "jsonl", "npy"])
func wholeRankFlags(ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        try BrokenGalaxies.write(to: folder + "/p.safetensors")
        // Rows 19 to 36, of which 20, 21 and 36 have flags.
        let arguments = ["p.safetensors", "-o", "z.\(ending)", "--rank", "1", "--world-size", "2"]
        let first = try Ranks.run(arguments, in: folder)
        #expect(first.status == 0)
        let warning = try #require(first.errorLines.first { $0.contains("warning") })
        #expect(
            warning
                == "cai: warning: 3 of 18 galaxies have flags and no redshift: 1 with pixels missing or not finite, 1 with image all zero, "
                + "1 with magnitudes missing or not finite, 2 with magnitudes all zero")
        let again = try Ranks.run(arguments + ["--resume", "--json", "--quiet"], in: folder)
        #expect(again.status == 0 && again.errors == warning + "\n", "\(again.errors)")
        #expect(try object(again.output)["flagged"] as? Int == 3)
        let strict = try Ranks.run(arguments + ["--resume", "--strict"], in: folder)
        #expect(strict.status == 1)
        #expect(
            strict.errorLines.last
                == "cai: error: p.safetensors: row 20: expected a galaxy, found magnitudes all zero", "\(strict.errors)"
        )
        #expect(try names(in: folder).count == 3)
    }
}

@Test("A complete rank of another run is refused, and no file is changed")
func otherWholeRank() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        let arguments = inputs + ["-o", "{rank}.csv"] + world
        #expect(try Ranks.run(arguments, in: folder).status == 0)
        let (before, part) = (try names(in: folder), try Ranks.bytes(folder + "/0001.csv"))
        let sidecar = try text(of: folder + "/0001.csv.rank.json")

        func refused(_ words: [String], _ message: String, environment: [String: String] = [:]) throws {
            let command = try Ranks.run(words + ["--resume", "--quiet"], in: folder, environment: environment)
            #expect(command.status == 1 && command.errorLines.count == 1)
            #expect(
                command.errors.hasPrefix("cai: error: 0001.csv.rank.json: is of a run with other \(message)"),
                "\(command.errors)")
            #expect(command.errors.hasSuffix(": remove it, or give another --output\n"))
            #expect(try names(in: folder) == before && Ranks.bytes(folder + "/0001.csv") == part)
            #expect(try text(of: folder + "/0001.csv.rank.json") == sidecar)
        }
        try refused(
            arguments + ["--weights", Fixture.path("tiny/plain-vit.pt")],
            "weights: expected sha256:")
        try refused(arguments + ["--bands", "zirgu"], "options: expected --bands zirgu, found none")
        try refused(arguments, "arithmetic: expected ", environment: ["CAI_ISA": "portable"])
        try refused(
            inputs + ["-o", "{rank}.csv", "--rank", "1", "--world-size", "4"],
            "ranks: expected rank 1 of 4, found rank 1 of 3")
        try refused(arguments + ["--limit", "78"], "galaxies: expected 78, found 79")
        // A changed pixel of c, some of whose rows are the rank's; the length is unchanged.
        var table = try TensorTable.partition()
        table.change("images") { $0.bytes[0] ^= 1 }
        try table.write(to: folder + "/c.safetensors")
        try refused(arguments, "inputs: expected 3 files, ")
        try FileManager.default.removeItem(atPath: folder + "/0001.csv.rank.json")
        let command = try Ranks.run(arguments + ["--resume"], in: folder)
        #expect(command.status == 0, "\(command.errors)")
    }
}

/// Reasons why a rank is not proven complete.
private enum Doubt: String, CaseIterable {
    case changed, cutShort, gone, emptySidecar, otherSidecar, touched

    var message: String {
        switch self {
        case .changed: "z.rank-0001-of-0003.csv: is not what its .rank.json describes: run rank 1 again"
        case .cutShort: "bytes, as its .rank.json states, found "
        case .gone: "bytes, as its .rank.json states, found no file"
        case .emptySidecar, .otherSidecar:
            "z.rank-0001-of-0003.csv.rank.json: expected the sidecar of a rank's output"
        case .touched: "z.rank-0001-of-0003.csv: its inputs were written at other times than those of now"
        }
    }
}

@Test("A rank that is not proven complete is computed again, with the reason", arguments: Doubt.allCases)
private func doubtfulRank(doubt: Doubt) throws {
    try Fixture.withTemporaryFolder { folder in
        let arguments = try Ranks.makeInputs(in: folder) + ["-o", "z.csv"] + world
        #expect(try Ranks.run(arguments, in: folder).status == 0)
        let path = "\(folder)/\(Ranks.part(1, of: 3))"
        let (whole, sidecar) = (try Ranks.bytes(path), try Ranks.bytes(path + ".rank.json"))
        switch doubt {
        case .changed:
            var bytes = whole
            bytes[bytes.count - 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: path))
        case .cutShort: #expect(truncate(path, off_t(whole.count - 1)) == 0)
        case .gone: try FileManager.default.removeItem(atPath: path)
        case .emptySidecar: #expect(truncate(path + ".rank.json", 0) == 0)
        case .otherSidecar: try Data("{\"rank\": 1}".utf8).write(to: URL(fileURLWithPath: path + ".rank.json"))
        case .touched:
            // The same bytes with another time, as a copy has them: the copy may be a repaired one.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: folder + "/b.safetensors")
        }
        let again = try Ranks.run(arguments + ["--resume", "--quiet", "--json"], in: folder)
        #expect(again.status == 0)
        #expect(again.errorLines.count == 1 && again.errors.contains(doubt.message), "\(again.errors)")
        #expect(again.errors.hasPrefix("cai: warning: ") && again.errors.hasSuffix(": it is computed again\n"))
        #expect(try object(again.output)["resumed"] as? Int == 0)
        #expect(try Ranks.bytes(path) == whole)
        #expect(try (Ranks.bytes(path + ".rank.json") == sidecar) == (doubt != .touched))
        #expect(try object(Ranks.run(arguments + ["--resume", "--json"], in: folder).output)["resumed"] as? Int == 26)
    }
}

@Test("An unfinished run beside a part of other weights is resumed, and replaces the part")
func unfinishedBesideWhole() throws {
    try Fixture.withTemporaryFolder { folder in
        try TensorTable.partition(copies: 30).write(to: folder + "/p.safetensors")
        let arguments = ["p.safetensors", "-o", "z.csv", "--rank", "0", "--world-size", "2", "--quiet"]
        let path = "\(folder)/\(Ranks.part(0, of: 2))"
        let others = ["--weights", Fixture.path("tiny/kernel3.pt"), "--num-heads", "3"]
        #expect(try Ranks.run(arguments + others, in: folder).status == 0)
        let (part, sidecar) = (try Ranks.bytes(path), try Ranks.bytes(path + ".rank.json"))
        // 555 galaxies take some 5 kB in the journal and more than 20 kB as CSV: 10 kB fit the journal only.
        let full = try Ranks.run(arguments, in: folder, fileBlocks: 20)
        #expect(full.status == 1 && full.errors.contains("File too large"), "\(full.errors)")
        #expect(try Ranks.bytes(path) == part && Ranks.bytes(path + ".rank.json") == sidecar)
        let resumed = try Ranks.run(arguments + ["--resume", "--json"], in: folder)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try object(resumed.output)["resumed"] as? Int == 555)
        #expect(try Ranks.bytes(path) != part && Ranks.bytes(path + ".rank.json") != sidecar)
        #expect(try names(in: folder).count == 3)
        // The rank's new part is complete; the part of the other weights is gone.
        #expect(try Ranks.run(arguments + ["--resume"] + others, in: folder).status == 1)
    }
}
