import Foundation
import TensorFiles
import TestSupport
import Testing

/// Three local files, their index `i.json`, and the output of one command, `whole/z.csv`.
private func withIndexedInputs(_ body: (_ folder: String, _ inputs: [String]) throws -> Void) throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = try Ranks.makeInputs(in: folder)
        let index = try Command.run(["index"] + inputs + ["-o", "i.json"], in: folder)
        #expect(index.status == 0 && index.errors == "79 galaxies in 3 files: i.json\n", "\(index.errors)")
        for name in ["whole", "parts", "all"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        #expect(try Ranks.run(inputs + ["-o", "whole/z.csv"], in: folder).status == 0)
        try body(folder, inputs)
    }
}

private func expectSame(_ names: [String], in folder: String) throws {
    let (first, second) = (names[0], names[1])
    #expect(try Ranks.bytes("\(folder)/\(first)") == Ranks.bytes("\(folder)/\(second)"), "\(first), \(second)")
}

@Test(
    "Ranks with an index, and of whole files, are merged into the bytes and the record of one command",
    arguments: [["--index", "i.json"], ["--share", "files"], ["--share", "files", "--index", "i.json"]])
func indexedRanks(options: [String]) throws {
    try withIndexedInputs { folder, inputs in
        for rank in 0..<3 {
            let world = ["--rank", "\(rank)", "--world-size", "3", "--json"]
            let command = try Ranks.run(inputs + world + options + ["-o", "parts/{rank}.csv"], in: folder)
            #expect(command.status == 0, "\(command.errors)")
        }
        // Sidecars of ranks that share galaxies are those without an index.
        let world = ["--rank", "1", "--world-size", "3", "--json"]
        #expect(try Ranks.run(inputs + world + ["-o", "all/{rank}.csv"], in: folder).status == 0)
        for name in ["0001.csv", "0001.csv.rank.json"] where !options.contains("files") {
            try expectSame(["all/" + name, "parts/" + name], in: folder)
        }
        let again = try Ranks.run(inputs + world + options + ["-o", "parts/{rank}.csv", "--resume"], in: folder)
        let summary = try object(again.output)
        #expect(summary["resumed"] as? Int == summary["galaxies"] as? Int, "\(again.errors)")
        // a, b and c have 37, 5 and 37 galaxies of the same size.
        let rank = try #require(summary["rank"] as? [String: Int])
        #expect(
            rank
                == (options.contains("files")
                    ? ["rank": 1, "world_size": 3, "first_file": 1, "end_file": 2, "total_files": 3]
                    : ["rank": 1, "world_size": 3, "start": 27, "end": 53, "total": 79]))
        let merge = try Command.run(["merge", "parts/", "-o", "parts/z.csv"], in: folder)
        #expect(merge.status == 0 && merge.errors.contains("79 galaxies of 3 ranks"), "\(merge.errors)")
        for name in ["z.csv", "z.csv.run.json"] { try expectSame(["whole/" + name, "parts/" + name], in: folder) }
    }
}

@Test("Ranks of galaxies and of whole files are not merged, nor resumed by each other")
func mixedShares() throws {
    try withIndexedInputs { folder, inputs in
        func run(_ rank: Int, _ options: [String]) throws -> Command {
            try Ranks.run(
                inputs + options + ["-o", "parts/{rank}.csv", "--rank", "\(rank)", "--world-size", "2"], in: folder)
        }
        #expect(try run(0, []).status == 0)
        #expect(try run(1, ["--share", "files"]).status == 0)
        let merge = try Command.run(["merge", "parts/", "-o", "z.csv"], in: folder)
        #expect(
            merge.errors
                == "cai: error: parts/0001.csv: expected the shares (--share) of parts/0000.csv, galaxies, found files\n"
        )
        let resumed = try run(1, ["--resume"])
        #expect(resumed.errors.contains("is of a run with other shares (--share): expected galaxies, found files"))
        // A listing that has changed since.
        #expect(try run(0, ["--share", "files"]).status == 0)
        try TensorTable.partition().rows(0..<9).write(to: folder + "/c.safetensors")
        #expect(try run(1, ["--share", "files"]).status == 0)
        let changed = try Command.run(["merge", "parts/", "-o", "z.csv"], in: folder)
        #expect(
            changed.errors.contains("expected the listing of inputs of parts/0000.csv, 3 files, "), "\(changed.errors)")
        #expect(
            try run(0, ["--index", "i.json"]).errors.contains("c.safetensors: is not the file that i.json describes: "))
    }
}

