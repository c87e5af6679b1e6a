import Inference
import Platform
import Runs

extension PredictionOrigin {
    /// What a page names of it: weights with a short digest, instruction set, precision, program, and the values that stood
    /// for a missing one where they are not the usual ones; no folder.
    public var pageText: String {
        var (name, digest) = (weights?.name ?? "", weights.map { "SHA-256 \($0.sha256.prefix(12))" } ?? "")
        let instructionSet: String
        let creator: String
        let missing: String?
        switch self {
        case .record(let record):
            if weights == nil { (name, digest) = (record.weights.name, record.weights.identity) }
            instructionSet = record.maker.instructionSet
            creator = "cai \(record.maker.version)"
            missing = record.settings["missing"]
        case .header(let provenance):
            instructionSet = provenance.instructionSet
            creator = provenance.creator
            missing = provenance.choices["missing"]
        }
        let parts: [String?] = [
            "weights \(InputList.lastComponent(name).shortened()) (\(digest.shortened()))",
            instructionSet.isEmpty ? nil : "instruction set \(instructionSet.shortened())",
            // Records and headers state it where it is not float32.
            "precision \((choices["precision"] ?? "float32").shortened())", creator.shortened(),
            missing.flatMap { $0 == MissingValues.usual.text ? nil : "missing values \($0.shortened(to: 400))" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ").printable
    }
}
