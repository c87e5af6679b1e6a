import Foundation
import TestSupport
import Testing

/// Command lines as a new user may mistype them: the exit status, and the one line that states what is wrong, what was
/// looked for and what was found.
@Suite("Messages for wrong command lines")
struct MessageTests {
    @Test(
        "A wrong path, folder or ending is named, with what was expected",
        arguments: [
            ("infer none.pt", 1, "none.pt: no such file or folder"),
            ("infer empty -o o.csv", 1, "empty: the folder has no galaxy files (.pt, .pth, "),
            (
                "infer texts -o o.csv", 1,
                "found 2 other files (1 .csv, 1 .txt): if they are galaxies, give 'texts/*.csv'"
            ),
            ("infer empty.pt -o o.csv", 1, "empty.pt: is empty"),
            ("infer cut.pt -o o.csv", 1, "cut.pt: zip: no end of directory: the file is cut short"),
            ("infer text.pt -o o.csv", 1, "text.pt: is of no known format (PyTorch, safetensors, "),
            ("infer good.pt -o o.txt", 2, "--output: expected a name ending in .csv, .csv.gz, "),
            ("infer good.pt -o none/o.csv", 1, "none/o.csv: cannot be written: the folder 'none/' does not exist"),
            ("infer good.pt -o good.pt", 2, "found 'good.pt'"), ("infer good.pt good.pt", 1, "good.pt: is given twice"),
            ("evaluate none.csv", 1, "none.csv: no such file"), ("evaluate empty", 1, "empty: is a folder, not a file"),
            ("evaluate table.csv", 1, "table.csv: line 1: expected one column z_phot, found 0 in \"object_id,u,g,r\""),
            ("report empty", 1, "empty: expected a run (predictions.csv or combined_data.json) or a tree of runs"),
            ("report z.csv -o none/p.html", 1, "none/p.html: cannot be written"),
            ("inspect none", 1, "none: cannot be opened: No such file or directory"),
            ("inspect empty", 1, "empty: is a folder, not a file"),
            ("merge empty -o m.csv", 1, "empty: no outputs of ranks"),
            ("merge z.csv -o m.csv", 1, "z.csv: no .rank.json beside it: it is not an output of a rank"),
            ("index empty -o i.json", 1, "empty: the folder has no galaxy files"),
            ("stats none", 1, "none: no such folder"), ("stats z.csv", 1, "z.csv: expected a folder, found a file"),
            ("stats empty", 1, "empty: expected runs, as result-partition-25MB/1GB/1/combined_data.json, found none"),
            ("cost empty", 1, "empty: expected combined_data.json"), ("demo -o z.csv", 1, "z.csv: is not a folder"),
            ("verify good.pt --reference none.npy", 1, "none.npy: cannot be opened: No such file or directory"),
            ("calibrate z.csv -o c.json", 1, "z.csv: does not state its weights: expected a record beside it"),
            ("convert good.pt -o w.safetensors", 1, "good.pt: no AstroMAE network: expected a tensor 'patch_embed."),
            ("convert good.pt -o w.pt", 2, "--output: expected a name ending in .safetensors, found 'w.pt'"),
        ] as [(String, Int32, String)])
    func paths(line: String, status: Int32, message: String) throws { try check(line, status, message) }