@Test("A table without ids needs the galaxies of all files, which an index states")
func tableOfAllRows() throws {
    try withIndexedInputs { folder, inputs in
        let rows = (0..<79).map { "0.\($0)\n" }.joined()
        try Data("redshift\n\(rows)".utf8).write(to: URL(fileURLWithPath: folder + "/t.csv"))
        let table = ["--table", "t.csv", "--join", "rows", "--quiet"]
        #expect(try Ranks.run(inputs + table + ["-o", "whole/z.csv"], in: folder).status == 0)
        let world = ["--rank", "1", "--world-size", "2"]
        let refused = try Ranks.run(inputs + table + world + ["-o", "x.csv", "--share", "files"], in: folder)
        #expect(refused.status == 1 && refused.errors.contains("t.csv: has no ids, so that the row of a rank's first"))
        for (name, options) in [("a", ["--share", "files"]), ("b", [])] {
            let command = try Ranks.run(
                inputs + table + world + options + ["-o", "\(name).csv", "--index", "i.json"], in: folder)
            #expect(command.status == 0, "\(command.errors)")
            let part = Ranks.part(1, of: 2).replacing("z.", with: name + ".")
            let lines = try text(of: "\(folder)/\(part)").split(separator: "\n").dropFirst()
            let whole = try text(of: folder + "/whole/z.csv")
            #expect(!lines.isEmpty && whole.hasSuffix(lines.joined(separator: "\n") + "\n"))
        }
        try Data("redshift\n0.5\n".utf8).write(to: URL(fileURLWithPath: folder + "/t.csv"))
        let short = try Ranks.run(inputs + table + world + ["-o", "x.csv", "--index", "i.json"], in: folder)
        #expect(short.status == 1 && short.errors.contains("t.csv: "), "\(short.errors)")
    }
}

@Test("Rows of a table that were found by other numbers of galaxies are neither resumed nor merged with others")
func tableRowsOfAnotherIndex() throws {
    try Fixture.withTemporaryFolder { folder in
        let inputs = ["a.safetensors", "b.safetensors", "c.safetensors"]
        for name in inputs { try TensorTable.partition().write(to: "\(folder)/\(name)") }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        #expect(try Command.run(["index"] + inputs + ["-o", "i.json"], in: folder).status == 0)
        // The galaxies of a and c, neither of which rank 1 opens, are wrong, their sum is not.
        let lines = try text(of: folder + "/i.json").split(separator: "\n").map(String.init)
        try write(
            [lines[0], lines[1].replacing(":37,", with: ":36,"), lines[2], lines[3].replacing(":37,", with: ":38,")]
                .joined(separator: "\n") + "\n]}\n", "wrong.json")
        try write("redshift\n" + (0..<111).map { "0.\($0)\n" }.joined(), "t.csv")
        func run(_ rank: Int, _ index: String, _ further: [String] = [], fileBlocks: Int? = nil) throws -> Command {
            try Ranks.run(
                inputs + ["--table", "t.csv", "--join", "rows", "--share", "files", "--index", index]
                    + ["-o", "{rank}.jsonl", "--rank", "\(rank)", "--world-size", "3", "--quiet"] + further,
                in: folder, fileBlocks: fileBlocks)
        }
        // The journal fits into 3 KiB, the output does not.
        #expect(try run(1, "wrong.json", fileBlocks: 6).status == 1)
        let journal = try run(1, "i.json", ["--resume"])
        #expect(
            journal.errors.contains("is of a run with other galaxies: expected 37 to 74, found 36 to 73"),
            "\(journal.errors)")
        #expect(try run(1, "wrong.json", ["--resume"]).status == 0)
        let part = try run(1, "i.json", ["--resume"])
        #expect(
            part.errors.contains("is of a run with other galaxies before its own (--index): expected 37, found 36"),
            "\(part.errors)")
        for rank in [0, 2] {
            #expect(try run(rank, "wrong.json").errors.contains("is not the file that wrong.json describes"))
            #expect(try run(rank, "i.json").status == 0)
        }
        let merge = try Command.run(["merge", "000*", "-o", "z.jsonl"], in: folder)
        #expect(
            merge.errors
                == "cai: error: 0001.jsonl: has the table's rows from 36 on, but the ranks before it have 37 galaxies: run "
                + "'cai index' again, and then rank 1\n")
        #expect(try run(1, "i.json").status == 0)
        #expect(try Command.run(["merge", "000*", "-o", "z.jsonl"], in: folder).status == 0)
        #expect(
            try Ranks.run(inputs + ["--table", "t.csv", "--join", "rows", "-o", "y.jsonl"], in: folder).status == 0)
        try expectSame(["y.jsonl", "z.jsonl"], in: folder)
    }
}

@Test("Numbers of a sidecar that overflow when they are added are an error, or the largest number")
func hugeNumbers() throws {
    try withIndexedInputs { folder, inputs in
        for rank in 0..<3 {
            let world = ["--rank", "\(rank)", "--world-size", "3"]
            #expect(
                try Ranks.run(inputs + world + ["--share", "files", "-o", "parts/{rank}.csv"], in: folder).status == 0)
        }
        let path = folder + "/parts/0000.csv.rank.json"
        var json = try object(text(of: path))
        func write(_ key: String) throws -> Command {
            var files = try #require(json["whole_files"] as? [String: Any])
            var opened = try #require(files["opened"] as? [[String: Any]])
            opened[0][key] = Int.max
            files["opened"] = opened
            json["whole_files"] = files
            try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: path))
            return try Command.run(["merge", "parts/", "-o", "z.csv"], in: folder)
        }
        #expect(try write("bytes").status == 0)
        for key in ["end", "total"] { json[key] = Int.max }
        let merge = try write("galaxies")
        #expect(
            merge.status == 1 && merge.errors.contains("numbers of galaxies are too large to be added"),
            "\(merge.errors)")
    }
}

@Test("--share files takes no --limit")
func limitOfFiles() throws {
    let command = try Command.run(["infer", "x.pt", "-o", "z.csv", "--share", "files", "--limit", "5"])
    #expect(command.status == 2 && command.errors.contains("--limit: expected no --share files with it"))
}
