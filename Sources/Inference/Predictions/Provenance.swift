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
    /// The kernels that were used.
    public let instructionSet: String
    /// What was taken from files and weights, by name: `images`, `missing`, ...
    public let choices: [String: String]

    public init(
        creator: String, weights: String, weightsSHA256: String, command: String, instructionSet: String = "",
        choices: [String: String] = [:]
    ) {
        (self.creator, self.weights) = (creator, weights)
        (self.weightsSHA256, self.command) = (weightsSHA256, command)
        (self.instructionSet, self.choices) = (instructionSet, choices)
    }

    /// Keywords of choices, and their descriptions.
    private static let keywords: [(choice: String, keyword: String, description: String)] = [
        ("images", "IMAGES", "taken as the cutouts"), ("magnitudes", "MAGS", "taken as the magnitudes"),
        ("redshifts", "REDSHIFT", "taken as the known redshifts"), ("bands", "BANDS", "in the files"),
        ("table", "CATALOG", "table of magnitudes or redshifts"), ("join", "JOIN", "how rows of the table were found"),
        ("missing", "MISSING", "values that stand for none"), ("num_heads", "HEADS", "attention heads"),
    ]

    /// The same for the header of a table; keywords have at most eight characters, as FITS requires.
    var notes: [TableNote] {
        [
            TableNote("CREATOR", creator, description: "program and version"),
            TableNote("WEIGHTS", weights, description: "the network"),
            TableNote("WSHA256", weightsSHA256, description: ""),
            TableNote("COMMAND", command, description: "command line"),
        ]
            + (instructionSet.isEmpty ? [] : [TableNote("ISA", instructionSet, description: "instruction set")])
            + Self.keywords.compactMap { choice, keyword, description in
                choices[choice].map { TableNote(keyword, $0, description: description) }
            }
    }
}