    @Test(
        "Missing and wrong names, weights and tables are named, with what the file has",
        arguments: [
            ("infer good.pt -w none.pt", 1, "none.pt: cannot be opened: No such file or directory"),
            ("infer good.pt -w good.pt", 1, "good.pt: no AstroMAE network: expected a tensor 'patch_embed."),
            ("infer good.pt -w empty", 1, "empty: is a folder, not a file"),
            (
                "infer good.pt --images pixels", 1,
                "good.pt: pixels: is not there: found tensors.0, tensors.1, tensors.2"
            ),
            ("infer good.pt --magnitudes mags", 1, "good.pt: mags: is not there: found tensors.0, "),
            ("infer weights.pt", 1, "weights.pt: is not a galaxy file: expected tensors.0 and tensors.1"),
            ("infer good.pt --table none.csv", 1, "none.csv: cannot be opened: No such file or directory"),
            (
                "infer good.pt --table table.csv", 1,
                "table.csv: magnitudes: expected columns u, g, r, i, z, found u, g, r"
            ),
            (
                "infer good.pt --bands ugri", 1,
                "tensors.0: expected images of 4 bands, as --bands has them, found shape"
            ),
            ("infer good.pt -o o.csv --calibration typo.json", 1, "typo.json: expected the key kind, found none"),
            ("reconstruct good.pt -o r.npz -w weights.pt", 1, "is a redshift network (it has "),
        ] as [(String, Int32, String)])
    func contents(line: String, status: Int32, message: String) throws { try check(line, status, message) }

    @Test(
        "Errors in a payload name its file and key",
        arguments: [
            ("run none.json", 1, "none.json: no such file"),
            ("run text.pt --store STORE", 1, "text.pt: expected JSON, found 'text\n'"),
            ("run array.json --store STORE", 1, "array.json: expected an object, found an array of 1"),
            ("run no-path.json --store STORE", 1, "no-path.json: result_path: expected a name, found nothing"),
            ("run value.json --store STORE", 1, "value.json: batch_size: expected a whole number from 1 to 1048576"),
            ("run bucket.json --store STORE", 1, "/dat: no such bucket: expected a folder"),
            ("run prefix.json --store STORE", 1, "in data_prefix 'two' of data_bucket 'data', found nothing"),
            ("run typo.json --store STORE/none", 1, "--store: "),
            ("run typo.json --store store", 2, "file:///dir or s3://"),
            ("worker array.json --store STORE", 1, "array.json: expected an object, found an array of 1"),
            ("summarize array.json --store STORE", 1, "array.json: expected manifest {bucket, key}"),
            ("launch none.json --dry-run", 1, "none.json: no such file"),
            ("launch typo.json --state-machine foo", 2, "expected arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"),
        ] as [(String, Int32, String)])
    func payloads(line: String, status: Int32, message: String) throws { try check(line, status, message) }

    @Test(
        "Options that are wrong, or wrong for the command, are named",
        arguments: [
            ("infer good.pt --thread 2", 2, "Unknown option '--thread'. Did you mean '--threads'?"),
            ("infer good.pt --batch-size 0", 2, "--batch-size: expected 1 to 8192, found 0"),
            ("infer good.pt --resume", 2, "--resume: expected --output with a file here, found '-'"),
            ("infer good.pt --json", 2, "--json: it is written to the standard output, and so are the predictions"),
            ("infer good.pt -o o.csv --rank 3", 2, "--rank: expected --world-size with it"),
            ("infer good.pt -o o.csv --rank 3 --world-size 2", 2, "--rank: expected 0 to 1, found 3"),
            ("infer good.pt -n 5 --share files", 2, "--limit: expected no --share files with it"),
            ("embed good.pt -o f.npy --table z.csv", 2, "--table: this command reads only images and object_id"),
            ("embed good.pt", 2, "Missing expected argument '--output <out>'"),
            ("reconstruct good.pt -o r.npz --mask-ratio 2", 2, "--mask-ratio: expected more than 0 and less than 1"),
            ("split good.pt -o parts", 2, "expected --partition-size or --rows"),
            ("merge z.csv", 2, "expected --output"),
            ("cost", 2, "expected a run, --requests with --duration, --galaxies or --published"),
            ("experiment good.pt -o tree --vary size 1GB", 2, "--vary: expected data-size, batch-size, partition-size"),
        ] as [(String, Int32, String)])
    func options(line: String, status: Int32, message: String) throws { try check(line, status, message) }

