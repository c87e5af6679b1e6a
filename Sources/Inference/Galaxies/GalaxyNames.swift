import Platform
import TensorFiles

/// Finds a file's tensors of galaxies by their usual names or by the names in a `GalaxyLayout`.
struct GalaxyNames {
    let file: TensorFile
    let layout: GalaxyLayout
    private let lookup: NameLookup
    private let items: [Item]

    private enum Item { case tensor(TensorView), texts(TextColumn), refused(name: String, reason: String) }

    /// - Throws: `Failure` where two options name the same tensor.
    init(_ file: TensorFile, _ layout: GalaxyLayout = .usual) throws(Failure) {
        (self.file, self.layout) = (file, layout)
        items =
            file.tensors.map { .tensor($0) } + file.texts.map { .texts($0) }
            + file.refusals.sorted { $0.key < $1.key }.map { .refused(name: $0.key, reason: $0.value) }
        var lookup = NameLookup(
            file: file.name,
            items.map { item in
                let name = Self.name(item)
                let place = file.columns[name]
                return NameLookup.Item(name: name, aliases: place.map { [$0.name] + $0.aliases } ?? [])
            }, ignoresCase: file.format == .fits)
        try lookup.take(layout)
        self.lookup = lookup
    }

    private static func name(_ item: Item) -> String {
        switch item {
        case .tensor(let tensor): tensor.name
        case .texts(let column): column.name
        case .refused(let name, _): name
        }
    }

    /// How a `TensorDataset`, a bare tuple or list, and NumPy's `savez` without names number images, magnitudes and
    /// redshifts.
    private static let numbered = [
        ("tensors.0", "tensors.1", "tensors.2"), ("0", "1", "2"), ("arr_0", "arr_1", "arr_2"),
    ]

    /// Images with the file's bands and size; nil where none are found.
    /// - Parameter alone: whether the only array of a file counts as its images, whatever its name.
    func images(alone: Bool) throws(Failure) -> TensorView? {
        if let name = layout.images { return try named(name) }
        for (images, magnitudes, _) in Self.numbered {
            if let found = unnamed(images), alone || file[magnitudes] != nil { return found }
        }
        if let found = try usual(["images", "image"]) { return found }
        return try inFITS() ?? (alone ? unnamed("") : nil)
    }

    /// Magnitudes [N, bands]: a tensor, or a column for each band; nil where none are found.
    /// - Parameter ids: the galaxies' ids; a table of magnitudes that has ids of its own has to have the same ones.
    func magnitudes(of ids: GalaxyIDs?) throws(Failure) -> TensorView? {
        if layout.magnitudes.count > 1 {
            return try stacked(layout.magnitudes.map { name throws(Failure) in try named(name) }, ids)
        }
        if let name = layout.magnitudes.first { return try ordered(named(name), ids) }
        if layout.images == nil {
            for (images, magnitudes, _) in Self.numbered where file[images] != nil {
                if let found = unnamed(magnitudes) { return try ordered(found, ids) }
            }
        }
        if let found = try usual(["magnitudes"], mayBeTexts: false) { return try ordered(found, ids) }
        // A FITS file of one galaxy may have its images under the bands' names.
        let columns = try lookup.magnitudes(layout.bandNames) { index in
            switch items[index] {
            case .tensor(let tensor): (1...2).contains(tensor.shape.count) && tensor.rowCount == 1
            case .texts: false
            case .refused: true
            }
        }
        guard let columns else { return nil }
        return try stacked(columns.map { index throws(Failure) in try tensor(index) }, ids)
    }

    /// - Parameter ids: as for magnitudes.
    func redshifts(of ids: GalaxyIDs?) throws(Failure) -> TensorView? {
        let found = try redshifts()
        if let found { try requireSame(ids, beside: [found]) }
        return found
    }

    private func redshifts() throws(Failure) -> TensorView? {
        if let name = layout.redshifts { return try named(name) }
        for (images, magnitudes, redshifts) in Self.numbered where layout.images == nil {
            guard file[images] != nil, file[magnitudes] != nil else { continue }
            if let found = unnamed(redshifts) { return found }
            if let reason = file.refusals[redshifts] { throw file.failure(of: redshifts, reason) }
        }
        return try usual(GalaxyLayout.usualRedshifts, mayBeTexts: false)
    }

    /// The galaxies' ids, out of the images' own table where several have some; nil where there are none.
    func objectIDs(of images: TensorView) throws(Failure) -> GalaxyIDs? {
        try objectIDs().map { found throws(Failure) in try ids(found, beside: images) }
    }

