import Foundation
import TestSupport
import Testing

/// Expects a run to fail: exit 1, one line that names the fault, nothing on the standard output, no file left.
func expectFailure(
    _ command: Command, saying parts: [String], folder: String, leaving files: [String],
    location: SourceLocation = #_sourceLocation
) throws {
    #expect(command.status == 1, sourceLocation: location)
    #expect(command.output.isEmpty, sourceLocation: location)
    #expect(command.errorLines.count == 1, "\(command.errors)", sourceLocation: location)
    #expect(command.errors.hasPrefix("cai: error: "), sourceLocation: location)
    for part in parts {
        #expect(command.errors.contains(part), "\(command.errors)", sourceLocation: location)
    }
    #expect(try names(in: folder) == files, sourceLocation: location)
}

/// A checkpoint with one fault, and parts of the expected message.
struct WrongCheckpoint: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let parts: [String]
    let change: @Sendable (inout TensorTable) -> Void

    private static let norm = "blocks.0.norm1.weight"
    private static let mlp = "blocks.1.mlp.fc1.weight"

    static let cases = [
        WrongCheckpoint(testDescription: "NaN weight", parts: [norm, "not finite"]) { table in
            table.change(norm) { $0.bytes.replaceSubrange(8..<12, with: [0, 0, 0xC0, 0x7F]) }
        },
        WrongCheckpoint(testDescription: "infinite weight", parts: [mlp, "not finite"]) { table in
            table.change(mlp) { $0.bytes.replaceSubrange(0..<4, with: [0, 0, 0x80, 0xFF]) }
        },
        WrongCheckpoint(testDescription: "missing key", parts: ["missing", mlp]) { $0.remove(mlp) },
        WrongCheckpoint(testDescription: "missing block", parts: ["blocks.0"]) { table in
            table.entries.removeAll { $0.name.hasPrefix("blocks.0.") }
        },
        WrongCheckpoint(testDescription: "extra key", parts: ["unexpected", "blocks.0.extra"]) { table in
            table.add("blocks.0.extra", [2], [0, 1] as [Float], .f32)
        },
        WrongCheckpoint(testDescription: "misshapen key", parts: [mlp, "expected"]) { table in
            table.change(mlp) { $0.shape = [$0.shape[0] * $0.shape[1]] }
        },
        WrongCheckpoint(testDescription: "transposed key", parts: [mlp, "expected"]) { table in
            table.change(mlp) { $0.shape.reverse() }
        },
        WrongCheckpoint(testDescription: "integer weights", parts: [norm, "I32"]) { table in
            table.change(norm) { $0.dtype = .i32 }
        },
        WrongCheckpoint(testDescription: "no network", parts: ["patch_embed.proj.weight"]) { table in
            table.entries.removeAll { $0.name.hasPrefix("patch_embed") }
        },
        WrongCheckpoint(testDescription: "no tensors", parts: ["patch_embed.proj.weight"]) { $0.entries = [] },
    ]
}

@Test("A checkpoint that is not the network is refused by key", arguments: WrongCheckpoint.cases)
func wrongCheckpoint(wrong: WrongCheckpoint) throws {
    try Fixture.withTemporaryFolder { folder in
        var table = try TensorTable(Fixture.path("tiny/kernel3.pt"))
        wrong.change(&table)
        let path = folder + "/w.safetensors"
        try table.write(to: path)
        let command = try Command.run(
            [
                "infer", "--weights", path, "--num-heads", "3", Tiny.partition, "-o", folder + "/z.csv",
            ], memory: try Command.memory(forFile: table.bytes().count))
        try expectFailure(command, saying: [path] + wrong.parts, folder: folder, leaving: ["w.safetensors"])
        let inspection = try Command.run(["inspect", path])
        #expect(inspection.status == 0)
    }
}

