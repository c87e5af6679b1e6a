import Platform
import TensorFiles

/// Magnitudes and redshifts of galaxies whose images are in other files, found by the galaxies' ids. Held in memory:
/// about a hundred bytes a galaxy.
public struct GalaxyTable: Sendable {
    /// Path or URL.
    public let name: String
    public let count: Int
    /// The name that the ids were found by; nil where none was given.
    public let idName: String?
    /// Columns that look like ids, under names that are not looked for; and the first of all columns.
    private(set) var idNames: [String] = []
    private(set) var listed = ""
    /// Names of the magnitudes' columns, with a comma between them, and of the redshifts'.
    private(set) var magnitudeNames = ""
    private(set) var redshiftName = ""
    /// What was passed over in the table's file, or read without its meaning being known.
    private var fileWarnings: [String] = []
    /// Whether `--join rows` states that the rows are in the order of the images.
    let isRowJoinStated: Bool
    /// The row of each id; nil where the table has no ids, or they are not used: its rows are in the order of the images.
    let rows: [String: Int]?
    /// [count, bandCount]; nil where the table has no magnitudes.
    let magnitudes: [Double]?
    let bandCount: Int
    /// [count], NaN where a redshift is unknown; nil where the table has no redshifts.
    let redshifts: [Double]?
    /// The types of the magnitudes in the table's file.
    let magnitudeTypes: [DType]

    /// - Parameters:
    ///   - idName: the name that the ids were found by.
    ///   - bandCount: magnitudes of a galaxy.
    ///   - join: `rows` for a table whose ids are not used.
    /// - Throws: `Failure` where columns are of different lengths, an id occurs twice, or there are neither
    ///   magnitudes nor redshifts.
    public init(
        name: String, ids: [String]?, idName: String? = nil, magnitudes: [Double]?, redshifts: [Double]?,
        magnitudeTypes: [DType] = [.f64], bandCount: Int = GalaxyLayout.networkBands.count,
        join: GalaxyLayout.Join? = nil
    ) throws(Failure) {
        func fail(_ message: String) -> Failure { Failure(name, message) }
        guard magnitudes != nil || redshifts != nil else {
            throw fail("has neither magnitudes nor redshifts under the names that are looked for")
        }
        let counts = [ids?.count, magnitudes.map { $0.count / bandCount }, redshifts?.count].compactMap { $0 }
        guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
            throw fail("expected columns of one length, found \(counts.map(String.init).joined(separator: ", ")) rows")
        }
        (self.name, self.count, self.magnitudes, self.redshifts) = (name, count, magnitudes, redshifts)
        (self.idName, self.magnitudeTypes, self.bandCount) = (idName, magnitudeTypes, bandCount)
        isRowJoinStated = join == .rows
        guard let ids, join != .rows else {
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
        var layout = layout
        layout.images = nil
        let names = try GalaxyNames(file, layout)
        var ids: (name: String, column: GalaxyIDs)?
        for name in [layout.objectIDs, GalaxyLayout.usualObjectID].compactMap(\.self) where ids == nil {
            ids = try names.ids(name).map { (name, $0) }
        }
        // A name that the table lacks may be a column of the galaxies' own file.
        let magnitudes = try names.hasMagnitudes() ? names.magnitudes(of: ids?.column) : nil
        let redshifts =
            [layout.redshifts].compactMap(\.self).allSatisfy(names.has)
            ? try names.redshifts(of: ids?.column) : nil
        let count = magnitudes?.rows ?? redshifts?.rows ?? 0
        if let magnitudes, magnitudes.shape.count != 2 || magnitudes.shape[1] == 0 {
            throw file.failure(
                of: magnitudes.name, "expected magnitudes of shape [N, bands], found \(magnitudes.shape)")
        }
        if let redshifts, redshifts.shape != [count], redshifts.shape != [count, 1] {
            throw file.failure(of: redshifts.name, "expected redshifts of shape [\(count)], found \(redshifts.shape)")
        }
        try ids?.column.check(count: count, of: "rows", in: file.name)
        try self.init(
            name: file.name, ids: try ids?.column.all(), idName: ids?.name,
            magnitudes: try magnitudes?.doubles(), redshifts: try redshifts?.doubles(),
            magnitudeTypes: magnitudes?.storedTypes ?? [], bandCount: magnitudes?.shape[1] ?? 1, join: layout.join)
        (idNames, listed) = (names.idNames(rows: count), names.listed)
        (magnitudeNames, redshiftName) = (magnitudes?.name ?? "", redshifts?.name ?? "")
        fileWarnings = file.warnings + GalaxyTensors.unknownClasses(of: [magnitudes, redshifts], in: file)
        file.release()
    }

