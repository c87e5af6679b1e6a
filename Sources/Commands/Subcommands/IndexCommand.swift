import ArgumentParser
import Cloud
import Inference
import Platform
import Runs

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Count the galaxies in each file, for ranks.",
        usage: "cai index <input> ... -o <out> [<options>]",
        discussion: """
            Opens every file of the inputs (see 'cai infer') and writes a line for each: path or URL, bytes, ETag (of a local \
            file the checksum of its ends) and galaxies. Only the ends of files are read, but FITS and HDF5 objects are \
            fetched as a whole. With it each rank of 'cai infer --index' opens the files of its own share only. An index is for these inputs, under these paths: make it again when \
            a file changes. It depends on no network and no option but --images. The form is in docs/FORMATS.md.

            EXAMPLES
              cai index s3://bucket/100MB/ -o index.json
              cai index s3://bucket/100MB/ -o s3://bucket/index.json
              cai infer s3://bucket/100MB/ -o z.csv --rank 3 --world-size 16 \\
                --index index.json
            """)

    @Argument(
        help: ArgumentHelp("Files of galaxies, folders of them, or patterns.", valueName: "input"), completion: .file())
    var inputs: [String]

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The index: a file, or s3://bucket/key.", valueName: "out"), completion: .file())
    var output: String

    @Option(
        help: ArgumentHelp(
            "Name of the tensor, dataset, column or image with the cutouts, as for 'cai infer'.", valueName: "name"))
    var images: String?

    @Flag(name: [.customShort("q"), .long], help: "Print no summary.")
    var quiet = false

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        try requireName(output, of: "--output")
        if let images { try requireName(images, of: "--images") }
    }

    func run() throws {
        FileNotices.others(in: inputs, isQuiet: quiet)
        let store = try StoreLocator.store(of: inputs + [output])
        let inputs = try GalaxyInputs(inputs, store: store)
        let output = try OutputFile(output, store: store)
        try output.check(sparing: inputs.paths)
        let index = try GalaxyIndex(counting: inputs, images: images)
        try FileNotices.reportingReplaced([output.name], isQuiet: quiet) { try output.write(index.json) }
        guard !quiet else { return }
        Console.write(
            Numbers.counted(index.galaxies, "galaxy", "galaxies") + " in "
                + Numbers.counted(index.files.count, "file") + ": \(output.name.printable)\n")
    }
}