@Test("Heads that do not divide the width are refused")
func wrongHeads() throws {
    try Fixture.withTemporaryFolder { folder in
        let command = try Command.infer(
            [Tiny.partition, "--num-heads", "5", "-o", folder + "/z.npy"], weights: "kernel3.pt")
        try expectFailure(command, saying: ["kernel3.pt", "5", "24"], folder: folder, leaving: [])
    }
}

@Test(
    "An invalid partition stops the run before the first galaxy",
    arguments: ["images", "magnitudes", "rows", "empty", "text", "truncated", "weights"])
func wrongPartition(kind: String) throws {
    try Fixture.withTemporaryFolder { folder in
        var table = try TensorTable.partition()
        let path = folder + "/2.safetensors"
        var parts = [path]
        switch kind {
        case "images":
            table.change("images") {
                $0.shape = [37, 3, 32, 32]; $0.bytes = Array($0.bytes.prefix(37 * 3 * 4096))
            }
            parts += ["images", "[N, 5, 32, 32]", "[37, 3, 32, 32]"]
        case "magnitudes":
            table.remove("magnitudes")
            parts += ["magnitudes"]
        case "rows":
            table.change("redshifts") {
                $0.shape = [36]; $0.bytes.removeLast(8)
            }
            parts += ["redshifts", "[37]", "[36]"]
        case "weights":
            table = try TensorTable(Fixture.path("tiny/kernel3.pt"))
            parts += ["is not a galaxy file"]
        default: break
        }
        switch kind {
        case "empty": try Data().write(to: URL(fileURLWithPath: path))
        case "text": try Data("z_phot,z_spec\n".utf8).write(to: URL(fileURLWithPath: path))
        case "truncated": try Data(table.bytes().dropLast()).write(to: URL(fileURLWithPath: path))
        default: try table.write(to: path)
        }
        let memory = try Command.memory(forFile: table.bytes().count)
        let command = try Command.infer([Tiny.partition, path, "-o", folder + "/z.csv"], memory: memory)
        try expectFailure(command, saying: parts, folder: folder, leaving: ["2.safetensors"])
    }
}

@Test("A wrong checksum ends the run when its file is computed", arguments: [1, 2], ["pt", "npz"])
func wrongChecksum(threads: Int, ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/2." + ending
        let galaxies = try TensorTable.partition().rows(0..<5)
        var zip = ending == "pt" ? galaxies.torch() : galaxies.npz(deflated: true)
        zip.entries[1].checksum ^= 1
        try Data(zip.bytes).write(to: URL(fileURLWithPath: path))
        let command = try Command.infer(
            [Tiny.partition, path, "--threads", "\(threads)", "-o", folder + "/z.csv"],
            memory: try Command.memory(forFile: zip.bytes.count))
        let entry = ending == "pt" ? "archive/data/0" : "magnitudes.npy"
        #expect(command.status == 1 && command.output.isEmpty)
        #expect(command.errorLines.last?.hasPrefix("cai: error: \(path): zip: entry '\(entry)': CRC-32 is") == true)
        // Finished galaxies of the previous file are kept; those of the damaged file are not.
        #expect(command.errors.contains("cai: warning: not done: 2.\(ending)\n"), "\(command.errors)")
        #expect(command.errors.contains(" 37 of 42 galaxies done, kept in \(folder)/z.csv.partial"))
        #expect(try names(in: folder) == ["2.\(ending)", "z.csv.partial"])
    }
}

@Test(
    "Inputs without galaxies are refused with the reason",
    arguments: [
        ("none.pt", "none.pt: no such file or folder"), ("empty", "empty: the folder has no galaxy files"),
        ("texts", "texts: the folder has no galaxy files"), ("*.pth", "*.pth: the pattern matches no file"),
    ])
func noGalaxies(input: String, message: String) throws {
    try Fixture.withTemporaryFolder { folder in
        for name in ["empty", "texts"] {
            try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: false)
        }
        try Data("text".utf8).write(to: URL(fileURLWithPath: folder + "/texts/readme.txt"))
        let command = try Command.infer([input, "-o", "z.csv"], in: folder)
        try expectFailure(command, saying: [message], folder: folder, leaving: ["empty", "texts"])
    }
}