    /// Warnings about the table, each with its name: those of its file, and one where rows are joined in their order, and
    /// no option states it.
    public var warnings: [String] {
        fileWarnings.map { "\(name): \($0)" }
            + (hasIDs || isRowJoinStated
                ? []
                : [
                    "\(name) has no object_id: its rows are taken in the order of the galaxies, as --join rows states it"
                ])
    }

    /// Reads a table: a text with a header (`CatalogueText`), or any file of tensors.
    /// - Throws: `Failure` for a file that cannot be read or is not a table of galaxies.
    public init(path: String, layout: GalaxyLayout) throws(Failure) {
        let source = try MappedFile(path: path)
        guard let text = try CatalogueText.bytes(of: source) else {
            try self.init(try TensorFile.open(source), layout: layout)
            return
        }
        try self.init(csv: text, name: path, layout: layout)
    }

    /// Columns are found by the names in the header. Missing magnitudes and redshifts are NaN.
    init(csv bytes: [UInt8], name: String, layout: GalaxyLayout) throws(Failure) {
        var text = try CatalogueText(name: name, bytes: bytes)
        let header = text.header
        let columns = try Columns(header, layout, of: name)
        var (ids, magnitudes, redshifts): ([String], [Double], [Double]) = ([], [], [])
        var isFirst = true
        while let record = try text.next() {
            guard record.count == header.count else {
                throw Failure(
                    "\(name): line \(text.line): expected \(header.count) fields as in the header, found "
                        + "\(record.count)")
            }
            if isFirst { try text.checkNumbers(record, of: columns.magnitudes + [columns.redshift].compactMap(\.self)) }
            isFirst = false
            func number(_ column: Int) throws(Failure) -> Double {
                try text.number(record[column], of: header[column])
            }
            if let id = columns.id { ids.append(record[id].trimmed) }
            for column in columns.magnitudes { magnitudes.append(try number(column)) }
            if let redshift = columns.redshift { redshifts.append(try number(redshift)) }
        }
        try self.init(
            name: name, ids: columns.id == nil ? nil : ids, idName: columns.idName,
            magnitudes: columns.magnitudes.isEmpty ? nil : magnitudes,
            redshifts: columns.redshift == nil ? nil : redshifts, bandCount: max(1, columns.magnitudes.count),
            join: layout.join)
        (idNames, listed) = (columns.idNames, columns.listed)
        magnitudeNames = columns.magnitudes.map { header[$0] }.joined(separator: ", ")
        redshiftName = columns.redshift.map { header[$0] } ?? ""
    }

    /// Indices of the fields of a line.
    private struct Columns {
        let id: Int?
        /// The column name that `id` was found by.
        let idName: String?
        let magnitudes: [Int]
        let redshift: Int?

        let idNames: [String]
        let listed: String

        /// - Throws: `Failure` where a name that is asked for is there twice, or some magnitudes are missing.
        init(_ header: [String], _ layout: GalaxyLayout, of file: String) throws(Failure) {
            let items = header.enumerated().map { index, field in
                let name = field.isEmpty ? "column \(index + 1)" : field
                return NameLookup.Item(name: name, aliases: ["\(name):\(index + 1)"])
            }
            var lookup = NameLookup(file: file, items, ignoresCase: true)
            var layout = layout
            layout.images = nil
            try lookup.take(layout)
            // A name that is not in the table may be one of the galaxies' own file.
            idName = [layout.objectIDs, GalaxyLayout.usualObjectID].compactMap(\.self)
                .first { !lookup.matches($0).isEmpty }
            id = try idName.flatMap { name throws(Failure) in try lookup.index(of: name) }
            redshift =
                if let name = layout.redshifts {
                    try lookup.index(of: name)
                } else {
                    try lookup.usual(GalaxyLayout.usualRedshifts + ["z_spec"])
                }
            let names = layout.magnitudes
            magnitudes =
                try
                (names.isEmpty
                ? lookup.magnitudes(layout.bandNames) { _ in true } : lookup.magnitudes(named: names)) ?? []
            (idNames, listed) = (lookup.idNames, lookup.listed())
        }
    }
}
