import ArgumentParser
import TensorFiles

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the contents of a file, or this machine's processor.",
        usage: "cai inspect (<file> | --cpu) [<options>]",
        discussion: """
            Prints the format, the tensors with their types and shapes and, for a checkpoint, the network's config and \
            its parameters; for a partition, the number of galaxies. Nothing in the file is executed.

            For a network it also lists what was compared: of a pickled module the classes and attributes of its layers, of \
            a state dict its tensors only. No file holds the code of forward, which 'cai verify' compares by its results.

            With --cpu instead of a file: the processor and its caches, the instruction sets of the kernels, the \
            one in use and the reason, and the number of threads of this process.

            EXAMPLES
              cai inspect weights.pt
              cai inspect 1.pt
              cai inspect model.safetensors --json
              cai inspect --cpu
            """)

    @Argument(help: "A PyTorch, safetensors, .npy, .npz, FITS or HDF5 file.", completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("Which of several networks in the file, by its path there.", valueName: "name"))
    var network: String?

    @Flag(help: "Show the processor and the features that are used, without a file.")
    var cpu = false

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        if let file { try requireName(file, of: "file") }
        guard cpu == (file == nil) else {
            throw ValidationError(cpu ? "--cpu takes no file" : "expected a file, or --cpu")
        }
    }

    func run() throws {
        if let file {
            let contents = FileContents(try TensorFile.open(path: file), network: network)
            try StandardOutput.write(contents.json, asJSON: json, text: contents.text)
        } else {
            let report = try CPUReport()
            try StandardOutput.write(report.json, asJSON: json, text: report.text)
        }
    }
}
