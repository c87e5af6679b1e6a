import ArgumentParser
import AstroMAE
import Inference
import Platform
import TensorFiles

extension DType {
    /// The types that `--dtype` takes, by the names people use.
    fileprivate static let weightTypes: [String: DType] = ["f32": .f32, "f16": .f16, "bf16": .bf16]
}

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a checkpoint to safetensors.",
        discussion: """
            Reads any checkpoint that 'cai inspect' supports and writes its tensors under their plain names, with the \
            network's heads, epsilons, bands and source in the metadata. In half precision, tensors of 65,536 elements \
            and more are rounded; norms, biases, small convolutions, the first magnitude layer and merged layers stay \
            float32.

            Linear layers with nothing between them ('head' and 'vit_block.0'; the last of each branch and \
            'concat_block.0') are stored merged into one, as every command merges them when it loads weights: the \
            program starts faster, and redshifts have the same bits. It cannot be undone; other programs need \
            --keep-layers. A masked autoencoder has no such layers.

            A bare state dict does not state heads and epsilons. The output can: --num-heads and --decoder-heads set \
            the heads, --bands the bands, and --state-assumed stores all assumed heads and epsilons. Every command then reads \
            galaxies by these bands.

            EXAMPLES
              cai convert model.pt model.safetensors
              cai convert model.pt model-f16.safetensors --dtype f16
              cai convert model.pt state-dict.safetensors --keep-layers
              cai convert model.pt hsc.safetensors --bands grizy
              cai convert checkpoint.pt ema.safetensors --network model_ema
              cai convert mae.pth mae.safetensors --num-heads 3 --decoder-heads 6 --state-assumed
            """)

    @Argument(help: "A checkpoint: PyTorch, safetensors or .npz.")
    var input: String

    @Argument(help: "The safetensors file to write.")
    var output: String

    @Option(help: "Type of the large tensors: f32, f16 or bf16.")
    var dtype: String = "f32"

    @Flag(help: "Store every layer separately, as PyTorch's state dict does.")
    var keepLayers = false

    @Option(
        help: ArgumentHelp(
            "The one of several networks in the file, by its path there; . is the root.", valueName: "name"))
    var network: String?

    @Option(help: ArgumentHelp("Attention heads, if missing or wrong in the file.", valueName: "n"))
    var numHeads: Int?

    @Option(help: ArgumentHelp("The same of a masked autoencoder's decoder.", valueName: "n"))
    var decoderHeads: Int?

    @Option(
        help: ArgumentHelp(
            "The network's bands in its order, a letter each, if missing or wrong in the file: grizy.",
            valueName: "order"))
    var bands: String?

    @Flag(help: "Store the assumed heads and epsilons: those of the reference.")
    var stateAssumed = false

    func validate() throws {
        try requireNumber(numHeads, of: "--num-heads")
        try requireNumber(decoderHeads, of: "--decoder-heads")
        try requireName(input, of: "input")
        if let network { try requireName(network, of: "--network") }
        if let bands, NetworkBands.letters(of: bands) == nil {
            throw ValidationError("--bands: expected another letter for each band, as in grizy, found '\(bands)'")
        }
        guard DType.weightTypes[dtype] != nil else {
            throw ValidationError("--dtype: expected f32, f16 or bf16, found '\(dtype)'")
        }
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("output: expected a name ending in .safetensors, found '\(output)'")
        }
    }

    func run() throws {
        let file = try TensorFile.open(path: input)
        let warnings = try CheckpointWriter.convert(
            file, to: output, dtype: DType.weightTypes[dtype] ?? .f32,
            linearLayout: keepLayers ? .separate : .merged,
            constants: CheckpointWriter.Constants(
                network: network, numHeads: numHeads, decoderHeads: decoderHeads, bands: bands,
                areAssumed: stateAssumed),
            provenance: [
                "source": InputList.lastComponent(input),
                "source_format": file.format.rawValue,
                "written_by": "cai \(Release.version)",
            ], on: .threads(Processors.available))
        warnings.forEach(Console.warn)
    }
}
