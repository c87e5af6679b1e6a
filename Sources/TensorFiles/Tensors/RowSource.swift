import Platform

/// Rows that a library reads and converts on demand, presented as consecutive little-endian bytes. Nothing is cached.
final class RowSource: ByteSource {
    let name: String
    let byteCount: Int
    private let rowBytes: Int
    private let read: @Sendable (Range<Int>) throws(Failure) -> [UInt8]

    /// - Parameters:
    ///   - rowBytes: of a converted row; rows * rowBytes does not overflow.
    ///   - read: returns `rowBytes` bytes for each row of a range.
    init(name: String, rows: Int, rowBytes: Int, _ read: @escaping @Sendable (Range<Int>) throws(Failure) -> [UInt8]) {
        (self.name, self.rowBytes, self.read) = (name, rowBytes, read)
        byteCount = rows * rowBytes
    }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        guard !range.isEmpty else { return try MemorySource(name: name, bytes: []).withBytes(in: 0..<0, body) }
        let first = range.lowerBound / rowBytes
        let end = (range.upperBound - 1) / rowBytes + 1
        let start = range.lowerBound - first * rowBytes
        let bytes = try read(first..<end)
        return try MemorySource(name: name, bytes: bytes).withBytes(in: start..<start + range.count, body)
    }
}

extension RowSource {
    /// Number of elements; nil where their bytes overflow, or a length is negative.
    static func elements(_ shape: [Int]) -> Int? {
        TensorLayout.dense(shape).flatMap { $0.count <= Int.max / 16 ? $0.count : nil }
    }
}

extension TensorView {
    /// A tensor whose rows a library reads. `RowSource.elements` has checked the shape.
    init(
        name: String, dtype: DType, shape: [Int], rowsOf file: String,
        _ read: @escaping @Sendable (Range<Int>) throws(Failure) -> [UInt8]
    ) {
        let width = max(1, shape.dropFirst().reduce(1, *))
        self.init(
            name: name, dtype: dtype, shape: shape, strides: TensorLayout.rowMajorStrides(shape) ?? [], byteOffset: 0,
            source: RowSource(name: file, rows: shape.first ?? 1, rowBytes: width * dtype.byteCount, read))
    }
}

/// A column of strings in a file, such as names of galaxies. Nothing is read before a call asks for it.
public struct TextColumn: Sendable {
    public let name: String
    /// Number of strings.
    public let count: Int
    let file: String
    private let body: @Sendable (Range<Int>) throws(Failure) -> [String]

    init(name: String, count: Int, file: String, _ body: @escaping @Sendable (Range<Int>) throws(Failure) -> [String]) {
        (self.name, self.count, self.file, self.body) = (name, count, file, body)
    }

    /// A column of strings in memory.
    public init(_ name: String, texts: [String], of file: String) {
        self.init(name: name, count: texts.count, file: file) { rows in Array(texts[rows]) }
    }

    /// The strings of `rows`, without padding.
    /// - Throws: `Failure` when there are no such rows, or they cannot be read.
    public func texts(rows: Range<Int>) throws(Failure) -> [String] {
        guard rows.lowerBound >= 0, rows.upperBound <= count else {
            throw Failure(file, "column \(name.quoted): rows \(rows.lowerBound)..<\(rows.upperBound) of \(count)")
        }
        return rows.isEmpty ? [] : try body(rows)
    }
}
