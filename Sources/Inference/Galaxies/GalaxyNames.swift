import Platform
import TensorFiles

/// Finds a file's tensors of galaxies by their usual names or by the names in a `GalaxyLayout`.
struct GalaxyNames {
    let file: TensorFile

    init(_ file: TensorFile) { self.file = file }

    /// How a `TensorDataset`, a bare tuple or list, and NumPy's `savez` without names number images, magnitudes and
    /// redshifts.
    private static let numbered = [
        ("tensors.0", "tensors.1", "tensors.2"), ("0", "1", "2"), ("arr_0", "arr_1", "arr_2"),
    ]

    /// Images with the file's bands and size; nil where none are found.
    /// - Parameter alone: whether the only array of a file counts as its images, whatever its name.
    func images(_ layout: GalaxyLayout, alone: Bool) throws(Failure) -> TensorView? {
        if let name = layout.images { return try named(name) }
        for (images, magnitudes, _) in Self.numbered {
            if let found = file[images], alone || file[magnitudes] != nil { return found }
        }
        if let found = try tensor(["images", "image"]) { return found }
        return inFITS ?? (alone ? file[""] : nil)
    }

    /// Magnitudes [N, bands]: a tensor, or a column for each band; nil where none are found.
    /// - Parameter ids: the galaxies' ids; a table of magnitudes that has ids of its own has to have the same ones.
    func magnitudes(_ layout: GalaxyLayout, of ids: GalaxyIDs?) throws(Failure) -> TensorView? {
        if layout.magnitudes.count > 1 {
            return try stacked(layout.magnitudes.map { name throws(Failure) in try named(name) }, ids)
        }
        if let name = layout.magnitudes.first { return try ordered(named(name), layout, ids) }
        if layout.images == nil {
            for (images, magnitudes, _) in Self.numbered where file[images] != nil {
                if let found = file[magnitudes] { return try ordered(found, layout, ids) }
            }
        }
        if let found = try tensor(["magnitudes"]) { return try ordered(found, layout, ids) }
        for names in GalaxyLayout.magnitudeColumns {
            var columns: [TensorView] = []
            // A FITS file of one galaxy may have its images under the bands' names.
            for name in names { if let column = try tensor([name]), column.shape.count == 1 { columns.append(column) } }
            if columns.count == names.count { return try stacked(columns, ids) }
        }
        return nil
    }

    /// - Parameter ids: as for magnitudes.
    func redshifts(_ layout: GalaxyLayout, of ids: GalaxyIDs?) throws(Failure) -> TensorView? {
        let found = try redshifts(layout)
        if let found { try requireSame(ids, beside: [found]) }
        return found
    }

    private func redshifts(_ layout: GalaxyLayout) throws(Failure) -> TensorView? {
        if let name = layout.redshifts { return try named(name) }
        for (images, magnitudes, redshifts) in Self.numbered where layout.images == nil {
            if file[images] != nil, file[magnitudes] != nil, let found = file[redshifts] { return found }
        }
        return try tensor(GalaxyLayout.usualRedshifts)
    }

    /// The galaxies' ids, out of the images' own table where several have some; nil where there are none.
    func objectIDs(_ layout: GalaxyLayout, of images: TensorView) throws(Failure) -> GalaxyIDs? {
        try objectIDs(layout).map { found throws(Failure) in try ids(found, beside: images) }
    }

    private func objectIDs(_ layout: GalaxyLayout) throws(Failure) -> GalaxyIDs? {
        if let name = layout.objectIDs {
            if let found = try ids(name) { return found }
            // Where a table is joined, the name may be one of the table's columns.
            guard let table = layout.table else { _ = try named(name); return nil }
            guard table.idName == name else {
                throw file.failure(of: name, "is neither there nor in \(table.name): found " + found)
            }
        }
        return try ids(GalaxyLayout.usualObjectID)
    }

    /// The ids of that name; nil where there are none.
    func ids(_ name: String) throws(Failure) -> GalaxyIDs? {
        if let texts = find([name], in: file.texts, \.name) { return .texts(texts) }
        return try tensor([name]).map { .integers($0) }
    }

    /// Whether there is a tensor of that name.
    func has(_ name: String) -> Bool { find([name], in: file.tensors, \.name) != nil }

    /// A tensor beside the numbered ones that no layout has.
    var further: TensorView? { ["tensors.3", "3", "arr_3"].compactMap { file[$0] }.first }

    /// The first names in the file, for error messages.
    var found: String {
        let names = (file.tensors.map(\.name) + file.texts.map(\.name)).map { $0.isEmpty ? "one array" : $0 }
        return (names.isEmpty ? "no tensors" : names.prefix(3).joined(separator: ", "))
            + (names.count > 3 ? ", ... (\(names.count) tensors)" : "")
    }

    /// The planes of a file of one galaxy, or the only image with the shape of cutouts: most FITS images have no names.
    private var inFITS: TensorView? {
        guard file.format == .fits else { return nil }
        let cubes = file.tensors.filter { $0.shape.count == 4 }
        if cubes.count == 1 { return cubes[0] }
        if let planes = file["planes"] { return planes }
        let stacks = file.tensors.filter { $0.shape.count == 3 && $0.shape[0] <= 16 }
        return cubes.isEmpty && stacks.count == 1 ? stacks[0] : nil
    }

    private func named(_ name: String) throws(Failure) -> TensorView {
        if let found = try tensor([name]) { return found }
        throw file.failure(of: name, "is not there: found " + found)
    }

    private func tensor(_ names: [String]) throws(Failure) -> TensorView? {
        if let found = find(names, in: file.tensors, \.name) { return found }
        for name in names {
            if let reason = file.refusals[name] { throw file.failure(of: name, reason) }
        }
        return nil
    }

    /// The first of the names that the file has. Names of FITS columns are compared without regard to case.
    private func find<Item>(_ names: [String], in items: [Item], _ name: (Item) -> String) -> Item? {
        for wanted in names {
            if let found = items.first(where: { name($0) == wanted }) { return found }
            guard file.format == .fits else { continue }
            if let found = items.first(where: { name($0).lowercased() == wanted.lowercased() }) { return found }
        }
        return nil
    }

    /// Columns side by side.
    private func stacked(_ columns: [TensorView], _ ids: GalaxyIDs?) throws(Failure) -> TensorView {
        let count = columns[0].rows
        for column in columns where column.count != count || !column.dtype.isFloatingPoint {
            throw file.failure(
                of: column.name,
                "expected \(count) floating-point numbers, found \(column.dtype.rawValue) \(column.shape)")
        }
        try requireSame(ids, beside: columns)
        return .doubles(
            "magnitudes", shape: [count, columns.count], of: file.name, storedAs: columns.flatMap(\.storedTypes)
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
    private func ordered(
        _ magnitudes: TensorView, _ layout: GalaxyLayout, _ ids: GalaxyIDs?
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

    // MARK: Tables of one FITS file: they are joined by their rows, and their ids have to be equal, row for row

    /// The ids of the table that `tensor` is a column of, where it has a column of the same name as `ids`; otherwise
    /// `ids`.
    func ids(_ ids: GalaxyIDs, beside tensor: TensorView) throws(Failure) -> GalaxyIDs {
        guard let column = file.columns[ids.name], let place = file.columns[tensor.name], place.table != column.table,
            let own = file.columns.first(where: {
                $0.value.table == place.table && $0.value.name.lowercased() == column.name.lowercased()
            })?.key
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