@Test(
    "An output that cannot be written is refused before anything is computed",
    arguments: ["none/z.csv", "file/z.csv", "folder.csv", "/proc/z.csv"])
func outputCannotBeWritten(output: String) throws {
    try Fixture.withTemporaryFolder { folder in
        try Data().write(to: URL(fileURLWithPath: folder + "/file"))
        try FileManager.default.createDirectory(atPath: folder + "/folder.csv", withIntermediateDirectories: false)
        // The weights do not exist: the output has to be refused before the weights are opened.
        let command = try Command.run(["infer", "--weights", "none", Tiny.partition, "-o", output], in: folder)
        try expectFailure(
            command, saying: [output, "cannot be written"], folder: folder, leaving: ["file", "folder.csv"])
    }
}

@Test("An output that is also an input is refused", arguments: ["partition.csv", "link.csv", "weights.npy"])
func outputIsAnInput(output: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let files = FileManager.default
        try files.copyItem(atPath: Tiny.partition, toPath: folder + "/partition.csv")
        try files.copyItem(atPath: Fixture.path("tiny/normalcell.pt"), toPath: folder + "/weights.npy")
        try files.createSymbolicLink(atPath: folder + "/link.csv", withDestinationPath: "partition.csv")
        let command = try Command.run(
            ["infer", "--weights", "weights.npy", "partition.csv", "-o", output], in: folder)
        try expectFailure(
            command, saying: [output, "it is the input"], folder: folder,
            leaving: ["link.csv", "partition.csv", "weights.npy"])
        #expect(files.contentsEqual(atPath: folder + "/partition.csv", andPath: Tiny.partition))
        #expect(files.contentsEqual(atPath: folder + "/weights.npy", andPath: Fixture.path("tiny/normalcell.pt")))
    }
}

@Test("Control characters in names from a file do not reach the terminal")
func namesArePrintable() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/w.safetensors"
        var table = try TensorTable(Fixture.path("tiny/kernel3.pt"))
        table.add("a\\u001b[31m\\nb", [1], [0] as [Float], .f32)
        try table.write(to: path)
        let inference = try Command.run(["infer", "--weights", path, "--num-heads", "3", Tiny.partition])
        try expectFailure(
            inference, saying: ["unexpected key 'a\\u{1B}[31m\\u{A}b'"], folder: folder, leaving: ["w.safetensors"])
        let inspection = try Command.run(["inspect", path])
        #expect(inspection.status == 0)
        #expect(inspection.output.contains("a\\u{1B}[31m\\u{A}b\n"))
        #expect(!inspection.output.contains("\u{1B}") && !inference.errors.contains("\u{1B}"))
    }
}

@Test(
    "A folder without write permission is refused",
    .enabled(if: getuid() != 0, "the super-user may write everywhere"))
func folderWithoutRights() throws {
    try Fixture.withTemporaryFolder { folder in
        let locked = folder + "/locked"
        try FileManager.default.createDirectory(
            atPath: locked, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o555])
        let command = try Command.infer([Tiny.partition, "-o", locked + "/z.csv"])
        try expectFailure(command, saying: [locked, "cannot be written"], folder: folder, leaving: ["locked"])
    }
}

@Test("A full disk is an error, not a truncated file")
func fullDevice() throws {
    let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
    let command = try Command.run(
        ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), Tiny.partition], output: full)
    #expect(command.status == 1)
    #expect(command.errors.hasPrefix("cai: error: standard output: cannot be written: "))
    #expect(command.errorLines.count == 1)
}

@Test("The error for missing weights names them")
func missingWeights() throws {
    try Fixture.withTemporaryFolder { folder in
        let command = try Command.run(
            ["infer", Tiny.partition, "-o", folder + "/z.csv"], environment: ["CAI_WEIGHTS": folder + "/none.pt"])
        try expectFailure(command, saying: [folder + "/none.pt"], folder: folder, leaving: [])
    }
}
