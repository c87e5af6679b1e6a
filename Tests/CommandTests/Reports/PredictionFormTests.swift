import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

private let forms = ["csv", "csv.gz", "jsonl", "fits", "h5"]

/// Writes predictions of the small partition in that format, without the record beside them.
private func infer(into path: String) throws {
    let command = try Command.infer([Tiny.partition, "-o", path, "--quiet"])
    #expect(command.status == 0, "\(command.errors)")
    try? FileManager.default.removeItem(atPath: path + ".run.json")
}

/// The results of evaluate and report for a file: the measures as JSON, and the page, without the origin that FITS and
/// HDF5 state.
private func results(of path: String, in folder: String) throws -> [String] {
    let outputs = try [["evaluate", path, "--json"], ["report", path, "-o", "-", "--title", "t"]].map { arguments in
        let command = try Command.run(arguments, in: folder)
        #expect(command.status == 0, "\(command.errors)")
        return command.output.replacingOccurrences(of: (path as NSString).lastPathComponent, with: "z")
    }
    var measures = try object(outputs[0])
    measures["made_of"] = nil
    let json = try JSONSerialization.data(withJSONObject: measures, options: .sortedKeys)
    return [String(decoding: json, as: UTF8.self), outputs[1].replacing(#/ Made with [^<]*/#, with: "")]
}

@Test("evaluate and report give the same measures and page for predictions in every format with z_spec")
func formsAgree() throws {
    try Fixture.withTemporaryFolder { folder in
        try infer(into: folder + "/z.csv")
        let expected = try results(of: "z.csv", in: folder)
        for form in forms {
            try infer(into: folder + "/z." + form)
            #expect(try results(of: "z." + form, in: folder) == expected, "\(form)")
        }
        try FileManager.default.moveItem(atPath: folder + "/z.csv.gz", toPath: folder + "/z.txt")
        #expect(try results(of: "z.txt", in: folder) == expected, "a compressed file without .gz in its name")
    }
}

@Test("evaluate and report read each format from a pipe", arguments: forms)
func formsFromPipes(form: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z." + form
        try infer(into: path)
        let expected = try Command.run(["evaluate", path, "--json"]).output
        let script =
            "cat \"$1\" | \"$0\" evaluate /dev/stdin --json && cat \"$1\" | \"$0\" report /dev/stdin -o \"$1.html\""
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script, Command.path, path]
        shell.standardOutput = output
        try shell.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
        #expect(try text(of: path + ".html").contains("37 galaxies, compared"))
    }
}

@Test(
    "A .npy array of predictions has no z_spec: evaluate and report refuse it in one line",
    arguments: ["evaluate", "report"])
func arrayWithoutKnownRedshifts(command: String) throws {
    try Fixture.withTemporaryFolder { folder in
        try infer(into: folder + "/z.npy")
        let result = try Command.run([command, "z.npy"], in: folder)
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(
            result.errors == "cai: error: z.npy: is a .npy array, which holds z_phot only: z_spec is in .csv, .csv.gz, "
                + ".jsonl, .fits and .h5\n")
        #expect(try names(in: folder) == ["z.npy"])
    }
}

@Test("Predictions truncated anywhere are refused in one line", arguments: forms)
func predictionsCutShort(form: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z." + form
        try infer(into: path)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        // The last bytes of a FITS file are padding of its last block, and may be missing.
        for count in [0, 3, 90, whole.count / 3, form == "fits" ? 3000 : whole.count - 3] {
            try whole.prefix(count).write(to: URL(fileURLWithPath: path))
            for command in ["evaluate", "report"] {
                let result = try Command.run([command, path, "--json"], in: folder)
                #expect(result.status == 1 && result.output.isEmpty, "\(command) of \(count) bytes")
                #expect(result.errorLines.count == 1 && result.errors.contains(path), "\(result.errors)")
            }
        }
    }
}

@Test("Predictions without galaxies are refused in one line in every format", arguments: forms)
func predictionsWithoutRows(form: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z." + form
        let columns = [
            TableColumn("z_phot", .float32, description: ""), TableColumn("z_spec", .float64, description: ""),
        ]
        switch form {
        case "fits":
            var writer = try FITSTableWriter(path: path, name: "T", columns: columns, rows: 0, notes: [])
            try writer.finish()
        case "h5":
            var writer = try HDF5TableWriter(path: path, columns: columns, rows: 0, notes: [])
            try writer.finish()
        default:
            let text = form == "jsonl" ? "\n" : "z_phot,z_spec\n"
            let stream = GzipStream()
            let bytes = form == "csv.gz" ? stream.deflate(Array(text.utf8)) + stream.finish() : Array(text.utf8)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        for command in ["evaluate", "report"] {
            let result = try Command.run([command, path], in: folder)
            #expect(result.status == 1 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.hasPrefix("cai: error: \(path): no galaxies"), "\(result.errors)")
        }
    }
}
