import Platform

/// Predictions as CSV, whose columns are found by the names in the first line; any others are passed over. Numbers are
/// decimal, `nan` and `inf` included; an empty `z_spec` is an unknown one.
struct PredictionRecords: PredictionText {
    private var text: DelimitedText
    private let columns: Set<PredictionColumn>
    private let required: Set<PredictionColumn>
    private let number: String?
    private var header: Header?
    private var fields: [DelimitedText.Field] = []

    /// The number of fields, and which of them is what; nil for a column that is not there or not asked for.
    private struct Header {
        let count: Int
        let zPhot: Int
        let zSpec, objectID, source, row, flags, number: Int?
    }

    init(name: String, columns: Set<PredictionColumn>, required: Set<PredictionColumn>, number: String? = nil) {
        text = DelimitedText(name: name)
        (self.columns, self.required, self.number) = (columns, required, number)
    }

    mutating func append(_ piece: RawSpan) throws(Failure) { try text.append(piece) }

    mutating func finish() { text.finish() }

    mutating func next() throws(Failure) -> PredictionRow? {
        if header == nil { header = try readHeader() }
        guard let header, try text.next(into: &fields) else { return nil }
        guard fields.count == header.count else {
            throw error("expected \(header.count) fields as in the header, found \(fields.count)")
        }
        // The text is read in place: a method of this struct would copy it for each number.
        guard let zPhot = text.number(fields[header.zPhot]) else { throw error(header.zPhot, "z_phot", "a number") }
        var row = PredictionRow(zPhot: zPhot)
        if let field = header.zSpec, !fields[field].range.isEmpty {
            row.zSpec = text.number(fields[field])
            if row.zSpec == nil { throw error(field, "z_spec", "a number") }
        }
        if let field = header.number, let number {
            row.number = fields[field].range.isEmpty ? .nan : text.number(fields[field])
            if row.number == nil { throw error(field, number, "a number") }
        }
        if let field = header.objectID { row.objectID = text.text(fields[field]) }
        if let field = header.source { row.source = text.text(fields[field]) }
        if let field = header.row {
            row.row = Int(text.text(fields[field]))
            if row.row == nil { throw error(field, "row", "a whole number") }
        }
        if let field = header.flags {
            row.flags = UInt8(text.text(fields[field])).map { PredictionFlags(rawValue: $0) }
            if row.flags == nil { throw error(field, "flags", "a whole number") }
        }
        return row
    }

    private mutating func readHeader() throws(Failure) -> Header? {
        guard let names = try text.next() else {
            guard text.isWhole else { return nil }
            throw Failure(text.name, "line 1: expected a header with z_phot and z_spec, found an empty file")
        }
        return Header(
            count: names.count, zPhot: try index(of: PredictionColumn.zPhot.rawValue, in: names),
            zSpec: try optionalIndex(of: .zSpec, in: names),
            objectID: try optionalIndex(of: .objectID, in: names), source: try optionalIndex(of: .source, in: names),
            row: try optionalIndex(of: .row, in: names), flags: try optionalIndex(of: .flags, in: names),
            number: try number.map { name throws(Failure) in try index(of: name, in: names) })
    }

    private func optionalIndex(of column: PredictionColumn, in names: [String]) throws(Failure) -> Int? {
        guard required.contains(column) || (columns.contains(column) && names.contains(column.rawValue)) else {
            return nil
        }
        return try index(of: column.rawValue, in: names)
    }

    private func index(of column: String, in names: [String]) throws(Failure) -> Int {
        let found = names.indices.filter { names[$0] == column }
        guard found.count == 1 else {
            throw error(
                "expected one column \(column), found \(found.count) in "
                    + "\"\(Self.shortened(names.joined(separator: ",")))\"")
        }
        return found[0]
    }

    private func error(_ field: Int, _ column: String, _ expected: String) -> Failure {
        error("\(column): expected \(expected), found \"\(Self.shortened(text.text(fields[field])))\"")
    }

    /// As much of a file's text as an error line has room for.
    private static func shortened(_ text: String) -> String { text.count > 120 ? text.prefix(120) + "..." : text }

    private func error(_ message: String) -> Failure { Failure(text.name, "line \(text.recordLine): \(message)") }
}
