import Platform
import TensorFiles

/// Magnitudes and redshifts of galaxies whose images are in other files, found by the galaxies' ids. Held in memory:
/// about a hundred bytes a galaxy.
public struct GalaxyTable: Sendable {
    /// Path or URL.
    public let name: String
    public let count: Int
    /// The name that the ids were found by; nil where none was given.
    let idName: String?
    /// The row of each id; nil where the table has no ids: then its rows are in the order of the images.
    private let rows: [String: Int]?
    /// [count, bands of the network]; nil where the table has no magnitudes.
    private let magnitudes: [Double]?
    /// [count], NaN where a redshift is unknown; nil where the table has no redshifts.
    private let redshifts: [Double]?
    /// The types of the magnitudes in the table's file.
    private let magnitudeTypes: [DType]
    private static let bands = GalaxyLayout.networkBands.count

    /// - Parameter idName: the name that the ids were found by.
    /// - Throws: `Failure` where columns are of different lengths, an id occurs twice, or there are neither
    ///   magnitudes nor redshifts.
    public init(
        name: String, ids: [String]?, idName: String? = nil, magnitudes: [Double]?, redshifts: [Double]?,
        magnitudeTypes: [DType] = [.f64]
    ) throws(Failure) {
        func fail(_ message: String) -> Failure { Failure(name, message) }
        guard magnitudes != nil || redshifts != nil else {
            throw fail("has neither magnitudes nor redshifts under the names that are looked for")
        }
        let counts = [ids?.count, magnitudes.map { $0.count / Self.bands }, redshifts?.count].compactMap { $0 }
        guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
            throw fail("expected columns of one length, found \(counts.map(String.init).joined(separator: ", ")) rows")
        }
        (self.name, self.count, self.magnitudes, self.redshifts) = (name, count, magnitudes, redshifts)
        (self.idName, self.magnitudeTypes) = (idName, magnitudeTypes)
        guard let ids else {
            rows = nil
            return
        }
        var rows = [String: Int](minimumCapacity: count)
        for (row, id) in ids.enumerated() where rows.updateValue(row, forKey: id) != nil {
            throw fail("object id \(id.shortened()): expected once, found twice")
        }
        self.rows = rows
    }

    /// Reads any format that `TensorFile` reads.
    /// - Throws: `Failure` where it has no such columns, or they cannot be read.
    public init(_ file: TensorFile, layout: GalaxyLayout) throws(Failure) {
        let names = GalaxyNames(file)
        var ids: (name: String, column: GalaxyIDs)?
        for name in [layout.objectIDs, GalaxyLayout.usualObjectID].compactMap(\.self) where ids == nil {
            ids = try names.ids(name).map { (name, $0) }
        }
        // A name that the table lacks may be a column of the galaxies' own file.
        let magnitudes = layout.magnitudes.allSatisfy(names.has) ? try names.magnitudes(layout, of: ids?.column) : nil
        let redshifts =
            [layout.redshifts].compactMap(\.self).allSatisfy(names.has)
            ? try names.redshifts(layout, of: ids?.column) : nil
        let count = magnitudes?.rows ?? redshifts?.rows ?? 0
        if let magnitudes, magnitudes.shape != [count, Self.bands] {
            throw file.failure(
                of: magnitudes.name, "expected magnitudes of shape [N, \(Self.bands)], found \(magnitudes.shape)")
        }
        if let redshifts, redshifts.shape != [count], redshifts.shape != [count, 1] {
            throw file.failure(of: redshifts.name, "expected redshifts of shape [\(count)], found \(redshifts.shape)")
        }
        try ids?.column.check(count: count, of: "rows", in: file.name)
        try self.init(
            name: file.name, ids: try ids?.column.all(), idName: ids?.name,
            magnitudes: try magnitudes?.doubles(), redshifts: try redshifts?.doubles(),
            magnitudeTypes: magnitudes?.storedTypes ?? [])
        file.release()
    }

    /// Whether rows are found by ids; otherwise by their number.
    public var hasIDs: Bool { rows != nil }

    /// Checks that a table without ids has one row for each galaxy of all inputs, in the inputs' order.
    /// - Throws: `Failure` with both counts.
    public func check(galaxies: Int, of inputs: String) throws(Failure) {
        guard !hasIDs, count != galaxies else { return }
        throw Failure(name, "has no object_id, and \(count) rows for the \(galaxies) galaxies of \(inputs)")
    }

    /// The table's rows of a file's galaxies.
    enum Rows: Sendable {
        case listed([Int])
        /// Consecutive rows. The table may have fewer: `check` compares the counts when all galaxies are counted.
        case following(Range<Int>)

        var count: Int {
            switch self {
            case .listed(let rows): rows.count
            case .following(let rows): rows.count
            }
        }
    }

    /// The table's rows of a range of a file's galaxies.
    private func places(_ rows: Rows, _ galaxies: Range<Int>) throws(Failure) -> [Int] {
        switch rows {
        case .listed(let rows): return Array(rows[galaxies])
        case .following(let rows):
            let places = rows.lowerBound + galaxies.lowerBound..<rows.lowerBound + galaxies.upperBound
            guard places.upperBound <= count else {
                throw Failure(name, "has \(count) rows, expected \(places.upperBound) at least")
            }
            return Array(places)
        }
    }

    /// The row of each id.
    /// - Throws: `Failure` naming an id that the table lacks.
    func rows(of ids: [String], in file: String) throws(Failure) -> [Int] {
        var found: [Int] = []
        found.reserveCapacity(ids.count)
        for id in ids {
            guard let row = rows?[id] else {
                throw Failure(file, "object id \(id.shortened()): expected a row in \(name), found none")
            }
            found.append(row)
        }
        return found
    }

    /// Magnitudes [rows, bands] of the given rows; nil where the table has none.
    func magnitudes(_ rows: Rows, of file: String) -> TensorView? {
        magnitudes.map { values in
            .doubles(
                "magnitudes", shape: [rows.count, Self.bands], of: file, storedAs: magnitudeTypes
            ) { (range) throws(Failure) in
                try places(rows, range).flatMap { values[$0 * Self.bands..<($0 + 1) * Self.bands] }
            }
        }
    }

    /// Redshifts [rows] of the given rows; nil where the table has none.
    func redshifts(_ rows: Rows, of file: String) -> TensorView? {
        redshifts.map { values in
            .doubles("redshifts", shape: [rows.count], of: file) { (range) throws(Failure) in
                try places(rows, range).map { values[$0] }
            }
        }
    }

    /// Reads a table: CSV with a header where the name ends in .csv, any file of tensors otherwise.
    /// - Throws: `Failure` for a file that cannot be read or is not a table of galaxies.
    public init(path: String, layout: GalaxyLayout) throws(Failure) {
        guard path.lowercased().hasSuffix(".csv") else {
            try self.init(try TensorFile.open(path: path), layout: layout)
            return
        }
        try self.init(csv: try MappedFile(path: path).bytes(), name: path, layout: layout)
    }

    /// Columns are found by the names in the first line. An empty redshift is unknown.
    init(csv bytes: [UInt8], name: String, layout: GalaxyLayout) throws(Failure) {
        var text = DelimitedText(name: name, bytes: bytes)
        guard let header = try text.next() else { throw Failure("\(name): expected a header, found an empty file") }
        let columns = Columns(header, layout)
        var (ids, magnitudes, redshifts): ([String], [Double], [Double]) = ([], [], [])
        while let record = try text.next() {
            guard record.count == header.count else {
                throw Failure(
                    "\(name): line \(text.recordLine): expected \(header.count) fields as in the header, found "
                        + "\(record.count)")
            }
            func number(_ column: Int) throws(Failure) -> Double {
                if let value = Double(record[column]) { return value }
                throw Failure(
                    "\(name): line \(text.recordLine): \(header[column].shortened()): expected a number, found '"
                        + "\(record[column].shortened())'")
            }
            if let id = columns.id { ids.append(record[id]) }
            for column in columns.magnitudes { magnitudes.append(try number(column)) }
            if let redshift = columns.redshift {
                redshifts.append(record[redshift].isEmpty ? .nan : try number(redshift))
            }
        }
        try self.init(
            name: name, ids: columns.id == nil ? nil : ids, idName: columns.idName,
            magnitudes: columns.magnitudes.isEmpty ? nil : magnitudes,
            redshifts: columns.redshift == nil ? nil : redshifts)
    }

    /// Indices of the fields of a line.
    private struct Columns {
        let id: Int?
        /// The column name that `id` was found by.
        let idName: String?
        let magnitudes: [Int]
        let redshift: Int?

        init(_ header: [String], _ layout: GalaxyLayout) {
            func index(_ column: String) -> Int? { header.firstIndex { $0.lowercased() == column.lowercased() } }
            // A name that is not in the table may be one of the galaxies' own file.
            idName = [layout.objectIDs, GalaxyLayout.usualObjectID].compactMap(\.self).first { index($0) != nil }
            id = idName.flatMap(index)
            redshift =
                layout.redshifts.map { index($0) } ?? (GalaxyLayout.usualRedshifts + ["z_spec"]).compactMap(index).first
            let lists = layout.magnitudes.isEmpty ? GalaxyLayout.magnitudeColumns : [layout.magnitudes]
            magnitudes = lists.map { $0.compactMap(index) }.first { $0.count == GalaxyLayout.networkBands.count } ?? []
        }
    }
}
