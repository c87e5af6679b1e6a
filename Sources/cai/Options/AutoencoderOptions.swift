import ArgumentParser
import Cloud
import Runs
import Inference
import Platform

/// Options of all commands that run a masked autoencoder.
struct AutoencoderOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Files of galaxies, folders of them, or patterns.", valueName: "input"))
    var inputs: [String]

    @Option(
        help: ArgumentHelp(
            "The masked autoencoder: a checkpoint that 'cai inspect' knows. Default: $CAI_WEIGHTS, else the demo's.",
            valueName: "file"))
    var weights: String?

    @OptionGroup(title: "Galaxy files") var galaxyFiles: GalaxyFileOptions

    @Option(help: ArgumentHelp("Patches to hide, of all; at least one stays.", valueName: "ratio"))
    var maskRatio: Double = 0.75

    @Option(
        help: ArgumentHelp(
            "Where the masks come from: docs/ANOMALIES.md has the generator. Default: 0", valueName: "n"))
    var seed: UInt64?

    @OptionGroup var galaxies: GalaxyRunOptions

    @Option(help: ArgumentHelp("The same of the decoder.", valueName: "n"))
    var decoderHeads: Int?

    @Flag(help: "A galaxy whose pixels are not finite or all zero is an error.")
    var strict = false

    @Flag(help: "Print the summary as a JSON object on the standard output.")
    var json = false

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        if let weights { try requireName(weights, of: "--weights") }
        guard maskRatio > 0, maskRatio < 1 else {
            throw ValidationError("--mask-ratio: expected more than 0 and less than 1, found \(maskRatio)")
        }
        try requireNumber(decoderHeads, of: "--decoder-heads")
    }

    /// The job, and its output files. Checks that they can be written, and that none of them is an input.
    /// - Parameters:
    ///   - names: of outputs, of which options may be missing.
    ///   - others: files that are read besides galaxies and weights.
    func job(
        writing names: [String?], reading others: [String?] = []
    ) throws -> (job: AutoencoderJob, outputs: [OutputFile?]) {
        let weights = try WeightsLocator().autoencoder(named: weights)
        let store = try StoreLocator.store(of: [weights] + names.compactMap(\.self) + inputs)
        let files = try GalaxyInputs(inputs, store: store, layout: galaxyFiles.layout())
        let outputs = try names.map { name throws(Failure) in
            try name.map { name throws(Failure) in try OutputFile(name, store: store) }
        }
        try OutputFile.check(outputs.compactMap(\.self), sparing: [weights] + others.compactMap(\.self) + files.paths)
        let job = AutoencoderJob(
            weights: weights, inputs: files, store: store, maskRatio: maskRatio,
            settings: galaxies.settings(
                batchSize: AutoencoderJob.defaultBatchSize, decoderHeads: decoderHeads, isStrict: strict))
        return (job, outputs)
    }
}
