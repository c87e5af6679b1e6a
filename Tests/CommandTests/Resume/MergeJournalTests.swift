import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@Test("cai merge names the journals of unfinished ranks, and how to resume them")
func mergeNamesJournals() throws {
    try Fixture.withTemporaryFolder { folder in
        try TensorTable.partition(copies: 60).write(to: folder + "/p.safetensors")
        func infer(_ rank: Int, fileBlocks: Int? = nil, _ further: [String] = []) throws -> Command {
            try Ranks.run(
                ["p.safetensors", "-o", "z.csv", "--rank", "\(rank)", "--world-size", "4", "--quiet"] + further,
                in: folder, fileBlocks: fileBlocks)
        }
        func merge(_ arguments: [String]) throws -> String {
            let command = try Command.run(["merge"] + arguments + ["-o", "z.csv"], in: folder)
            #expect(command.status == 1 && command.errorLines.count == 1)
            return command.errors
        }
        let journals = (0..<4).map { Ranks.part($0, of: 4) + ".partial" }
        #expect(try infer(1, fileBlocks: 20).status == 1)
        #expect(try names(in: folder) == ["p.safetensors", journals[1]])
        let one = "\(journals[1]) is kept: resume that rank with --resume\n"
        for (argument, what) in [
            (".", "no outputs of ranks (.rank.json) there"), ("z.rank-*.csv", "the pattern matches no file"),
            ("z.*", "no outputs of ranks (.rank.json) there"), (Ranks.part(1, of: 4), "no such file or folder"),
        ] { #expect(try merge([argument]) == "cai: error: \(argument): \(what); \(one)") }

        #expect(try infer(0).status == 0)
        let two = try merge(["z.rank-*.csv"])
        #expect(two == "cai: error: expected 4 ranks, found 1: missing 1-3; \(one)")
        #expect(try merge(["."]) == two && merge(["z.*"]) == two)
        #expect(try infer(3, fileBlocks: 20).status == 1)
        #expect(
            try merge(["."])
                == "cai: error: expected 4 ranks, found 1: missing 1-3; \(journals[1]), \(journals[3]) are kept: resume "
                + "those ranks with --resume\n")
        // The journal of a running rank is locked, as this test locks it.
        let lock = try RecordLog(path: "\(folder)/\(journals[3])")
        #expect(
            try merge(["."])
                == "cai: error: expected 4 ranks, found 1: missing 1-3; \(one.dropLast()); running: \(journals[3])\n")
        lock.close()
        for rank in 1...3 { #expect(try infer(rank, ["--resume"]).status == 0) }
        #expect(try Command.run(["merge", ".", "-o", "z.csv"], in: folder).status == 0)
        let whole = try Ranks.run(["p.safetensors", "-o", "whole.csv", "--quiet"], in: folder)
        #expect(whole.status == 0)
        #expect(try Ranks.bytes(folder + "/z.csv") == Ranks.bytes(folder + "/whole.csv"))
    }
}

@Test("Journals of ranks are found under any output name")
func mergeNamesJournalsOfAnyName() throws {
    try Fixture.withTemporaryFolder { folder in
        try TensorTable.partition(copies: 60).write(to: folder + "/p.safetensors")
        try FileManager.default.createDirectory(atPath: folder + "/0000", withIntermediateDirectories: true)
        // The folder's name contains the digits of a rank, but is not part of the output's name.
        let words = ["p.safetensors", "-o", "0000/{rank}.csv", "--world-size", "4", "--quiet", "--rank"]
        #expect(try Ranks.run(words + ["0"], in: folder).status == 0)
        #expect(try Ranks.run(words + ["2"], in: folder, fileBlocks: 20).status == 1)
        let merge = try Command.run(["merge", "0000/0000.csv", "-o", "z.csv"], in: folder)
        #expect(
            merge.errors
                == "cai: error: expected 4 ranks, found 1: missing 1-3; 0000/0002.csv.partial is kept: resume that rank "
                + "with --resume\n")
    }
}
