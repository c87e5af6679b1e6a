import Platform

/// A column of strings in a file, such as names of galaxies. Nothing is read before a call asks for it.
public struct TextColumn: Sendable {
    public let name: String
    /// Number of strings.
    public let count: Int
    private let file: String
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
