import Inference
import Platform

/// What predictions were computed from and by: the record beside them, or the header of their own file.
public enum PredictionOrigin: Sendable, Encodable {
    case record(RunRecord)
    /// Of a FITS or HDF5 file.
    case header(Provenance)

    /// The record of an output, or what its header states; nil where there is neither.
    /// - Parameters:
    ///   - record: that belongs to the output, if any.
    ///   - warn: called where the header is not readable, or its list of missing values is invalid.
    public init?(_ file: PredictionFile, record: RunRecord?, warn: (String) -> Void) {
        if let record {
            self = .record(record)
            return
        }
        do throws(Failure) {
            guard let provenance = try file.provenance() else { return nil }
            self = .header(provenance)
            if let text = provenance.choices["missing"], missing == nil {
                warn(
                    "\(file.name): MISSING: expected numbers between commas, or none, found '\(text.shortened())': "
                        + "it is not used")
            }
        } catch {
            warn("\(error): what its header states is not used")
            return nil
        }
    }

    /// `weights model.pt (SHA-256 7d8f8a31...), cai 0.1.0, avx2, bf16, missing values -9999,-999`
    public var text: String {
        switch self {
        case .record(let record): record.text
        case .header(let provenance): provenance.text
        }
    }

    /// Name and SHA-256 of the weights; nil where they are identified in another way.
    public var weights: (name: String, sha256: String)? {
        switch self {
        case .record(let record): record.weights.sha256.map { (record.weights.name, $0) }
        case .header(let provenance): (provenance.weights, provenance.weightsSHA256)
        }
    }

    /// `Arithmetic`; nil where it is not stated.
    public var arithmetic: String? {
        switch self {
        case .record(let record): record.maker.arithmetic
        case .header(let provenance): provenance.arithmetic
        }
    }

    /// The values that stood for a missing magnitude or redshift; nil where they are not stated.
    public var missing: MissingValues? {
        switch self {
        case .record(let record): record.missing
        case .header(let provenance): provenance.choices["missing"].flatMap { try? MissingValues($0) }
        }
    }

    /// What was taken from the files, and how: see `RunRecord.choices`.
    public var choices: [String: String] {
        switch self {
        case .record(let record): record.choices
        case .header(let provenance): provenance.choices
        }
    }

    private enum CodingKeys: String, CodingKey { case weights, choices, command, maker = "made_by" }

    /// A record as it is; of a header the same keys, as far as it has them.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .record(let record): try record.encode(to: encoder)
        case .header(let provenance):
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(
                WeightsIdentity(name: provenance.weights, sha256: provenance.weightsSHA256), forKey: .weights)
            try fields.encode(provenance.choices, forKey: .choices)
            try fields.encode(provenance.command, forKey: .command)
            var maker = ["creator": provenance.creator, "instruction_set": provenance.instructionSet]
            maker["arithmetic"] = provenance.arithmetic
            try fields.encode(maker, forKey: .maker)
        }
    }
}
