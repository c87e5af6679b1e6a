import Platform
import Synchronization

/// Writes an `.npy` file whose rows come in any order and from any thread; their number is known at the start.
public final class NumPyRows: Sendable {
    /// The type in which floats are stored.
    public enum Element: Sendable, CaseIterable {
        case float32
        /// Rounded to nearest; infinite beyond 65,504.
        case float16
    }

    public let element: Element
    /// Values of one row.
    public let rowCount: Int
    private let path: String
    private let file: Mutex<AtomicFile>
    /// Rows written so far, counting a row that was written twice as two.
    private let written = Atomic(0)
    private let rows: Int
    private let layout: NumPyLayout

    /// - Parameters:
    ///   - rows: of the whole file.
    ///   - shape: of one row.
    /// - Throws: `Failure` when the file cannot be written.
    public init(path: String, element: Element, rows: Int, shape: [Int]) throws(Failure) {
        let shape = [rows] + shape
        guard let layout = NumPyLayout(element == .float32 ? .f32 : .f16, shape: shape) else {
            throw Failure(path, "an array of shape \(shape) is too large")
        }
        self.path = path
        self.element = element
        self.rows = rows
        rowCount = shape.dropFirst().reduce(1, *)
        self.layout = layout
        let file = try AtomicFile(path: path)
        try file.write(layout.header)
        self.file = Mutex(file)
    }

    /// Whether a value is still finite once it is rounded to the stored type.
    public func isFinite(_ value: Float) -> Bool { element == .float32 ? value.isFinite : Float16(value).isFinite }

    /// Writes whole rows, the first of them number `row`.
    public func write(_ values: Span<Float>, at row: Int) throws(Failure) {
        precondition(values.count % max(1, rowCount) == 0 && row + values.count / max(1, rowCount) <= rows)
        defer { written.add(rowCount > 0 ? values.count / rowCount : 0, ordering: .relaxed) }
        guard element == .float16 else { return try put(values.rawSpan, at: row) }
        let halves = values.indices.map { Float16(values[$0]) }
        try put(halves.span.rawSpan, at: row)
    }

    /// Completes the file.
    /// - Throws: `Failure` when rows are missing or were written twice, or the file cannot be written.
    public func finish() throws(Failure) {
        let count = written.load(ordering: .relaxed)
        guard count == rows || rowCount == 0 else {
            abandon()
            throw Failure(path, "expected \(rows) rows, found \(count) that were written")
        }
        try file.withLock { file throws(Failure) in try file.commit() }
    }

    /// Removes the unfinished file.
    public func abandon() { file.withLock { $0.abandon() } }

    private func put(_ bytes: RawSpan, at row: Int) throws(Failure) {
        try file.withLock { file throws(Failure) in try file.write(bytes, at: layout.offset(ofRow: row)) }
    }
}
