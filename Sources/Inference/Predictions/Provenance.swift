import Platform
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
    /// `Arithmetic`; nil in files of versions that did not state it.
    public let arithmetic: String?
    /// What was taken from files and weights, by name: `images`, `missing`, ...
    public let choices: [String: String]

    public init(
        creator: String, weights: String, weightsSHA256: String, command: String, instructionSet: String = "",
        arithmetic: String? = nil, choices: [String: String] = [:]
    ) {
        (self.creator, self.weights) = (creator, weights)
        (self.weightsSHA256, self.command) = (weightsSHA256, command)
        (self.instructionSet, self.arithmetic, self.choices) = (instructionSet, arithmetic, choices)
    }

    /// Keywords of choices, and their descriptions.
    private static let keywords: [(choice: String, keyword: String, description: String)] = [
        ("images", "IMAGES", "taken as the cutouts"), ("magnitudes", "MAGS", "taken as the magnitudes"),
        ("redshifts", "REDSHIFT", "taken as the known redshifts"), ("bands", "BANDS", "in the files"),
        ("table", "CATALOG", "table of magnitudes or redshifts"), ("join", "JOIN", "how rows of the table were found"),
        ("missing", "MISSING", "values that stand for none"), ("num_heads", "HEADS", "attention heads"),
        ("network", "NETWORK", "the one of several in the weights"),
        ("precision", "PRECISN", "of the Linear layers; float32 if absent"),
        ("calibration", "CALIBR", "intervals by cai calibrate"),
    ]

    /// Of a table in FITS or HDF5 that has the keywords of `notes`; nil for any other file.
    /// - Throws: `Failure` where the header cannot be read.
    init?(of file: TensorFile) throws(Failure) {
        let names = ["CREATOR", "WEIGHTS", "WSHA256", "COMMAND", "ISA", "ARITHM"] + Self.keywords.map(\.keyword)
        let notes = try file.notes(names, beside: PredictionColumn.zPhot.rawValue)
        guard let creator = notes["CREATOR"], let weights = notes["WEIGHTS"], let sha256 = notes["WSHA256"] else {
            return nil
        }
        self.init(
            creator: creator, weights: weights, weightsSHA256: sha256, command: notes["COMMAND"] ?? "",
            instructionSet: notes["ISA"] ?? "", arithmetic: notes["ARITHM"],
            choices: Dictionary(
                Self.keywords.compactMap { choice, keyword, _ in notes[keyword].map { (choice, $0) } },
                uniquingKeysWith: { $1 }))
    }

    /// `weights model.pt (SHA-256 7d8f8a31...), cai 0.1.0, avx2, bf16, missing values -9999,-999`
    public var text: String {
        Self.text(
            weights: weights, digest: "SHA-256 " + weightsSHA256, creator: creator, instructionSet: instructionSet,
            choices: choices, missing: choices["missing"])
    }

    /// The same for what another record states.
    /// - Parameters:
    ///   - digest: of the weights, with its kind.
    ///   - choices: of which the precision is stated, which they have where it is not float32.
    package static func text(
        weights: String, digest: String, creator: String, instructionSet: String, choices: [String: String],
        missing: String?
    ) -> String {
        let text =
            "weights \(weights.shortened()) (\(digest.shortened())), \(creator.shortened())"
            + (instructionSet.isEmpty ? "" : ", \(instructionSet.shortened())")
            + (choices["precision"].map { ", \($0.shortened())" } ?? "")
            + (missing.map { ", missing values \($0.shortened(to: 400))" } ?? "")
        return text.printable
    }

    /// The same for the header of a table; keywords have at most eight characters, as FITS requires.
    var notes: [TableNote] {
        [
            TableNote("CREATOR", creator, description: "program and version"),
            TableNote("WEIGHTS", weights, description: "the network"),
            TableNote("WSHA256", weightsSHA256, description: ""),
            TableNote("COMMAND", command, description: "command line"),
        ]
            + (instructionSet.isEmpty ? [] : [TableNote("ISA", instructionSet, description: "instruction set")])
            + (arithmetic.map { [TableNote("ARITHM", $0, description: "all that bits depend on but the data")] } ?? [])
            + Self.keywords.compactMap { choice, keyword, description in
                choices[choice].map { TableNote(keyword, $0, description: description) }
            }
    }
}
