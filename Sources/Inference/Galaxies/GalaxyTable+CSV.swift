import Platform
import TensorFiles

extension GalaxyTable {
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
