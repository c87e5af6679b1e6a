import Platform
import TensorFiles

extension TensorFile {
    /// The number of galaxies in the file, for any network; nil where the file is not a partition of galaxies.
    public var galaxyCount: Int? {
        // Without magnitudes, unnamed tensors may be anything.
        guard
            let galaxies = (try? GalaxyTensors(self))
                ?? (self["images"] == nil ? nil : try? GalaxyTensors(self, imagesAlone: true)),
            galaxies.images.shape.count == 4
        else { return nil }
        return try? galaxies.rowCount(
            imageShape: Array(galaxies.images.shape.dropFirst()), magnitudeCount: galaxies.magnitudes?.shape.last,
            file: name)
    }

    /// The number of galaxies in the file, by its images alone: whatever the network, the magnitudes and the bands.
    /// - Parameter images: their name; nil for the usual names.
    /// - Throws: `Failure` where no images are found, or of another shape.
    public func countGalaxies(images: String? = nil) throws(Failure) -> Int {
        let names = try GalaxyNames(self, GalaxyLayout(images: images))
        // Other arrays beside named images are not the cutouts of a network that takes magnitudes too.
        var found = try names.images(alone: false)
        if found == nil { found = try names.images(alone: true) }
        guard let found else {
            throw failure(
                "holds no cutouts: expected images, tensors.0 (a TensorDataset) or one array, found \(names.found)")
        }
        let images = format == .fits && found.shape.count == 3 ? found.asOneRow : found
        guard images.shape.count == 4, images.rows > 0 else {
            throw failure(
                of: found.name.isEmpty ? "its array" : found.name,
                "expected at least one image, on four axes, found shape \(found.shape): --images names the images")
        }
        return images.rows
    }
}

/// Which of a file's tensors are its galaxies.
struct GalaxyTensors {
    /// [N, bands, rows, columns].
    private(set) var images: TensorView
    /// nil for a network without magnitudes.
    let magnitudes: TensorView?
    /// Unvalidated magnitudes, also for a network that takes none.
    let catalogue: TensorView?
    let redshifts: TensorView?
    let objectIDs: GalaxyIDs?
    /// Rows of the table; nil without a table.
    let tableRows: GalaxyTable.Rows?
    private let layout: GalaxyLayout

    /// The most bytes of a galaxy, which is loaded as a whole: more is an error in the file or an attempt to exhaust
    /// memory.
    private static let largestImage = 64 << 20

    /// - Parameters:
    ///   - label: the id in a table of the galaxy of a file with one galaxy and no ids.
    ///   - firstGalaxy: the number of galaxies in the inputs before this one, where a table without ids covers all
    ///     inputs, which `GalaxyTable.check` checks when all are counted; nil where the table covers this file alone.
    ///   - imagesAlone: reads images and ids only; the only array of a file counts as its images.
    /// - Throws: `Failure` when no layout fits, where there are more tensors than a layout has, or where the
    ///   table lacks a galaxy.
    init(
        _ file: TensorFile, layout: GalaxyLayout = .usual, label: String = "", imagesAlone: Bool = false,
        firstGalaxy: Int? = nil
    ) throws(Failure) {
        self.layout = layout
        let names = try GalaxyNames(file, layout.table?.remaining(layout) ?? layout)
        let found = try names.images(alone: imagesAlone || layout.table != nil)
        guard let found else {
            throw file.failure(
                imagesAlone
                    ? "holds no cutouts: expected images, tensors.0 (a TensorDataset) or one array, found \(names.found)"
                    : Self.expected + names.found)
        }
        let images = try Self.arranged(found, layout, in: file)
        var ids = try names.objectIDs(of: found)
        let ownIDs = ids
        var (magnitudes, redshifts): (TensorView?, TensorView?) = (nil, nil)
        var tableRows: GalaxyTable.Rows?
        if let table = layout.table {
            if ids == nil, images.rows == 1, table.hasIDs {
                ids = .texts(TextColumn("object_id", texts: [label], of: file.name))
            }
            let rows = try Self.rows(of: table, for: images, ids, names, layout, from: firstGalaxy, in: file)
            tableRows = rows
            magnitudes = table.magnitudes(rows, of: file.name)
            redshifts = table.redshifts(rows, of: file.name)
        }
        self.tableRows = tableRows
        if imagesAlone {
            (self.images, self.magnitudes, self.redshifts, objectIDs) = (images, nil, nil, ids)
            if magnitudes == nil, !layout.magnitudes.isEmpty { magnitudes = try names.magnitudes(of: ownIDs) }
            // Magnitudes that the network does not take are ignored where their shape does not fit.
            catalogue = magnitudes ?? (try? names.magnitudes(of: ownIDs))
            return
        }
        if magnitudes == nil { magnitudes = try names.magnitudes(of: ownIDs) }
        if redshifts == nil { redshifts = try names.redshifts(of: ownIDs) }
        guard magnitudes != nil else {
            let bands = layout.bandNames.map { "mag_\($0)" }.joined(separator: ", ")
            throw file.failure(
                "has images (\(images.name) \(images.shape)) but no magnitudes: expected tensors.1 (a TensorDataset), magnitudes, "
                    + "or \(bands), found \(names.listed)"
                    + (layout.table.map { ", and in \($0.name) \($0.listed)" } ?? "")
                    + ": name them by --magnitudes, or give a table by --table")
        }
        if layout.images == nil, let further = names.further {
            throw file.failure(
                of: further.name, "expected images, magnitudes and at most redshifts, found a further tensor")
        }
        (self.images, self.magnitudes, self.redshifts, objectIDs) = (images, magnitudes, redshifts, ids)
        catalogue = magnitudes
    }

