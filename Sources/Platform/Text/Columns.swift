/// Tables of text with aligned columns.
package enum Columns {
    /// - Parameters:
    ///   - texts: the columns that are aligned left; the others, of numbers, are aligned right.
    ///   - margin: the beginning of each line.
    package static func text(_ rows: [[String]], texts: Set<Int> = [0], margin: String = "") -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return texts.contains(column) ? cell + blanks : blanks + cell
            }
            var line = margin + cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
