import Platform

/// A column of a table that is written: what it is called, what it holds, and what that means.
public struct TableColumn: Sendable {
    public enum Kind: Sendable, Equatable {
        /// Texts of at most so many bytes of UTF-8.
        case text(width: Int)
        case float32, float64, int64
    }

    public let name: String
    public let kind: Kind
    /// As the FITS standard spells units; empty for a pure number, nil where there is nothing to measure.
    public let unit: String?
    public let description: String

    public init(_ name: String, _ kind: Kind, unit: String? = nil, description: String) {
        (self.name, self.kind, self.unit, self.description) = (name, kind, unit, description)
    }
}

/// A column's part of some rows.
public enum TableValues: Sendable {
    case texts([String])
    case floats([Float])
    case doubles([Double])
    case integers([Int])

    /// How many there are.
    var count: Int {
        switch self {
        case .texts(let values): values.count
        case .floats(let values): values.count
        case .doubles(let values): values.count
        case .integers(let values): values.count
        }
    }

    /// Whether they are what such a column holds.
    func fit(_ kind: TableColumn.Kind) -> Bool {
        switch (self, kind) {
        case (.texts, .text), (.floats, .float32), (.doubles, .float64), (.integers, .int64): true
        default: false
        }
    }
}

/// What a file says of itself: a keyword of at most eight characters, its text, and what it is.
public struct TableNote: Sendable {
    public let keyword: String
    public let text: String
    public let description: String

    public init(_ keyword: String, _ text: String, description: String) {
        (self.keyword, self.text, self.description) = (keyword, text, description)
    }
}

/// Writes a table of rows, block after block, into a file that is complete or not there.
public protocol TableWriter {
    /// Appends rows: as many values for each column, in the columns' order.
    mutating func append(_ block: [TableValues]) throws(Failure)
    /// Puts the file in its place.
    /// - Throws: `Failure` when there are fewer or more rows than were declared, or the file cannot be written.
    mutating func finish() throws(Failure)
    /// Gives up: nothing is left behind.
    func abandon()
}

extension TableWriter {
    /// The number of rows in a block that fits the columns.
    func rows(
        of block: [TableValues], _ columns: [TableColumn], file: String
    ) throws(Failure) -> Int {
        let count = block.first?.count ?? 0
        guard block.count == columns.count, block.allSatisfy({ $0.count == count }),
            zip(block, columns).allSatisfy({ $0.fit($1.kind) })
        else { throw Failure(file, "a block of \(block.count) columns does not fit the table") }
        return count
    }
}