    /// Crops larger images to the central `imageShape`, whose first row and column are (size - wanted) / 2, rounded
    /// down.
    func cropped(to imageShape: [Int]) -> GalaxyTensors {
        guard images.shape.count == 4, imageShape.count == 3,
            images.shape[2] > imageShape[1] || images.shape[3] > imageShape[2],
            let tall = images.slice(axis: 2, from: (images.shape[2] - imageShape[1]) / 2, count: imageShape[1]),
            let both = tall.slice(axis: 3, from: (images.shape[3] - imageShape[2]) / 2, count: imageShape[2])
        else { return self }
        var cropped = self
        cropped.images = both
        return cropped
    }

    private static let expected =
        "is not a galaxy file: expected tensors.0 and tensors.1 (a TensorDataset) or images and magnitudes, found "

    /// The bands in the network's order; the planes of a FITS file as those of one galaxy.
    private static func arranged(
        _ found: TensorView, _ layout: GalaxyLayout, in file: TensorFile
    ) throws(Failure) -> TensorView {
        var images = file.format == .fits && found.shape.count == 3 ? found.asOneRow : found
        if layout.isChannelsLast {
            guard let channelsFirst = images.shape.count == 4 ? images.permuted([0, 3, 1, 2]) : nil else {
                throw file.failure(
                    of: images.name,
                    "expected images [N, rows, columns, bands] for --channels-last, found \(images.shape)")
            }
            images = channelsFirst
        }
        guard images.rowCount <= largestImage else {
            throw file.failure(
                of: images.name, "expected at most \(largestImage) numbers a galaxy, found shape \(images.shape)")
        }
        if !file.planeNames.isEmpty, found.name == "planes",
            let order = try BandOrder(planes: file.planeNames, layout, of: file.name)
        {
            return order.images(images, of: file.name)
        }
        guard let count = layout.bandCount else { return images }
        guard images.shape.count == 4, images.shape[1] == count else {
            throw file.failure(
                of: images.name,
                "expected images of \(count) bands, as --bands has them, found shape \(found.shape)"
                    + hint(images.shape, bands: count, layout))
        }
        return layout.bandPlaces.map { BandOrder(places: $0, count: count).images(images, of: file.name) } ?? images
    }

