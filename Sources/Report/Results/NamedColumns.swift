import Platform

/// A small CSV table with named columns.
struct NamedColumns {
    struct Row {
        let table: String
        /// From 1.
        let line: Int
        fileprivate let fields: [String: String]

        /// A required cell, which may be empty.
        func text(_ column: String) throws(Failure) -> String {
            guard let text = fields[column] else {
                throw Failure("\(table): line 1: expected a column \(column), found none")
            }
            return text
        }

        /// - Parameter unit: an optional suffix of the number.
        func number(_ column: String, unit: String = "") throws(Failure) -> Double {
            var text = try text(column)[...]
            if !unit.isEmpty, text.hasSuffix(unit) { text = text.dropLast(unit.count) }
            guard let value = Double(text), value.isFinite, value >= 0 else {
                throw error(column, expected: "a number of 0 or more")
            }
            return value
        }

        /// nil where the cell is empty.
        func optionalNumber(_ column: String) throws(Failure) -> Double? {
            guard try !text(column).isEmpty else { return nil }
            let value = try number(column)
            guard value < 1e18 else { throw error(column, expected: "a number below 10^18") }
            return value
        }

        func count(_ column: String) throws(Failure) -> Int {
            let value = try number(column)
            guard value == value.rounded(), value < 1e15 else { throw error(column, expected: "a whole number") }
            return Int(value)
        }

        func error(_ column: String, expected: String) -> Failure {
            let found = fields[column] ?? ""
            return Failure(
                "\(table): line \(line): \(column): expected \(expected), "
                    + "found \"\(found.count > 60 ? found.prefix(60) + "..." : found[...])\"")
        }
    }

    let columns: [String]
    private(set) var rows: [Row] = []

    /// - Parameter spaces: whether spaces in column names are significant.
    /// - Throws: `Failure` for a missing header, a duplicate name, or rows of another length.
    init(csv bytes: [UInt8], name: String, spaces: Bool = true) throws(Failure) {
        var text = DelimitedText(name: name, bytes: bytes)
        guard let header = try text.next() else {
            throw Failure("\(name): line 1: expected the names of columns, found an empty file")
        }
        columns = spaces ? header : header.map { $0.filter { $0 != " " } }
        guard Set(columns).count == columns.count else {
            throw Failure("\(name): line \(text.recordLine): a column's name occurs twice")
        }
        while let record = try text.next() {
            guard record.count == columns.count else {
                throw Failure(
                    "\(name): line \(text.recordLine): expected \(columns.count) fields as in the header, "
                        + "found \(record.count)")
            }
            let fields = Dictionary(uniqueKeysWithValues: zip(columns, record))
            rows.append(Row(table: name, line: text.recordLine, fields: fields))
        }
    }
}