    @Test("The other files of an input folder, and a replaced output, are notices")
    func notices() throws {
        try Self.withFiles { folder in
            let arguments = ["infer", "mixed", "-o", "o.csv", "-w", Fixture.path("tiny/normalcell.pt")]
            let others =
                "cai: notice: mixed: not read: 3 other files (2 .dat, 1 .txt): if they are galaxies, give 'mixed/*.dat'"
            let first = try Command.run(arguments, in: folder)
            #expect(first.status == 0 && first.errorLines.contains(Substring(others)), "\(first.errors)")
            #expect(!first.errors.contains("replaced"))
            let second = try Command.run(arguments, in: folder)
            #expect(second.errors.contains("cai: notice: o.csv: replaced an existing file\n"), "\(second.errors)")
            // Without a journal, --resume computes all of it again.
            let resumed = try Command.run(arguments + ["--resume"], in: folder)
            #expect(resumed.errors.contains("cai: notice: o.csv: replaced an existing file\n"), "\(resumed.errors)")
            // A complete part is left as it is.
            let rank = arguments + ["--rank", "0", "--world-size", "2"]
            #expect(try Command.run(rank, in: folder).status == 0)
            let complete = try Command.run(rank + ["--resume"], in: folder)
            #expect(complete.status == 0 && !complete.errors.contains("replaced"), "\(complete.errors)")
            #expect(try Command.run(arguments + ["--quiet"], in: folder).errors.isEmpty)
        }
    }

    private func check(
        _ line: String, _ status: Int32, _ message: String, location: SourceLocation = #_sourceLocation
    ) throws {
        try Self.withFiles { folder in
            let words = line.replacing("STORE", with: "file://\(folder)/store").split(separator: " ").map(String.init)
            let command = try Command.run(
                words, in: folder, environment: ["CAI_WEIGHTS": Fixture.path("tiny/normalcell.pt")])
            let shown = message.replacing("\n", with: "\\u{A}")
            #expect(command.status == status && command.output.isEmpty, "\(command.errors)", sourceLocation: location)
            #expect(command.errorLines.count == 1, "\(command.errors)", sourceLocation: location)
            #expect(command.errors.hasPrefix("cai: error: "), "\(command.errors)", sourceLocation: location)
            #expect(command.errors.contains(shown), "\(command.errors)", sourceLocation: location)
        }
    }

    /// A folder with the files of a user.
    private static func withFiles(_ body: (String) throws -> Void) throws {
        try Fixture.withTemporaryFolder { folder in
            let files = FileManager.default
            for name in ["empty", "texts", "mixed", "store/results", "store/data/one"] {
                try files.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
            }
            let galaxies = try Data(contentsOf: URL(fileURLWithPath: Tiny.partition))
            let input = #""bucket": "results", "data_bucket": "data""#
            let texts = [
                "empty.pt": "", "text.pt": "text\n", "z.csv": "z_phot,z_spec\n0.1,0.1\n0.2,0.3\n",
                "table.csv": "object_id,u,g,r\n1,2,3,4\n", "texts/readme.txt": "text", "texts/a.csv": "a",
                "mixed/notes.txt": "text", "mixed/b.dat": "b", "mixed/c.dat": "c", "array.json": "[1]",
                "no-path.json": "{\(input)}", "typo.json": #"{\#(input), "result_path": "run", "batchsize": 5}"#,
                "value.json": #"{\#(input), "result_path": "run", "batch_size": "many"}"#,
                "bucket.json": #"{"bucket": "results", "result_path": "run", "data_bucket": "dat"}"#,
                "prefix.json": #"{\#(input), "result_path": "run", "data_prefix": "two"}"#,
            ]
            for (name, text) in texts { try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name)) }
            for name in ["good.pt", "mixed/1.pt", "store/data/one/1.pt"] {
                try galaxies.write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            try galaxies.prefix(galaxies.count / 2).write(to: URL(fileURLWithPath: folder + "/cut.pt"))
            try files.copyItem(atPath: Fixture.path("tiny/normalcell.pt"), toPath: folder + "/weights.pt")
            try body(folder)
        }
    }
}
