import ArgumentParser
import AstroMAE
import Cloud
import Runs
import Inference
import Platform
import TensorFiles

extension FeatureLayer: ExpressibleByArgument {}

/// The types of features that `cai embed` writes.
enum FeatureType: String, CaseIterable, ExpressibleByArgument { case f32, f16 }

struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Write the encoder's features, one row per galaxy.",
        usage: "cai embed <input> ... -o <out> [<options>]",
        discussion: """
            The weights are a redshift network's or a masked autoencoder's; no patch is masked. Inputs are as \
            for 'cai infer', or files of images alone (.npz or .safetensors with 'images', or one array \
            [N, 5, 32, 32]); magnitudes are not read.

            LAYERS, of 12 blocks 192 wide over a class token and 16 patch tokens
              pooled   [N, 192]      mean over the patch tokens
              cls      [N, 192]      the class token
              tokens   [N, 17, 192]  the class token, then the patches' in row-major order
              fc_norm  [N, 192]      LayerNorm fc_norm of the mean over the patch tokens: the redshift head's input
            Tokens are the last block's. Those of a masked autoencoder are after its LayerNorm 'norm', as its decoder \
            reads them, and pooled is their mean; it has no fc_norm. A redshift network has no norm over tokens, \
            and its class token was not trained on redshift.

            OUT is an .npy file that NumPy can map into memory; OUT without its ending and with .ids.csv has the ids of \
            its rows (object_id, source, row). Both are temporary files until they are complete, written while \
            galaxies are computed: memory does not grow with them. Either may be s3://bucket/key.

            A galaxy whose pixels are not finite or all zero has flags, and NaN for all its features; so has one whose \
            features, as they are stored, are not finite. --strict makes it an error.

            EXAMPLES
              cai embed 1.pt 2.pt -o features.npy
              cai embed data/ --weights mae.safetensors --layer cls -o cls.npy --dtype f16
              cai embed cutouts.npz --layer tokens -o tokens.npy --limit 1000 --json
            """)

    @Argument(
        help: ArgumentHelp("Files of galaxies, folders of them, or patterns.", valueName: "input"), completion: .file())
    var inputs: [String]

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp(
            "The network: a checkpoint of either kind. Default: $CAI_WEIGHTS, else the demo redshift weights.",
            valueName: "file"), completion: .file())
    var weights: String?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Output of the features: a name ending in .npy.", valueName: "out"), completion: .file())
    var output: String

    @Option(help: ArgumentHelp("The features: pooled, cls, tokens or fc_norm.", valueName: "layer"))
    var layer = FeatureLayer.pooled

    @Option(help: ArgumentHelp("Type of the features; f16 is rounded to nearest.", valueName: "type"))
    var dtype = FeatureType.f32

    @OptionGroup(title: "Galaxy files") var galaxyFiles: GalaxyFileOptions

    @OptionGroup var options: GalaxyRunOptions

    @OptionGroup var precision: PrecisionOption

    @Option(
        help: ArgumentHelp(
            "Number of attention heads of a masked autoencoder's decoder; no effect on features.", valueName: "n"))
    var decoderHeads: Int?

    @Flag(help: "Fail if a galaxy's pixels are not finite or all zero.")
    var strict = false

    @Flag(help: "Print the summary as a JSON object on standard output.")
    var json = false

    private var idsPath: String { output.dropLast(".npy".count) + ".ids.csv" }

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        if let weights { try requireName(weights, of: "--weights") }
        try galaxyFiles.requireImagesAlone()
        try requireNumber(decoderHeads, of: "--decoder-heads")
        guard output.hasSuffix(".npy"), InputList.lastComponent(output) != ".npy" else {
            throw ValidationError("--output: expected a name ending in .npy, found '\(output)'")
        }
    }

    func run() throws {
        let located = try WeightsLocator().located(weights)
        let weights = located.path
        let store = try StoreLocator.store(of: [weights, output] + inputs)
        let (file, ids) = (try OutputFile(output, store: store), try OutputFile(idsPath, store: store))
        let settings = options.settings(decoderHeads: decoderHeads, precision: precision, isStrict: strict)
        let job = try FeatureJob(
            weights: weights, inputs: try GalaxyInputs(inputs, store: store, layout: galaxyFiles.layout()),
            store: store, layer: layer, element: dtype == .f16 ? .float16 : .float32, output: file, ids: ids,
            settings: settings)
        FileNotices.others(in: inputs, isQuiet: options.quiet)
        let outcome = try FileNotices.reportingReplaced([output, idsPath], isQuiet: options.quiet) {
            try located.naming { () throws(Failure) in try job.run(ConsoleEvents(isQuiet: options.quiet)) }
        }
        let (run, encoder) = (outcome.run, outcome.encoder)
        outcome.flags.report(of: run.count, without: FeatureTask.result)
        if !options.quiet {
            Console.write(run.speedLine(encoder.instructionSet, encoder.gemm, encoder.precision) + "\n")
        }
        guard json else { return }
        try StandardOutput.write(
            json: run.summary(encoder.instructionSet, encoder.gemm, encoder.precision, weights: weights) + [
                "flagged": outcome.flags.flagged, "blank_band": outcome.flags.withBlankBand,
                "batch_size": settings.batchSize, "network": encoder.kind.rawValue,
                "layer": encoder.layer.rawValue, "dtype": dtype.rawValue, "shape": [run.count] + encoder.featureShape,
                "output": output, "ids": idsPath,
            ])
    }
}