    private func objectIDs() throws(Failure) -> GalaxyIDs? {
        if let name = layout.objectIDs {
            if let found = try ids(name) { return found }
            // Where a table is joined, the name may be one of the table's columns.
            guard let table = layout.table else { _ = try named(name); return nil }
            guard table.idName == name else {
                throw file.failure(of: name, "is neither there nor in \(table.name): found " + found)
            }
        }
        return try lookup.matches(GalaxyLayout.usualObjectID).allSatisfy { lookup.option($0) == nil }
            ? ids(GalaxyLayout.usualObjectID) : nil
    }

    /// The ids of that name; nil if the name is absent. Several tables of one file may have it.
    func ids(_ name: String) throws(Failure) -> GalaxyIDs? {
        let found = lookup.matches(name)
        let tables = Set(found.compactMap { file.columns[Self.name(items[$0])]?.table })
        guard let index = try tables.count == found.count ? found.first : lookup.index(of: name) else { return nil }
        if case .texts(let texts) = items[index] { return .texts(texts) }
        return .integers(try tensor(index))
    }

    /// Columns of that many integers or strings that look like ids.
    func idNames(rows: Int) -> [String] {
        items.filter { item in
            switch item {
            case .tensor(let tensor):
                tensor.shape.first == rows && tensor.rowCount == 1 && !tensor.dtype.isFloatingPoint
                    && tensor.dtype != .bool
            case .texts(let column): column.count == rows
            case .refused: false
            }
        }.map(Self.name).filter(NameLookup.looksLikeID)
    }

    /// Whether there is a tensor of that name.
    func has(_ name: String) -> Bool { !lookup.matches(name).isEmpty }

    /// Whether all of the magnitudes' names are there.
    /// - Throws: `Failure` where only some are, but three or more.
    func hasMagnitudes() throws(Failure) -> Bool {
        guard !layout.magnitudes.isEmpty else { return true }
        return try lookup.magnitudes(named: layout.magnitudes) != nil
    }

    /// A tensor beside the numbered ones that no layout has.
    var further: TensorView? { ["tensors.3", "3", "arr_3"].compactMap { unnamed($0) }.first }

    /// The first names in the file, for error messages.
    var found: String {
        let names = (file.tensors.map(\.name) + file.texts.map(\.name)).map { $0.isEmpty ? "one array" : $0 }
        let refused = file.refusals.min { $0.key < $1.key }
        return (names.isEmpty ? "no tensors" : names.prefix(3).joined(separator: ", "))
            + (names.count > 3 ? ", ... (\(names.count) tensors)" : "")
            + (refused.map { "; not read: \($0.key): \($0.value)" } ?? "")
    }

    /// More of them, for errors about what the options name.
    var listed: String { lookup.listed() }

    /// The planes of a file of one galaxy, or the only image with the shape of cutouts: most FITS images have no names.
    private func inFITS() throws(Failure) -> TensorView? {
        guard file.format == .fits else { return nil }
        // An image that is not read may be the cutouts.
        let refused = file.refusals.filter { file.columns[$0.key]?.isImage == true }.min { $0.key < $1.key }
        if let (name, reason) = refused {
            throw file.failure(of: name, "\(reason); if it is not the cutouts, name these by --images")
        }
        let cubes = file.tensors.filter { $0.shape.count == 4 && unnamed($0.name) != nil }
        if cubes.count == 1 { return cubes[0] }
        if let planes = file["planes"] { return planes }
        // Bands first, or last for --channels-last.
        let stacks = file.tensors.filter { tensor in
            tensor.shape.count == 3 && min(tensor.shape[0], tensor.shape[2]) <= 16 && unnamed(tensor.name) != nil
        }
        return cubes.isEmpty && stacks.count == 1 ? stacks[0] : nil
    }

    private func named(_ name: String) throws(Failure) -> TensorView {
        if let index = try lookup.index(of: name) { return try tensor(index) }
        throw file.failure(of: name, "is not there: found " + (layout.magnitudes.contains(name) ? listed : found))
    }

    /// The first of the usual names that is a tensor, and that no option names.
    /// - Parameter mayBeTexts: whether a column of strings of such a name is something else, such as names of images.
    private func usual(_ names: [String], mayBeTexts: Bool = true) throws(Failure) -> TensorView? {
        for name in names {
            guard let index = try lookup.usual([name]) else { continue }
            if mayBeTexts, case .texts = items[index] { continue }
            return try tensor(index)
        }
        return nil
    }

    /// The tensor of exactly that name, unless an option names it.
    private func unnamed(_ name: String) -> TensorView? {
        let isFree = lookup.matches(name).allSatisfy { lookup.option($0) == nil }
        return isFree ? file[name] : nil
    }

    private func tensor(_ index: Int) throws(Failure) -> TensorView {
        switch items[index] {
        case .tensor(let tensor): return tensor
        case .texts(let column): throw file.failure(of: column.name, "expected numbers, found texts")
        case .refused(let name, let reason): throw file.failure(of: name, reason)
        }
    }
}
