import TensorFiles

/// The origin of predictions, for file formats that hold it.
public struct Provenance: Sendable {
    /// The program and its version.
    public let creator: String
    /// Path or URL of the weights.
    public let weights: String
    /// SHA-256 of the weights' file, in hexadecimal digits.
    public let weightsSHA256: String
    /// The command line.
    public let command: String

    public init(creator: String, weights: String, weightsSHA256: String, command: String) {
        (self.creator, self.weights) = (creator, weights)
        (self.weightsSHA256, self.command) = (weightsSHA256, command)
    }

    /// The same for the header of a table; keywords have at most eight characters, as FITS requires.
    var notes: [TableNote] {
        [
            TableNote("CREATOR", creator, description: "program and version"),
            TableNote("WEIGHTS", weights, description: "the network"),
            TableNote("WSHA256", weightsSHA256, description: ""),
            TableNote("COMMAND", command, description: "command line"),
        ]
    }
}
