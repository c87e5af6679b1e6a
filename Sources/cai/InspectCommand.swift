import ArgumentParser
import AstroMAE
import Foundation
import Inference
import TensorFiles

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a file of tensors.",
        discussion: """
            Tells the format, the tensors with their types and shapes and, for a checkpoint, the network's config and \
            its parameters; for a partition, the number of galaxies. Nothing in the file is executed.

            EXAMPLES
              cai inspect weights.pt
              cai inspect 1.pt
              cai inspect model.safetensors --json
            """)

    @Argument(help: "A PyTorch, safetensors, .npy or .npz file.")
    var file: String

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws { try requireName(file, of: "file") }

    func run() throws {
        let contents = FileContents(try TensorFile.open(path: file))
        if json {
            try StandardOutput.write(json: contents)
        } else {
            try StandardOutput.write(contents.text)
        }
    }
}
