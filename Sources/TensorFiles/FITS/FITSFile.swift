import Platform

/// FITS: images and the columns of tables, as named tensors.
/// Standard: https://fits.gsfc.nasa.gov/fits_standard.html (4.0)
///
/// An image has the name of its EXTNAME; without one, the first is `primary` and others are `hdu<n>`, counted from 0. If all
/// images are read, have two axes and the same shape, they form the additional tensor `planes`. A column has the name of its TTYPE,
/// after the table's EXTNAME (`TABLE.column`) where two tables have a column of that name. Integers of images, and of
/// columns with several numbers a row, are scaled to float64, NaN where BLANK or TNULL marks them undefined; those of other
/// columns are int64, unsigned ones of 64 bits uint64, or float64 where they are scaled. As floats, they are NaN where TNULL
/// marks them undefined.
enum FITSFile {
    static let magic = Array("SIMPLE  =".utf8)

    static func read(_ source: some ByteSource, isGzip: Bool = false) throws(Failure) -> TensorFile {
        if isGzip, !(try Gzip.begins(source, with: magic)) {
            throw Failure(source.name, "gzip: expected a FITS file in it, found none")
        }
        let document = try FITSDocument(source, isGzip: isGzip)
        var tensors: [TensorView] = []
        var texts: [TextColumn] = []
        var refusals: [String: String] = [:]
        var origins: [String: TensorFile.ColumnPlace] = [:]
        var names = Set<String>()
        let (units, warning) = try document.units()
        /// The first of the names that no other tensor has; the last of them is always free.
        func unique(_ candidates: [String]) -> String {
            let free = candidates.first { !names.contains($0) } ?? candidates[0]
            names.insert(free)
            return free
        }
        for unit in units {
            switch unit.content {
            case .empty: continue
            case .image(let image):
                let number = "hdu\(unit.number - 1)"
                let name = unit.name.isEmpty ? (unit.number == 1 ? "primary" : number) : unit.name
                let key = unique([name, "\(name).\(number)"])
                origins[key] = TensorFile.ColumnPlace(
                    table: Int(unit.number), name: name, aliases: ["\(name).\(number)"], isImage: true)
                if let reason = image.refusal {
                    refusals[key] = reason
                    continue
                }
                let view = try view(key, image.dtype, image.shape, document) {
                    rows throws(Failure) in try document.pixels(unit, image, rows: rows, as: image.dtype)
                }
                tensors.append(view)
            case .table(let rows, let columns):
                let table = unit.name.isEmpty ? "hdu\(unit.number - 1)" : unit.name
                for column in columns {
                    let number = "\(column.name):\(column.number)"
                    let aliases = [
                        "\(table).\(column.name)", number, "\(table).\(number)", "hdu\(unit.number - 1).\(number)",
                    ]
                    let name = unique([column.name] + aliases)
                    origins[name] = TensorFile.ColumnPlace(
                        table: Int(unit.number), name: column.name, aliases: aliases)
                    switch column.kind {
                    case .number(let dtype):
                        tensors.append(try tensor(name, column, dtype, rows: rows, unit, document))
                    case .text(let width):
                        texts.append(
                            TextColumn(name: name, count: rows, file: source.name) { rows throws(Failure) in
                                try document.texts(unit, column, rows: rows, width: width)
                            })
                    case .refused(let reason): refusals[name] = reason
                    }
                }
            }
        }
        let planes = try planes(units, document)
        if let planes { tensors.append(planes.tensor) }
        return TensorFile(
            name: source.name, format: .fits, byteCount: source.byteCount, tensors: tensors, texts: texts,
            refusals: refusals, warnings: [warning].compactMap(\.self), columns: origins,
            planeNames: planes?.names ?? [],
            noting: { (keywords, unit) throws(Failure) in try document.notes(keywords, unit: unit ?? 1) },
            closing: { document.close() })
    }

    private static func tensor(
        _ name: String, _ column: FITSDocument.Column, _ dtype: DType, rows: Int, _ unit: FITSDocument.Unit,
        _ document: FITSDocument
    ) throws(Failure) -> TensorView {
        let shape = [rows] + column.shape
        let width = try elements(name, column.shape, document)
        let stored: DType = [.i64, .u64].contains(dtype) && !column.shape.isEmpty ? .f64 : dtype
        var view = try view(name, stored, shape, document) { rows throws(Failure) in
            try document.numbers(unit, column, rows: rows, width: width, as: stored)
        }
        view.isScaled = column.isScaled
        if stored == .i64 { view.nulls = [column.null].compactMap(\.self) }
        return view
    }

    /// All images [number, rows, columns] and their names, where all of them are read and have two axes of the same
    /// lengths; otherwise nil.
    private static func planes(
        _ units: [FITSDocument.Unit], _ document: FITSDocument
    ) throws(Failure) -> (tensor: TensorView, names: [String])? {
        var planes: [(unit: FITSDocument.Unit, image: FITSDocument.Image)] = []
        for unit in units {
            guard case .image(let image) = unit.content else { continue }
            if image.refusal != nil { return nil }
            planes.append((unit, image))
        }
        guard planes.count > 1, let first = planes.first?.image.shape, first.count == 2,
            planes.allSatisfy({ $0.image.shape == first })
        else { return nil }
        let dtype: DType = planes.allSatisfy { $0.image.dtype == .f32 } ? .f32 : .f64
        let images = planes
        let tensor = try view("planes", dtype, [planes.count] + first, document) { rows throws(Failure) in
            var bytes: [UInt8] = []
            for plane in images[rows] {
                bytes += try document.pixels(plane.unit, plane.image, rows: 0..<plane.image.shape[0], as: dtype)
            }
            return bytes
        }
        return (tensor, planes.map { "\($0.unit.name) \($0.unit.filter)" })
    }

    private static func view(
        _ name: String, _ dtype: DType, _ shape: [Int], _ document: FITSDocument,
        _ read: @escaping @Sendable (Range<Int>) throws(Failure) -> [UInt8]
    ) throws(Failure) -> TensorView {
        _ = try elements(name, shape, document)
        return TensorView(name: name, dtype: dtype, shape: shape, rowsOf: document.name, read)
    }

    private static func elements(_ name: String, _ shape: [Int], _ document: FITSDocument) throws(Failure) -> Int {
        guard let count = RowSource.elements(shape) else {
            throw document.failure("\(name.quoted): shape \(shape) overflows")
        }
        return count
    }
}
