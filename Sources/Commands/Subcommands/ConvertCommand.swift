import ArgumentParser
import AstroMAE
import Inference
import Platform
import TensorFiles

/// The types of large tensors that `cai convert` writes.
enum WeightType: String, CaseIterable, ExpressibleByArgument {
    case f32, f16, bf16

    var dtype: DType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        }
    }
}

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert weights to safetensors.",
        usage: "cai convert <input> -o <out> [<options>]",
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
              cai convert model.pt -o model.safetensors
              cai convert model.pt -o model-f16.safetensors --dtype f16
              cai convert model.pt -o state-dict.safetensors --keep-layers
              cai convert model.pt -o hsc.safetensors --bands grizy
              cai convert checkpoint.pt -o ema.safetensors --network model_ema
              cai convert mae.pth -o mae.safetensors --num-heads 3 --decoder-heads 6 \\
                --state-assumed
            """)

    @Argument(help: "A checkpoint: PyTorch, safetensors or .npz.", completion: .file())
    var input: String

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The safetensors file to write.", valueName: "out"), completion: .file())
    var output: String

    @Option(help: ArgumentHelp("Type of the large tensors.", valueName: "type"))
    var dtype = WeightType.f32

    @Flag(help: "Store every layer separately, as in PyTorch's state dict.")
    var keepLayers = false

    @Option(
        help: ArgumentHelp(
            "Which of several networks in the file, by its path there; the root is '.'.", valueName: "name"))
    var network: String?

    @Option(help: ArgumentHelp("Number of attention heads, if missing or wrong in the file.", valueName: "n"))
    var numHeads: Int?

    @Option(help: ArgumentHelp("Number of attention heads of a masked autoencoder's decoder.", valueName: "n"))
    var decoderHeads: Int?

    @Option(
        help: ArgumentHelp(
            "The network's bands in its order, a letter each, if missing or wrong in the file: grizy.",
            valueName: "order"))
    var bands: String?

    @Flag(help: "Store assumed head counts and epsilons: those of the reference.")
    var stateAssumed = false

    @Flag(name: [.customShort("q"), .long], help: "Print no summary; warnings stay.")
    var quiet = false

    func validate() throws {
        try requireNumber(numHeads, of: "--num-heads")
        try requireNumber(decoderHeads, of: "--decoder-heads")
        try requireName(input, of: "input")
        if let network { try requireName(network, of: "--network") }
        if let bands, NetworkBands.letters(of: bands) == nil {
            throw ValidationError("--bands: expected another letter for each band, as in grizy, found '\(bands)'")
        }
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("--output: expected a name ending in .safetensors, found '\(output)'")
        }
    }

    func run() throws {
        let file = try TensorFile.open(path: input)
        let isReplaced = FileNotices.exists(output)
        let written = try CheckpointWriter.convert(
            file, to: output, dtype: dtype.dtype,
            linearLayout: keepLayers ? .separate : .merged,
            constants: CheckpointWriter.Constants(
                network: network, numHeads: numHeads, decoderHeads: decoderHeads, bands: bands,
                areAssumed: stateAssumed),
            provenance: [
                "source": InputList.lastComponent(input),
                "source_format": file.format.rawValue,
                "written_by": "cai \(Release.version)",
            ], on: .threads(Processors.available))
        written.warnings.forEach(Console.warn)
        guard !quiet else { return }
        let size = FileStamp(path: output).map { ", " + Numbers.bytes($0.size) } ?? ""
        Console.report(
            "\(isReplaced ? "replaced" : "wrote") \(output)\(size), \(Numbers.grouped(written.parameterCount)) parameters, "
                + "large tensors \(dtype.rawValue), Linear layers \(written.isMerged ? "merged" : "separate")")
    }
}
