import ArgumentParser
import Inference
import Platform
import Runs

/// How galaxies are run through a network: options of all commands that run galaxies.
struct GalaxyRunOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The most galaxies of one micro-batch; bits do not depend on it. Default: 128, with masks 64.",
            valueName: "n"))
    var batchSize: Int?

    @Option(
        help: ArgumentHelp(
            "Threads that compute; bits do not depend on it. One more checks files ahead. Default: the processors this process may use.",
            valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Run the first n galaxies of all inputs only.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Attention heads, where the weights do not tell or tell wrong.", valueName: "n"))
    var numHeads: Int?

    @Flag(help: "No progress, no notices, no summary; warnings stay.")
    var quiet = false

    func validate() throws {
        try requireNumber(batchSize, of: "--batch-size", in: 1...8192)
        try requireNumber(threads, of: "--threads", in: 1...4096)
        try requireNumber(limit, of: "--limit")
        try requireNumber(numHeads, of: "--num-heads")
    }

    /// - Parameter batchSize: where none is given.
    func settings(
        batchSize standard: Int = BatchRunner.defaultBatchSize, decoderHeads: Int? = nil, isStrict: Bool
    ) -> RunSettings {
        RunSettings(
            limit: limit, batchSize: batchSize ?? standard, threads: threads ?? Processors.available,
            numHeads: numHeads, decoderHeads: decoderHeads, isStrict: isStrict)
    }
}
