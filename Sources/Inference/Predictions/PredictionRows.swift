import Platform

/// Predictions as CSV that arrive piece by piece, as from a store.
public struct PredictionRows {
    private var records: PredictionRecords

    /// - Parameters:
    ///   - name: of the text, for errors.
    ///   - columns: to read beside z_phot, as far as the text has them.
    public init(name: String, _ columns: Set<PredictionColumn>) {
        records = PredictionRecords(name: name, columns: columns, required: [])
    }

    public mutating func append(_ piece: [UInt8]) throws(Failure) { try records.append(piece.span.rawSpan) }

    /// No more bytes follow.
    public mutating func finish() { records.finish() }

    /// The next row; nil at the end, or where it has not arrived as a whole.
    /// - Throws: `Failure` naming the line and the column.
    public mutating func next() throws(Failure) -> PredictionRow? { try records.next() }
}