    /// The option for images of a shape that is refused.
    /// - Parameter shape: with bands first, as `--channels-last` makes it.
    private static func hint(_ shape: [Int], bands: Int, _ layout: GalaxyLayout) -> String {
        guard shape.count == 4, shape[1] != bands else { return "" }
        if layout.isChannelsLast {
            return shape[2] == bands
                ? ": leave --channels-last out" : ": --bands gives the bands of the file, a letter each"
        }
        let isLast = shape[1] == shape[2] && shape[3] < shape[1]
        if shape[3] == bands || isLast { return ": --channels-last reads images [N, rows, columns, bands]" }
        return layout.bandCount == nil ? ": --bands gives the bands of the file, a letter each" : ""
    }

    /// The table's rows of the galaxies.
    private static func rows(
        of table: GalaxyTable, for images: TensorView, _ ids: GalaxyIDs?, _ names: GalaxyNames, _ layout: GalaxyLayout,
        from first: Int?, in file: TensorFile
    ) throws(Failure) -> GalaxyTable.Rows {
        let looked = [layout.objectIDs, GalaxyLayout.usualObjectID].compactMap(\.self).joined(separator: " or ")
        func options(_ names: [String]) -> String {
            (names.first.map { ": name the ids by --object-id \($0.printable), or" }
                ?? ": name the ids by --object-id, or")
                + " state by --join rows that all rows are in the order of the galaxies"
        }
        guard table.hasIDs else {
            let own = ids.map { [$0.name] } ?? names.idNames(rows: images.rows)
            let isNamed = images.rows == 1 && !table.idNames.isEmpty
            guard table.isRowJoinStated || own.isEmpty && layout.join != .ids && !isNamed else {
                throw Failure(
                    table.name,
                    "has no column \(looked), by which the galaxies of \(file.name) are found"
                        + (own.first.map { " (they have \($0.printable))" } ?? "")
                        + ", but \(table.listed)\(options(table.idNames))")
            }
            if first == nil { try table.check(galaxies: images.rows, of: file.name) }
            let start = first ?? 0
            return .following(start..<start + images.rows)
        }
        guard let ids else {
            throw file.failure(
                "expected \(looked), by which galaxies are found in \(table.name), found none, but \(names.listed)"
                    + options(names.idNames(rows: images.rows)))
        }
        try ids.check(count: images.rows, of: "images", in: file.name)
        return .listed(try table.rows(of: ids.all(), in: file.name, allowingAbsent: layout.flagsMissingRows))
    }

    /// Checks that images are [N, imageShape...], magnitudes [N, magnitudeCount], redshifts and ids [N] (or [N, 1]), N
    /// the same and not 0, and the types of their elements.
    /// - Parameter magnitudeCount: nil where images alone are read.
    /// - Returns: N.
    func rowCount(imageShape: [Int], magnitudeCount: Int?, file: String) throws(Failure) -> Int {
        func fail(_ tensor: TensorView, _ expected: String, _ found: String) -> Failure {
            Failure(file, "\(tensor.name): expected \(expected), found \(found)")
        }
        func text(_ shape: [Int]) -> String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }

        guard images.shape.count == 1 + imageShape.count, Array(images.shape.dropFirst()) == imageShape else {
            let expected = "[N, " + text(imageShape).dropFirst()
            throw fail(
                images, "images of shape \(expected)",
                text(images.shape) + Self.hint(images.shape, bands: imageShape.first ?? 0, layout))
        }
        let count = images.shape[0]
        guard count > 0 else { throw fail(images, "at least one galaxy", text(images.shape)) }
        if let magnitudes, let magnitudeCount, magnitudes.shape != [count, magnitudeCount] {
            throw fail(
                magnitudes, "magnitudes of shape \(text([count, magnitudeCount])) for \(count) images",
                text(magnitudes.shape))
        }
        if let redshifts, redshifts.shape != [count], redshifts.shape != [count, 1] {
            throw fail(redshifts, "redshifts of shape [\(count)] for \(count) images", text(redshifts.shape))
        }
        // Pixels of surveys' images are often integers.
        guard images.dtype != .bool else { throw fail(images, "numbers", images.dtype.rawValue) }
        for tensor in [magnitudes, redshifts].compactMap({ $0 }) where !tensor.dtype.isFloatingPoint {
            throw fail(tensor, "floating-point numbers", tensor.dtype.rawValue)
        }
        try objectIDs?.check(count: count, of: "images", in: file)
        return count
    }
}
