import Platform
import TensorFiles

/// Reads predictions from typed columns: a table of a FITS file, datasets of an HDF5 file, or a `.npy` array.
struct PredictionTableReader {
    let file: TensorFile
    /// The columns to read, z_phot among them.
    let columns: Set<PredictionColumn>
    /// Those that have to be there.
    let required: Set<PredictionColumn>
    /// A further column of numbers that has to be there; nil for none.
    let number: String?
    private static let blockSize = 4096

    /// - Throws: `Failure` naming a column that is missing, or does not have a number or a string for each row.
    func forEach(_ body: (PredictionRow) throws(Failure) -> Void) throws(Failure) {
        defer { file.release() }
        let zPhot = try predictions()
        let count = zPhot.rows
        let zSpec = try numbers(.zSpec, count)
        let further = try number.map { name throws(Failure) in try numbers(named: name, count) }
        let (rowNumbers, flags) = (try numbers(.row, count), try numbers(.flags, count))
        let (objectIDs, sources) = (try strings(.objectID, count), try strings(.source, count))
        for start in stride(from: 0, to: count, by: Self.blockSize) {
            let rows = start..<min(start + Self.blockSize, count)
            let predicted = try Self.decimals(zPhot, rows)
            let known = try zSpec.map { column throws(Failure) in try Self.decimals(column, rows) }
            let furtherNumbers = try further.map { column throws(Failure) in try Self.decimals(column, rows) }
            let numbers = try rowNumbers?.integers(rows: rows)
            let reasons = try flags?.integers(rows: rows)
            let (ids, names) = (try objectIDs?.ids(rows), try sources?.ids(rows))
            for index in 0..<rows.count {
                var row = PredictionRow(zPhot: predicted[index])
                row.zSpec = known.flatMap { $0[index].isNaN ? nil : $0[index] }
                row.number = furtherNumbers?[index]
                (row.objectID, row.source, row.row) = (ids?[index], names?[index], numbers?[index])
                if let reason = reasons?[index] {
                    guard let flags = UInt8(exactly: reason) else {
                        throw Failure(
                            file.name, "column flags: row \(start + index): expected 0 to 255, found \(reason)")
                    }
                    row.flags = PredictionFlags(rawValue: flags)
                }
                try body(row)
            }
        }
    }

    /// The numbers of `rows`; float32 as their shortest decimals: see `PredictionRow.zPhot`.
    private static func decimals(_ column: TensorView, _ rows: Range<Int>) throws(Failure) -> [Double] {
        var values = [Double](repeating: 0, count: rows.count)
        var span = values.mutableSpan
        try column.copyDoubles(rows: rows, into: &span)
        guard column.dtype == .f32 else { return values }
        return values.map { value in
            let text = Array(Float(value).description.utf8)
            return DecimalText.number(text, text.indices) ?? Double(String(decoding: text, as: UTF8.self)) ?? .nan
        }
    }

    private func predictions() throws(Failure) -> TensorView {
        if file.format == .npy, columns.contains(.zSpec) {
            throw Failure(
                file.name, "is a .npy array, which holds z_phot only: z_spec is in .csv, .csv.gz, .jsonl, .fits and .h5"
            )
        }
        guard let tensor = try file.format == .npy ? file.tensors.first : numbers(.zPhot, nil) else {
            throw Failure(file.name, "expected a column z_phot, found none")
        }
        try check(tensor, .zPhot, tensor.rows)
        return tensor
    }

    /// A column of `count` rows, any number of them if nil; nil where it is missing, or not to be read.
    private func numbers(_ column: PredictionColumn, _ count: Int?) throws(Failure) -> TensorView? {
        guard try isThere(column) else { return nil }
        guard let tensor = file[column.rawValue] else { throw error(column, "numbers, found texts") }
        try check(tensor, column, count ?? tensor.rows)
        return tensor
    }

    /// A column of `count` numbers of any type, in the table of z_phot.
    private func numbers(named name: String, _ count: Int) throws(Failure) -> TensorView {
        if let reason = file.refusals[name] { throw Failure(file.name, "column \(name): \(reason)") }
        let isBeside = file.columns[name]?.table == file.columns[PredictionColumn.zPhot.rawValue]?.table
        guard isBeside, let tensor = file[name] else {
            throw Failure(file.name, "expected a column \(name) of numbers, found none")
        }
        guard tensor.shape == [count] || tensor.shape == [count, 1], tensor.dtype != .bool else {
            throw Failure(
                file.name, "column \(name): expected \(count) numbers, found \(tensor.dtype.rawValue) \(tensor.shape)")
        }
        return tensor
    }

    private func strings(_ column: PredictionColumn, _ count: Int) throws(Failure) -> GalaxyIDs? {
        guard let strings = file.text(column.rawValue) else { return try numbers(column, count).map { .integers($0) } }
        guard try isThere(column) else { return nil }
        guard strings.count == count else { throw error(column, "\(count) texts, found \(strings.count)") }
        return .texts(strings)
    }

    /// Whether to read a column, which has to be in the table of z_phot.
    private func isThere(_ column: PredictionColumn) throws(Failure) -> Bool {
        let name = column.rawValue
        guard columns.contains(column) else { return false }
        if let reason = file.refusals[name] { throw Failure(file.name, "column \(name): \(reason)") }
        let isBeside = file.columns[name]?.table == file.columns[PredictionColumn.zPhot.rawValue]?.table
        let isFound = isBeside && (file[name] != nil || file.text(name) != nil)
        guard isFound || !required.contains(column) else {
            throw Failure(file.name, "expected a column \(name), found none")
        }
        return isFound
    }

    private func check(_ tensor: TensorView, _ column: PredictionColumn, _ rows: Int) throws(Failure) {
        let isInteger = !tensor.dtype.isFloatingPoint && tensor.dtype != .bool
        let isReal = tensor.dtype.isFloatingPoint && [.zPhot, .zSpec].contains(column)
        guard tensor.shape == [rows] || tensor.shape == [rows, 1], isInteger || isReal else {
            let expected = [.zPhot, .zSpec].contains(column) ? "numbers" : "integers"
            throw error(column, "\(rows) \(expected), found \(tensor.dtype.rawValue) \(tensor.shape)")
        }
    }

    private func error(_ column: PredictionColumn, _ message: String) -> Failure {
        Failure(file.name, "column \(column.rawValue): expected \(message)")
    }
}
