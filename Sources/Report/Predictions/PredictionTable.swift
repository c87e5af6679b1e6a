import Inference
import Platform

/// The redshifts of a prediction file: what quality is measured on.
public struct PredictionTable: Sendable {
    /// z_phot of the galaxies whose z_spec is known, in the file's order.
    public private(set) var predicted: [Double] = []
    /// Their z_spec.
    public private(set) var spectroscopic: [Double] = []
    /// z_phot of the galaxies without a z_spec (an empty field), in the file's order.
    public private(set) var predictedAlone: [Double] = []
    /// How many those are.
    public var unknown: Int { predictedAlone.count }

    /// Reads the columns z_phot and z_spec.
    /// - Parameter needsSpectroscopic: whether a table has to have a column z_spec; where it has none, all are unknown.
    /// - Throws: `Failure` naming the file and the line or the column.
    public init(_ file: PredictionFile, needsSpectroscopic: Bool = false) throws(Failure) {
        try file.forEach([.zSpec], requiring: needsSpectroscopic ? [.zSpec] : []) { row in
            guard let known = row.zSpec else { return predictedAlone.append(row.zPhot) }
            predicted.append(row.zPhot)
            spectroscopic.append(known)
        }
    }
}
