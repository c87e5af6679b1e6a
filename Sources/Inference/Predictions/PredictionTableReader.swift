import Platform
import TensorFiles

/// Reads predictions from typed columns: a table of a FITS file, datasets of an HDF5 file, or a `.npy` array.
struct PredictionTableReader {
    private let file: TensorFile
    private let zPhot: TensorView
    private let zSpec, row, flags: TensorView?
    private let objectIDs, sources: GalaxyIDs?
    private static let blockSize = 4096

    /// - Throws: `Failure` naming a column that is missing, or is not a number or a text for each row.
    init(
        _ file: TensorFile, columns: Set<PredictionColumn>, required: Set<PredictionColumn>
    ) throws(Failure) {
        self.file = file
        if file.format == .npy, columns.contains(.zSpec) {
            throw Failure(
                file.name, "is a .npy array, which holds z_phot only: z_spec is in .csv, .csv.gz, .jsonl, .fits and .h5"
            )
        }
        let found = Columns(
            file: file, columns: columns.union(required).union([.zPhot]), required: required.union([.zPhot]))
        guard let zPhot = try file.format == .npy ? file.tensors.first : found.numbers(.zPhot, beside: nil) else {
            throw Failure(file.name, "expected a column z_phot, found none")
        }
        try found.check(zPhot, .zPhot, rows: zPhot.rows)
        self.zPhot = zPhot
        zSpec = try found.numbers(.zSpec, beside: zPhot)
        row = try found.numbers(.row, beside: zPhot)
        flags = try found.numbers(.flags, beside: zPhot)
        objectIDs = try found.texts(.objectID, beside: zPhot)
        sources = try found.texts(.source, beside: zPhot)
    }

    func forEach(_ body: (PredictionRow) throws(Failure) -> Void) throws(Failure) {
        defer { file.release() }
        for start in stride(from: 0, to: zPhot.rows, by: Self.blockSize) {
            let rows = start..<min(start + Self.blockSize, zPhot.rows)
            let predicted = try Self.decimals(zPhot, rows)
            let known = try zSpec.map { column throws(Failure) in try Self.decimals(column, rows) }
            let places = try row?.integers(rows: rows)
            let reasons = try flags?.integers(rows: rows)
            let (ids, names) = (try objectIDs?.ids(rows), try sources?.ids(rows))
            for index in 0..<rows.count {
                var row = PredictionRow(zPhot: predicted[index])
                row.zSpec = known.flatMap { $0[index].isNaN ? nil : $0[index] }
                row.row = places?[index]
                if let reason = reasons?[index] {
                    guard let flags = UInt8(exactly: reason) else {
                        throw Failure(
                            file.name, "column flags: row \(start + index): expected 0 to 255, found \(reason)")
                    }
                    row.flags = PredictionFlags(rawValue: flags)
                }
                (row.objectID, row.source) = (ids?[index], names?[index])
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

    /// The columns of a file by their names.
    private struct Columns {
        let file: TensorFile
        let columns: Set<PredictionColumn>
        let required: Set<PredictionColumn>

        /// nil where the table of z_phot has none, or it is not asked for.
        func numbers(_ column: PredictionColumn, beside zPhot: TensorView?) throws(Failure) -> TensorView? {
            guard try isThere(column) else { return nil }
            guard let tensor = file[column.rawValue] else { throw error(column, "numbers, found texts") }
            try check(tensor, column, rows: zPhot?.rows ?? tensor.rows)
            return tensor
        }

        func texts(_ column: PredictionColumn, beside zPhot: TensorView) throws(Failure) -> GalaxyIDs? {
            guard try isThere(column) else { return nil }
            guard let texts = file.text(column.rawValue) else {
                return try numbers(column, beside: zPhot).map { .integers($0) }
            }
            guard texts.count == zPhot.rows else { throw error(column, "\(zPhot.rows) texts, found \(texts.count)") }
            return .texts(texts)
        }

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

        func check(_ tensor: TensorView, _ column: PredictionColumn, rows: Int) throws(Failure) {
            let isInteger = !tensor.dtype.isFloatingPoint && tensor.dtype != .bool
            let expected = [.zPhot, .zSpec].contains(column) ? "numbers" : "integers"
            guard tensor.shape == [rows] || tensor.shape == [rows, 1],
                isInteger || (tensor.dtype.isFloatingPoint && expected == "numbers")
            else { throw error(column, "\(rows) \(expected), found \(tensor.dtype.rawValue) \(tensor.shape)") }
        }

        private func error(_ column: PredictionColumn, _ message: String) -> Failure {
            Failure(file.name, "column \(column.rawValue): expected \(message)")
        }
    }
}
