import ArgumentParser
import AstroMAE
import Inference
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
            Reads any checkpoint that 'cai inspect' knows and writes its tensors under their plain names, with the \
            network's heads and epsilons and where it came from in the metadata. In half precision, tensors of 65,536 elements \
            and more are rounded; norms, biases, small convolutions and the first magnitude layer stay float32.

            Linear layers with nothing between them ('head' and 'vit_block.0'; the last of each branch and \
            'concat_block.0') are merged into one, which runs faster and cannot be undone; other programs need \
            --keep-layers.

            EXAMPLES
              cai convert model.pt model.safetensors
              cai convert model.pt model-f16.safetensors --dtype f16
              cai convert model.pt state-dict.safetensors --keep-layers
            """)

    @Argument(help: "A checkpoint: PyTorch, safetensors or .npz.")
    var input: String

    @Argument(help: "The safetensors file to write.")
    var output: String

    @Option(help: "Type of the large tensors: f32, f16 or bf16.")
    var dtype: String = "f32"

    @Flag(help: "Keep every layer apart, as in PyTorch's state dict.")
    var keepLayers = false

    func validate() throws {
        try requireName(input, of: "input")
        guard DType.weightTypes[dtype] != nil else {
            throw ValidationError("--dtype: expected f32, f16 or bf16, found '\(dtype)'")
        }
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("output: expected a name ending in .safetensors, found '\(output)'")
        }
    }

    func run() throws {
        let file = try TensorFile.open(path: input)
        let notices = try CheckpointWriter.convert(
            file, to: output, dtype: DType.weightTypes[dtype] ?? .f32,
            linearLayout: keepLayers ? .separate : .merged,
            provenance: [
                "source": InputList.lastComponent(input),
                "source_format": file.format.rawValue,
                "written_by": "cai \(Cai.configuration.version)",
            ])
        for notice in notices { Console.report("notice: \(notice)") }
    }
}
