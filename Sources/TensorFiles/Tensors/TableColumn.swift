import Platform

/// A column of a table to write: its name, type, unit and description.
public struct TableColumn: Sendable {
    public enum Kind: Sendable, Equatable {
        /// Strings of at most that many bytes of UTF-8.
        case text(width: Int)
        case float32, float64, int64
    }

    public let name: String
    public let kind: Kind
    /// In the spelling of the FITS standard; empty for a dimensionless number, nil where no unit applies.
    public let unit: String?
    public let description: String

    public init(_ name: String, _ kind: Kind, unit: String? = nil, description: String) {
        (self.name, self.kind, self.unit, self.description) = (name, kind, unit, description)
    }
}

/// Values of a column for some rows.
public enum TableValues: Sendable {
    case texts([String])
    case floats([Float])
    case doubles([Double])
    case integers([Int])

    /// Number of rows.
    var count: Int {
        switch self {
        case .texts(let values): values.count
        case .floats(let values): values.count
        case .doubles(let values): values.count
        case .integers(let values): values.count
        }
    }

    /// Whether the values have the type of such a column.
    func fit(_ kind: TableColumn.Kind) -> Bool {
        switch (self, kind) {
        case (.texts, .text), (.floats, .float32), (.doubles, .float64), (.integers, .int64): true
        default: false
        }
    }
}

/// An entry of a file's metadata: a keyword of at most eight characters, its value and a description.
public struct TableNote: Sendable {
    public let keyword: String
    public let text: String
    public let description: String

    public init(_ keyword: String, _ text: String, description: String) {
        (self.keyword, self.text, self.description) = (keyword, text, description)
    }
}

/// Writes a table of rows, block by block, into a file that appears complete or not at all.
public protocol TableWriter {
    /// Appends rows: the values of each column, in the order of the columns.
    mutating func append(_ block: [TableValues]) throws(Failure)
    /// Completes the file.
    /// - Throws: `Failure` when there are fewer or more rows than declared, or the file cannot be written.
    mutating func finish() throws(Failure)
    /// Removes the unfinished file.
    func abandon()
}

extension TableWriter {
    /// The number of rows in a block that fits the columns.
    func rows(of block: [TableValues], _ columns: [TableColumn], file: String) throws(Failure) -> Int {
        let count = block.first?.count ?? 0
        guard block.count == columns.count, block.allSatisfy({ $0.count == count }),
            zip(block, columns).allSatisfy({ $0.fit($1.kind) })
        else { throw Failure(file, "a block of \(block.count) columns does not fit the table") }
        return count
    }
}
