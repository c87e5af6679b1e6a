import AstroMAE
import Inference
import Platform
import Report
import Runs

/// A file of predictions, and what it states of its origin.
struct LabelledPredictions {
    let name: String
    let origin: PredictionOrigin?
    private let file: PredictionFile
    private let source: any ByteSource
    private let missing: MissingValues

    /// - Parameters:
    ///   - missing: replaces the values that the origin states for unknown redshifts; nil for these.
    ///   - warn: called about an origin that is not readable.
    init(_ name: String, missing: MissingValues?, warn: (String) -> Void) throws(Failure) {
        source = try FileBytes.open(name)
        self.name = name
        file = try PredictionFile(source)
        origin = PredictionOrigin(file, record: RunRecord.beside(name, warn: warn), warn: warn)
        self.missing = missing ?? origin?.missing ?? .usual
    }

    /// Of the file, in hexadecimal digits.
    var sha256: String {
        get throws(Failure) {
            var digest = SHA256Stream()
            try source.forEachPiece { bytes throws(Failure) in digest.update(bytes) }
            return digest.finish()
        }
    }

    /// `float32` or `bf16`; nil where no origin is stated. Records and headers state it where it is not float32.
    var precision: String? { origin.map { $0.choices["precision"] ?? Precision.float32.rawValue } }

    /// All redshifts.
    func table(needsSpectroscopic: Bool) throws(Failure) -> PredictionTable {
        try PredictionTable(file, needsSpectroscopic: needsSpectroscopic, missing: missing)
    }

    /// The redshifts of the galaxies that a calibration uses, or of the others; of all where `split` is nil.
    /// - Parameter by: what the calibration's bins are of. A magnitude's column is read, too.
    /// - Throws: `Failure` where rows have none of the names by which a fraction of them is chosen, or no magnitude.
    func table(
        of split: CalibrationSplit? = nil, isUsed: Bool = true, by: BinnedQuantity = .zPhot
    ) throws(Failure) -> PredictionTable {
        let number = by == .zPhot ? nil : by.column
        guard let split, !split.isAll else {
            return try PredictionTable(file, needsSpectroscopic: true, missing: missing, number: number)
        }
        return try PredictionTable(file, needsSpectroscopic: true, missing: missing, number: number) {
            row throws(Failure) in
            guard row.objectID != nil || row.row != nil else {
                throw Failure(
                    name, "expected a column object_id or row, by which --fraction chooses galaxies, found neither")
            }
            return split.uses(objectID: row.objectID, source: row.source, row: row.row) == isUsed
        }
    }

    /// Name and SHA-256 of the weights.
    /// - Parameter path: the weights, where the predictions do not state them.
    /// - Throws: `Failure` where neither states them, or both do and differ.
    func weights(orOf path: String?) throws(Failure) -> (name: String, sha256: String) {
        let stated = origin?.weights
        guard let path else {
            guard let stated else {
                throw Failure(
                    name, "does not state its weights: expected a record beside it (\(RunRecord.ending)), or --weights")
            }
            return stated
        }
        let sha256 = try SHA256Digest.ofFile(path).sha256
        if let stated, stated.sha256 != sha256 {
            throw Failure(
                "--weights: \(path) has SHA-256 \(sha256), the predictions in \(name) are of \(stated.name), SHA-256 "
                    + stated.sha256)
        }
        return (path, sha256)
    }

    /// Checks that a calibration is of the same weights, and that it left galaxies of this file out.
    /// - Parameter path: the calibration.
    /// - Returns: warnings.
    /// - Throws: `Failure` with what differs.
    func check(_ calibration: Calibration, _ path: String) throws(Failure) -> [String] {
        let made = calibration.origin
        if calibration.split.isAll, try sha256 == made.predictionsSHA256 {
            throw Failure(
                name,
                "\(path) was made from all of its galaxies, so their coverage would say nothing: expected other "
                    + "predictions, or a calibration made with --fraction 0.5")
        }
        guard let weights = origin?.weights else {
            return ["\(name): does not state its weights, \(path) is of \(made.weights): they are not compared"]
        }
        try calibration.check(
            "\(weights.name) of \(name)", sha256: weights.sha256, arithmetic: origin?.arithmetic,
            choices: origin?.choices ?? [:], name: path)
        return []
    }
}
