import Platform
import TensorFiles

extension GalaxyNames {
    // MARK: Tables of one FITS file: they are joined by their rows, and their ids have to be equal, row for row

    /// The ids of the table that `tensor` is a column of, where it has a column of the same name as `ids`; otherwise
    /// `ids`.
    func ids(_ ids: GalaxyIDs, beside tensor: TensorView) throws(Failure) -> GalaxyIDs {
        guard let column = file.columns[ids.name], let place = file.columns[tensor.name], place.table != column.table,
            let own = file.columns.filter({
                $0.value.table == place.table && $0.value.name.lowercased() == column.name.lowercased()
            }).keys.min()
        else { return ids }
        return try self.ids(own) ?? ids
    }

    /// Checks that ids in the tables of `tensors` are equal to `ids`, row for row.
    /// - Throws: `Failure` where a row differs.
    func requireSame(_ ids: GalaxyIDs?, beside tensors: [TensorView]) throws(Failure) {
        guard let ids else { return }
        var compared: Set<String> = [ids.name]
        for tensor in tensors {
            let others = try self.ids(ids, beside: tensor)
            guard compared.insert(others.name).inserted else { continue }
            let (expected, found) = (try ids.all(), try others.all())
            guard expected != found else { continue }
            let row = zip(expected, found).enumerated().first { $0.element.0 != $0.element.1 }
            throw file.failure(
                of: others.name,
                "two tables are joined row for row: expected the ids of \(ids.name), found "
                    + (row.map { "\($0.element.1) for \($0.element.0) (row \($0.offset), counted from 0)" }
                        ?? "\(found.count) ids for \(expected.count)"))
        }
    }
}

extension GalaxyNames {
    /// Columns side by side.
    func stacked(_ columns: [TensorView], _ ids: GalaxyIDs?) throws(Failure) -> TensorView {
        let count = columns[0].rows
        for column in columns where column.count != count || column.rows != count || !column.dtype.isFloatingPoint {
            throw file.failure(
                of: column.name,
                "expected \(count) floating-point numbers, found \(column.dtype.rawValue) \(column.shape)")
        }
        try requireSame(ids, beside: columns)
        return .doubles(
            columns.map(\.name).joined(separator: ", "), shape: [count, columns.count], of: file.name,
            storedAs: columns.flatMap(\.storedTypes)
        ) { (rows) throws(Failure) in
            var values = [Double](repeating: 0, count: rows.count * columns.count)
            for (place, column) in columns.enumerated() {
                for (index, value) in try column.doubles(rows: rows).enumerated() {
                    values[index * columns.count + place] = value
                }
            }
            return values
        }
    }

    /// The network's bands out of the file's.
    func ordered(
        _ magnitudes: TensorView, _ ids: GalaxyIDs?
    ) throws(Failure) -> TensorView {
        try requireSame(ids, beside: [magnitudes])
        guard let count = layout.bandCount else { return magnitudes }
        guard magnitudes.shape.count == 2, magnitudes.shape[1] == count else {
            throw file.failure(
                of: magnitudes.name, "expected a magnitude for each of \(count) bands, found shape \(magnitudes.shape)")
        }
        return layout.bandPlaces.map { BandOrder(places: $0, count: count).magnitudes(magnitudes, of: file.name) }
            ?? magnitudes
    }
}
