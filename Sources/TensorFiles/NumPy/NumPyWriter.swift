import Platform

/// Writes an `.npy` file of one or two dimensions row by row. The number of rows may be known only at the end.
public final class NumPyWriter {
    public enum Element: Sendable { case float32, float64 }

    private let file: AtomicFile
    private let element: Element
    private let columns: Int?
    private let declaredRows: Int?
    private var written = 0

    /// Creates the file.
    /// - Parameters:
    ///   - columns: values of one row; nil for a vector.
    ///   - rows: of the whole file; nil where unknown, in which case `path` must not be a pipe.
    /// - Throws: `Failure` when the file cannot be written.
    public init(path: String, element: Element, columns: Int? = nil, rows: Int? = nil) throws(Failure) {
        guard columns ?? 1 > 0, rows ?? 0 >= 0 else {
            throw Failure(path, "an array of \(rows ?? 0) rows of \(columns ?? 1) values")
        }
        file = try AtomicFile(path: path)
        self.element = element
        self.columns = columns
        declaredRows = rows
        try file.write(header(rows: rows ?? 0))
    }

    /// Appends rows.
    public func append(_ values: [Float]) throws(Failure) {
        guard element == .float32 else { return try append(values.map { Double($0) }) }
        try file.write(values.span.rawSpan)
        written += values.count
    }

    /// Appends rows; float32 files round them to nearest.
    public func append(_ values: [Double]) throws(Failure) {
        guard element == .float64 else { return try append(values.map { Float($0) }) }
        try file.write(values.span.rawSpan)
        written += values.count
    }

    /// Completes the file.
    /// - Throws: `Failure` when the last row is incomplete, the number of rows is not the declared one, or the file cannot be
    ///   written.
    public func finish() throws(Failure) {
        let (rows, rest) = written.quotientAndRemainder(dividingBy: columns ?? 1)
        guard rest == 0, declaredRows ?? rows == rows else {
            file.abandon()
            throw Failure(
                file.path,
                "\(written) values are not \(declaredRows.map { "\($0) " } ?? "")rows of \(columns ?? 1)")
        }
        if declaredRows == nil { try file.patch(at: 0, header(rows: rows)) }
        try file.commit()
    }

    /// Removes the unfinished file.
    public func abandon() { file.abandon() }

    /// Writes a whole array at once.
    public static func write(_ values: [Float], shape: [Int], to path: String) throws(Failure) {
        guard let layout = NumPyLayout(.f32, shape: shape), shape.count <= 32, shape.reduce(1, *) == values.count else {
            throw Failure(path, "\(values.count) values for shape \(shape)")
        }
        let file = try AtomicFile(path: path)
        try file.write(layout.header)
        try file.write(values.span.rawSpan)
        try file.commit()
    }

    private func header(rows: Int) -> [UInt8] {
        NumPyLayout.header(element == .float32 ? .f32 : .f64, [rows] + (columns.map { [$0] } ?? []))
    }
}
