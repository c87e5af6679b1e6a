import Platform

/// Compares a table of a result tree with another program's table of it, cell by cell.
public struct TableCheck: Sendable {
    /// A difference between the two tables.
    public struct Difference: Sendable, Equatable {
        /// The keys of the row: `partition (MB) 25, data (GB) 1.0, run mean`; empty for a column.
        public let row: String
        /// nil for the whole row.
        public let column: String?
        /// The cell of the file; nil where it has no such row.
        public let expected: String?
        /// The cell of the trees; nil where they have no such run.
        public let found: String?
        /// Line of the file, from 1; nil for a row that it does not have.
        public let line: Int?
    }

    public let file: String
    /// The table with the file's columns.
    public let table: String
    /// Of several such tables, the one with the fewest differences.
    public let set: String?
    /// Rows that both have.
    public let rows: Int
    /// Compared cells, without keys.
    public let cells: Int
    public let differences: [Difference]

    /// - Throws: `Failure` for a file that cannot be read, or with the columns of no table.
    public init(csvFile path: String, _ tables: ResultTables) throws(Failure) {
        try self.init(csv: try FileBytes.read(path), name: path, tables)
    }

    init(csv bytes: [UInt8], name: String, _ tables: ResultTables) throws(Failure) {
        let expected = try NamedColumns(csv: bytes, name: name)
        let (table, candidates) = try Self.candidates(expected, name: name, tables)
        let empty = ResultTable(columns: expected.columns, keyCount: candidates.first?.table.keyCount ?? 2, rows: [])
        var best: (set: String?, comparison: Comparison)?
        for candidate in candidates.isEmpty ? [(nil, empty)] : candidates {
            let comparison = try Comparison(expected, candidate.table)
            if comparison.differences.count < best?.comparison.differences.count ?? Int.max {
                best = (candidates.count > 1 ? candidate.set : nil, comparison)
            }
        }
        file = name
        self.table = table
        set = best?.set
        rows = best?.comparison.rows ?? 0
        cells = best?.comparison.cells ?? 0
        differences = best?.comparison.differences ?? []
        guard rows > 0 || !differences.isEmpty else {
            throw Failure("\(name): expected rows to compare, found none, neither there nor in the trees")
        }
    }

    private typealias Candidate = (set: String?, table: ResultTable)

    /// The tables with such columns: for batch sizes one for each partition and data size.
    private static func candidates(
        _ expected: NamedColumns, name: String, _ tables: ResultTables
    ) throws(Failure) -> (table: String, [Candidate]) {
        let columns = Set(expected.columns)
        guard columns.contains("run") else { throw unknown(expected, name) }
        if columns.contains("sum_of_ranks_bps") { return ("wall_clock", [(nil, tables.wallClock)]) }
        guard columns.contains("total_cpu_time (seconds)") else { throw unknown(expected, name) }
        if columns.contains("threads") { return ("threads_varying_results", [(nil, tables.threadsVarying)]) }
        if columns.contains("inference_duration (s)") { return ("result_stats_adjusted", [(nil, tables.adjusted)]) }
        if columns.contains("partition (MB)") { return ("result_stats", [(nil, tables.resultStats)]) }
        guard columns.contains("batch_size") else { throw unknown(expected, name) }
        let sets = tables.batchVarying.map { set -> Candidate in (set.key.text, set.table) }
        return ("batch_varying_results", sets)
    }

    private static func unknown(_ table: NamedColumns, _ name: String) -> Failure {
        let found = table.columns.joined(separator: ",")
        return Failure(
            "\(name): line 1: expected the columns of result_stats.csv, batch_varying_results.csv or "
                + "result_stats_adjusted.csv, found \"\(found.count > 120 ? found.prefix(120) + "..." : found[...])\"")
    }
}

/// Two tables of the same columns.
private struct Comparison {
    var rows = 0
    var cells = 0
    var differences: [TableCheck.Difference] = []

    init(_ expected: NamedColumns, _ found: ResultTable) throws(Failure) {
        let keys = found.columns.prefix(found.keyCount)
        let shared = compareColumns(expected.columns, found.columns)
        var foundRows: [[String]: [String: String]] = [:]
        var order: [(key: [String], place: String)] = []
        for row in found.rows {
            let fields = Dictionary(uniqueKeysWithValues: zip(found.columns, row.map(\.text)))
            let texts = keys.map { fields[$0] ?? "" }
            foundRows[texts.map(Self.normal)] = fields
            order.append((texts.map(Self.normal), Self.place(keys, texts)))
        }
        var lines: [[String]: Int] = [:]
        for row in expected.rows {
            var texts: [String] = []
            for column in keys { texts.append(try row.text(column)) }
            let (key, place) = (texts.map(Self.normal), Self.place(keys, texts))
            if let line = lines.updateValue(row.line, forKey: key) {
                differences.append(
                    .init(
                        row: place, column: nil, expected: "a second row, after line \(line)", found: nil,
                        line: row.line))
                continue
            }
            guard let fields = foundRows[key] else {
                differences.append(.init(row: place, column: nil, expected: "a row", found: nil, line: row.line))
                continue
            }
            rows += 1
            for column in shared where !keys.contains(column) {
                cells += 1
                let (text, value) = (try row.text(column), fields[column] ?? "")
                if Self.normal(text) != Self.normal(value) {
                    differences.append(.init(row: place, column: column, expected: text, found: value, line: row.line))
                }
            }
        }
        for row in order where lines[row.key] == nil {
            differences.append(.init(row: row.place, column: nil, expected: nil, found: "a row", line: nil))
        }
    }

    /// The rows that both have; the others are differences.
    private mutating func compareColumns(_ expected: [String], _ found: [String]) -> [String] {
        for column in expected where !found.contains(column) {
            differences.append(.init(row: "", column: column, expected: "a column", found: nil, line: 1))
        }
        for column in found where !expected.contains(column) {
            differences.append(.init(row: "", column: column, expected: nil, found: "a column", line: nil))
        }
        return expected.filter(found.contains)
    }

    /// Numbers are compared by value: 25 equals 25.0.
    private static func normal(_ cell: String) -> String {
        guard let value = Double(cell), value.isFinite else { return cell }
        return "\(value + 0)"
    }

    private static func place(_ columns: some Collection<String>, _ key: [String]) -> String {
        zip(columns, key).map { "\($0) \($1)" }.joined(separator: ", ")
    }
}

extension TableCheck.Difference {
    /// One line.
    public var text: String {
        let place = [line.map { "line \($0)" }, row.isEmpty ? nil : row, column].compactMap(\.self)
            .joined(separator: ": ")
        func shown(_ text: String) -> String { text.isEmpty ? "an empty cell" : text }
        return switch (expected, found) {
        case (let expected?, let found?): "\(place): expected \(shown(expected)), found \(shown(found))"
        case (let expected?, nil):
            "\(place): expected \(expected), found no such " + (row.isEmpty ? "column" : "run in the trees")
        case (nil, _): "\(place): in the trees, and not in the file"
        }
    }
}

extension TableCheck.Difference: Encodable {}
extension TableCheck: Encodable {}
