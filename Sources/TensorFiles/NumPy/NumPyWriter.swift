import Platform

/// Writes an `.npy` file of one or two dimensions row by row: the number of rows goes into the header at the end.
public final class NumPyWriter {
    public enum Element: String, Sendable {
        case float32 = "<f4"
        case float64 = "<f8"
    }

    private let file: AtomicFile
    private let element: Element
    private let columns: Int?
    private let declaredRows: Int?
    private var written = 0
    /// Bytes of the whole header: room for any number of rows.
    private static let headerSize = 128

    /// Begins the file.
    /// - Parameters:
    ///   - columns: values of one row; nil for a vector.
    ///   - rows: their number, when it is known: a pipe cannot be told afterwards.
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
        if element == .float32 {
            try unsafe file.write(values.span.bytes)
        } else {
            try append(values.map { Double($0) })
        }
        written += element == .float32 ? values.count : 0
    }

    /// Appends rows; float32 files round them to nearest.
    public func append(_ values: [Double]) throws(Failure) {
        if element == .float64 {
            try unsafe file.write(values.span.bytes)
        } else {
            try append(values.map { Float($0) })
        }
        written += element == .float64 ? values.count : 0
    }

    /// Finishes the file and puts it in its place.
    /// - Throws: `Failure` when the last row is incomplete, the number of rows is not the one that was
    ///   declared, or the file cannot be written.
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

    /// Gives up: nothing is left behind.
    public func abandon() { file.abandon() }

    /// Writes a whole array at once.
    public static func write(_ values: [Float], shape: [Int], to path: String) throws(Failure) {
        guard TensorLayout.rowMajorStrides(shape) != nil, shape.allSatisfy({ $0 >= 0 }), shape.count <= 32,
            shape.reduce(1, *) == values.count
        else { throw Failure(path, "\(values.count) values for shape \(shape)") }
        let file = try AtomicFile(path: path)
        try file.write(header(Element.float32.rawValue, shape))
        try unsafe file.write(values.span.bytes)
        try file.commit()
    }

    private func header(rows: Int) -> [UInt8] { Self.header(element.rawValue, [rows] + (columns.map { [$0] } ?? [])) }

    /// - Parameter element: as NumPy describes it: `<f4`.
    static func header(_ element: String, _ shape: [Int]) -> [UInt8] {
        let lengths = shape.map { "\($0)," }.joined(separator: " ")
        let tuple = shape.count == 1 ? lengths : String(lengths.dropLast())
        let text = "{'descr': '\(element)', 'fortran_order': False, 'shape': (\(tuple)), }"
        // A multiple of 64 bytes in all, ending with a line feed.
        let size = max(headerSize, (10 + text.utf8.count + 1 + 63) / 64 * 64)
        let padded = text + String(repeating: " ", count: size - 11 - text.utf8.count) + "\n"
        let length = size - 10
        return NumPyFile.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(padded.utf8)
    }
}
