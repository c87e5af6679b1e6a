import Inference
import Platform

/// The redshifts of a file of predictions, the input of `Quality`.
public struct PredictionTable: Sendable {
    /// z_phot of the galaxies whose z_spec is known, in the file's order.
    public private(set) var predicted: [Double] = []
    /// z_spec of the same galaxies.
    public private(set) var spectroscopic: [Double] = []
    /// z_phot of the galaxies with an unknown z_spec, such as an empty field, in the file's order.
    public private(set) var predictedAlone: [Double] = []
    /// The number of galaxies with an unknown z_spec.
    public var unknown: Int { predictedAlone.count }

    /// Reads the columns z_phot and z_spec.
    /// - Parameter needsSpectroscopic: whether a table without a column z_spec is an error; otherwise all its z_spec
    ///   are unknown.
    /// - Throws: `Failure` naming the file and the line or the column.
    public init(_ file: PredictionFile, needsSpectroscopic: Bool = false) throws(Failure) {
        try file.forEach([.zSpec], requiring: needsSpectroscopic ? [.zSpec] : []) { row in
            guard let known = row.zSpec else { return predictedAlone.append(row.zPhot) }
            predicted.append(row.zPhot)
            spectroscopic.append(known)
        }
    }
}
