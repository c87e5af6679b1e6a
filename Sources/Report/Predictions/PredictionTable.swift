import Inference
import Platform

/// The redshifts of a file of predictions, the input of `Quality`.
public struct PredictionTable: Sendable {
    /// z_phot of the galaxies whose z_spec is known, in the file's order.
    public private(set) var predicted: [Double] = []
    /// z_spec of the same galaxies.
    public private(set) var spectroscopic: [Double] = []
    /// The further column of the same galaxies, NaN where it is empty or missing; no elements where none was asked for.
    public private(set) var numbers: [Double] = []
    /// z_phot of the galaxies with an unknown z_spec, such as an empty field, in the file's order.
    public private(set) var predictedAlone: [Double] = []
    /// The galaxies with an unknown z_spec, by reason.
    public private(set) var unknown = UnknownRedshifts()

    /// Reads the columns z_phot and z_spec.
    /// - Parameters:
    ///   - needsSpectroscopic: whether a table without a column z_spec is an error; otherwise all its z_spec
    ///     are unknown.
    ///   - missing: values that stand for an unknown z_spec, or none in the further column.
    ///   - number: a further column of numbers, which the file has to have; nil for none.
    ///   - includes: whether a row is taken, by its object_id, source and row, as far as the file has them; nil for all.
    /// - Throws: `Failure` naming the file and the line or the column, and what `includes` throws.
    public init(
        _ file: PredictionFile, needsSpectroscopic: Bool = false, missing: MissingValues = .usual,
        number: String? = nil, includes: ((PredictionRow) throws(Failure) -> Bool)? = nil
    ) throws(Failure) {
        let columns: Set<PredictionColumn> = includes == nil ? [.zSpec] : [.zSpec, .objectID, .source, .row]
        try file.forEach(columns, requiring: needsSpectroscopic ? [.zSpec] : [], number: number) {
            row throws(Failure) in
            if let includes, try !includes(row) { return }
            let known = row.zSpec ?? .nan
            if let reason = UnknownRedshift(known, missing) {
                unknown.insert(reason)
                return predictedAlone.append(row.zPhot)
            }
            predicted.append(row.zPhot)
            spectroscopic.append(known)
            if let number = row.number { numbers.append(missing.contains(number) ? .nan : number) }
        }
    }
}
