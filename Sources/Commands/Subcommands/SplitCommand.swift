import ArgumentParser
import Cloud
import Runs
import Inference
import Platform
import TensorFiles

struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Cut galaxies into partition files of one size.",
        usage: "cai split <input> ... -o <out> --partition-size <mb> [<options>]",
        discussion: """
            Takes the galaxies of all inputs in their order (see 'cai infer') and writes them as \
            1.pt, 2.pt, ... into OUT: a folder, created if it does not exist, or s3://bucket/prefix. Each file is a \
            TensorDataset as torch.save writes it, of images (float32), magnitudes and, if the inputs have them, \
            redshifts, in the inputs' types; torch.load reads it with weights_only=False. Each is complete or absent.

            EXAMPLES
              cai split survey.npz -o partitions/ --partition-size 25
              cai split 100MB/ -o s3://bucket/50MB --partition-size 50
              cai split 1.pt 2.pt -o tiny/ --rows 64 --overwrite
            """)

    @Argument(
        help: ArgumentHelp("Files of galaxies, folders of them, patterns or s3:// URLs.", valueName: "input"),
        completion: .file())
    var inputs: [String]

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The folder of the partitions, or s3://bucket/prefix.", valueName: "out"),
        completion: .directory)
    var output: String

    @OptionGroup(title: "Galaxy files") var galaxyFiles: GalaxyFileOptions

    @Option(
        help: ArgumentHelp(
            "MB of a partition: 25, 50, 75 or 100, which have 1,278, 2,556, 3,834 or 5,113 galaxies.", valueName: "mb"))
    var partitionSize: Int?

    @Option(help: ArgumentHelp("Galaxies per partition.", valueName: "n"))
    var rows: Int?

    @Flag(help: "Replace partitions in OUT.")
    var overwrite = false

    @Flag(name: [.customShort("q"), .long], help: "Print no progress or summary; warnings stay.")
    var quiet = false

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        try requireName(output, of: "--output")
        guard (partitionSize == nil) != (rows == nil) else {
            throw ValidationError(
                "expected --partition-size or --rows" + (rows == nil ? "" : ", found both"))
        }
        if let partitionSize, PartitionSplit.rowsByMegabytes[partitionSize] == nil {
            throw ValidationError("--partition-size: expected 25, 50, 75 or 100, found \(partitionSize)")
        }
        try requireNumber(rows, of: "--rows")
    }

    func run() throws {
        FileNotices.others(in: inputs, isQuiet: quiet)
        let store = try StoreLocator.store(of: inputs + [output])
        let inputs = try GalaxyInputs(inputs, store: store, layout: galaxyFiles.layout().resolved(for: nil))
        let folder = try PartitionFolder(output, store: store)
        var files: [TensorFile] = []
        try inputs.forEach { _, file throws(Failure) in
            files.append(file)
            return true
        }
        let rows = rows ?? partitionSize.flatMap { PartitionSplit.rowsByMegabytes[$0] } ?? 1
        let split = try PartitionSplit(files, rows: rows, layout: inputs.layout)
        for warning in split.warnings { Console.warn(warning) }
        try check(folder, split)
        try folder.create()
        try folder.check(split.partitionCount, sparing: inputs.paths)
        if split.dropsObjectIDs {
            Console.warn("a TensorDataset cannot store object_id: the galaxies' ids are left out")
        }
        try write(split, to: folder)
        guard !quiet else { return }
        let last = split.galaxies(of: split.partitionCount - 1).count
        Console.write(
            Numbers.counted(split.count, "galaxy", "galaxies") + " in "
                + Numbers.counted(split.partitionCount, "partition")
                + " of \(Numbers.grouped(min(rows, split.count)))"
                + (last == min(rows, split.count) ? "" : ", the last of \(Numbers.grouped(last))") + "\n")
    }

    /// Existing partitions are replaced only with --overwrite. Partitions of an earlier split that would be left are reported.
    private func check(_ folder: PartitionFolder, _ split: PartitionSplit) throws {
        let existing = try folder.partitions()
        let names = Set((0..<split.partitionCount).map(PartitionFolder.fileName))
        let left = existing.filter { !names.contains($0) }
        guard overwrite || existing.isEmpty else {
            throw Failure(
                folder.name,
                "holds partitions already (\(Self.listed(existing))): name another folder, or add --overwrite")
        }
        if !left.isEmpty {
            Console.report(
                "warning: \(folder.name): \(Self.listed(left)) of an earlier split stay"
                    + (left.count == 1 ? "s" : "") + " beside the new partitions")
        }
    }

    private func write(_ split: PartitionSplit, to folder: PartitionFolder) throws(Failure) {
        let line = ProgressLine(isShown: !quiet)
        defer { line.wipe() }
        for partition in 0..<split.partitionCount {
            let galaxies = split.galaxies(of: partition)
            line.show(Progress(done: galaxies.lowerBound, total: split.count))
            try folder.file(partition).write { path throws(Failure) in try split.write(partition, to: path) }
        }
    }

    private static func listed(_ names: [String]) -> String {
        names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", ... (\(names.count) files)" : "")
    }
}
