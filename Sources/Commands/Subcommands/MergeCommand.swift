import ArgumentParser
import Cloud
import Runs
import Inference
import Platform

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the outputs of ranks.",
        usage: "cai merge <part> ... -o <out> [<options>]",
        discussion: """
            Ranks that share the galaxies of the same inputs ('cai infer --rank R --world-size W') each write a part \
            with a sidecar (PART.rank.json). OUT has, byte for byte, the output of a single command, and is complete or \
            absent; OUT.run.json beside it states what it was made of. It is an error if a rank is missing or duplicated, if inputs, weights or options differ, or if a \
            part was changed after it was written. PARTs \
            are files, folders of them, patterns, or the same in a store (s3://bucket/key, s3://bucket/prefix/).

            EXAMPLES
              cai merge z.rank-*.csv -o z.csv
              cai merge parts/ -o z.npy --json
              cai merge s3://bucket/parts/ -o s3://bucket/z.csv
              sbatch --array="$(cai merge parts/ --missing-ranks)" infer.sh
            """)

    @Argument(
        help: ArgumentHelp("Outputs of ranks, folders of them, or patterns.", valueName: "part"), completion: .file())
    var parts: [String]

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Output of all rows, in the parts' form: .csv, .jsonl or .npy.", valueName: "out"),
        completion: .file())
    var output: String?

    @Flag(help: "Print the ranks that are missing or without their part, such as 3,7-9; write nothing.")
    var missingRanks = false

    @Flag(
        help: ArgumentHelp(
            "Join parts although their ranks differ in arithmetic (--gemm, portable kernels) or version, which changes last bits, or in the times when their inputs were written: copies, or repaired files."
        ))
    var allowMixed = false

    @Flag(help: "Print the joined parts as a JSON object on the standard output.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Print no progress or summary; warnings stay.")
    var quiet = false

    func validate() throws {
        for part in parts { try requireName(part, of: "part") }
        if missingRanks {
            guard output == nil, !json else {
                throw ValidationError("--missing-ranks: expected neither --output nor --json with it")
            }
            return
        }
        guard let output else { throw ValidationError("expected --output, or --missing-ranks") }
        guard PredictionFormat(path: output).map(RankMerge.formats.contains) ?? false else {
            throw ValidationError("--output: expected a name ending in .csv, .jsonl or .npy, found '\(output)'")
        }
    }

    func run() throws {
        let store = try StoreLocator.store(of: parts + [output ?? ""])
        let outputs = try RankOutputs(parts, store: store)
        guard let output else {
            try StandardOutput.write(RankOutputs.listed(outputs.ranksToRun()) + "\n")
            return
        }
        let merge = try RankMerge(outputs)
        for mixture in outputs.mixtures {
            guard allowMixed else { throw Failure("\(mixture): expected one of a kind, or --allow-mixed") }
            Console.warn(mixture)
        }
        for name in outputs.unfinished { Console.warn("\(name): left out: it is not an output of a rank") }
        let line = ProgressLine(isShown: !quiet)
        do {
            defer { line.wipe() }
            try FileNotices.reportingReplaced([output], isQuiet: quiet) {
                try merge.write(to: try OutputFile(output, store: store)) { line.show($0) }
                line.wipe()
            }
        }
        if json {
            try StandardOutput.write(
                json: ["galaxies": outputs.total, "ranks": outputs.worldSize, "output": output] as JSONObject)
        }
        guard !quiet else { return }
        Console.write(
            Numbers.counted(outputs.total, "galaxy", "galaxies") + " of " + Numbers.counted(outputs.worldSize, "rank")
                + ": \(output.printable)\n")
    }
}
