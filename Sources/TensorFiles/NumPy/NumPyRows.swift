import Platform
import Synchronization

/// An `.npy` file of so many rows, which are written in any order and by any thread; it appears when it is whole.
public final class NumPyRows: Sendable {
    /// How floats are stored.
    public enum Element: String, Sendable, CaseIterable {
        case float32 = "<f4"
        /// Rounded to nearest; beyond 65,504 it is infinite.
        case float16 = "<f2"
    }

    public let element: Element
    /// Values of one row.
    public let rowCount: Int
    private let path: String
    private let file: Mutex<AtomicFile>
    /// Rows that were written, those that came twice counted twice.
    private let written = Atomic(0)
    private let rows: Int
    private let start: Int

    /// - Parameters:
    ///   - rows: how many there will be.
    ///   - shape: of a row.
    /// - Throws: `Failure` when the file cannot be written.
    public init(path: String, element: Element, rows: Int, shape: [Int]) throws(Failure) {
        let shape = [rows] + shape
        guard shape.allSatisfy({ $0 >= 0 }), TensorLayout.rowMajorStrides(shape) != nil else {
            throw Failure(path, "an array of shape \(shape) is too large")
        }
        self.path = path
        self.element = element
        self.rows = rows
        rowCount = shape.dropFirst().reduce(1, *)
        let header = NumPyWriter.header(element.rawValue, shape)
        start = header.count
        let file = try AtomicFile(path: path)
        try file.write(header)
        self.file = Mutex(file)
    }

    /// Whether a value is a finite number as it is stored.
    public func isFinite(_ value: Float) -> Bool {
        element == .float32 ? value.isFinite : Float16(value).isFinite
    }

    /// Writes whole rows from the one at `row` on.
    public func write(_ values: Span<Float>, at row: Int) throws(Failure) {
        precondition(values.count % max(1, rowCount) == 0 && row + values.count / max(1, rowCount) <= rows)
        defer { written.add(rowCount > 0 ? values.count / rowCount : 0, ordering: .relaxed) }
        if element == .float32 {
            try unsafe put(values.bytes, at: start + 4 * row * rowCount)
            return
        }
        let halves = values.indices.map { Float16(values[$0]) }
        try unsafe put(halves.span.bytes, at: start + 2 * row * rowCount)
    }

    /// Puts the file in its place.
    /// - Throws: `Failure` when rows are missing or came twice, or the file cannot be written.
    public func finish() throws(Failure) {
        let count = written.load(ordering: .relaxed)
        guard count == rows || rowCount == 0 else {
            abandon()
            throw Failure(path, "expected \(rows) rows, found \(count) that were written")
        }
        try file.withLock { file throws(Failure) in try file.commit() }
    }

    /// Gives up: nothing is left behind.
    public func abandon() { file.withLock { $0.abandon() } }

    private func put(_ bytes: RawSpan, at offset: Int) throws(Failure) {
        try file.withLock { file throws(Failure) in try file.write(bytes, at: offset) }
    }
}
