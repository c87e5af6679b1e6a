import Platform
import TensorFiles

extension GalaxyTable {
    /// Whether rows are found by ids; otherwise by their number.
    public var hasIDs: Bool { rows != nil }

    /// Checks that a table without ids has one row for each galaxy of all inputs, in the inputs' order.
    /// - Throws: `Failure` with both counts.
    public func check(galaxies: Int, of inputs: String) throws(Failure) {
        guard !hasIDs, count != galaxies else { return }
        let ids = isRowJoinStated ? "" : "no object_id, and "
        throw Failure(name, "has \(ids)\(count) rows for the \(galaxies) galaxies of \(inputs)")
    }

    /// The table's rows of a file's galaxies.
    enum Rows: Sendable {
        /// The row of each galaxy; `absent` for one that the table does not have.
        case listed([Int])
        /// Consecutive rows. The table may have fewer: `check` compares the counts when all galaxies are counted.
        case following(Range<Int>)

        var count: Int {
            switch self {
            case .listed(let rows): rows.count
            case .following(let rows): rows.count
            }
        }

        static let absent = -1

        /// The number of a file's galaxies that the table does not have.
        func absentCount(_ galaxies: Range<Int>) -> Int {
            guard case .listed(let rows) = self else { return 0 }
            return rows[galaxies].count { $0 == Self.absent }
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
    /// - Throws: `Failure` naming an id that the table lacks, where that is not allowed.
    func rows(of ids: [String], in file: String, allowingAbsent: Bool = false) throws(Failure) -> [Int] {
        var found: [Int] = []
        found.reserveCapacity(ids.count)
        for id in ids {
            guard let row = rows?[id] ?? (allowingAbsent ? Rows.absent : nil) else {
                throw Failure(
                    file,
                    "object id \(id.shortened()): expected a row in \(name), found none: --missing-rows flag gives such "
                        + "galaxies NaN and a flag")
            }
            found.append(row)
        }
        return found
    }

    /// Magnitudes [rows, bandCount] of the given rows, NaN for absent ones; nil where the table has none.
    func magnitudes(_ rows: Rows, of file: String) -> TensorView? {
        magnitudes.map { values in
            .doubles(
                "magnitudes", shape: [rows.count, bandCount], of: file, storedAs: magnitudeTypes
            ) { (range) throws(Failure) in
                let absent = [Double](repeating: .nan, count: bandCount)[...]
                return try places(rows, range).flatMap {
                    $0 == Rows.absent ? absent : values[$0 * bandCount..<($0 + 1) * bandCount]
                }
            }
        }
    }

    /// Redshifts [rows] of the given rows; nil where the table has none.
    func redshifts(_ rows: Rows, of file: String) -> TensorView? {
        redshifts.map { values in
            .doubles("redshifts", shape: [rows.count], of: file) { (range) throws(Failure) in
                try places(rows, range).map { $0 == Rows.absent ? .nan : values[$0] }
            }
        }
    }

    /// The layout of the galaxies' own files: without the names of what the table has.
    func remaining(_ layout: GalaxyLayout) -> GalaxyLayout {
        var layout = layout
        if magnitudes != nil { layout.magnitudes = [] }
        if redshifts != nil { layout.redshifts = nil }
        return layout
    }

    /// `magnitudes (mag_u, mag_g) and redshifts (z_spec)`
    public var contents: String {
        [(magnitudes != nil, "magnitudes", magnitudeNames), (redshifts != nil, "redshifts", redshiftName)]
            .compactMap { isThere, what, names in isThere ? names.isEmpty ? what : "\(what) (\(names.printable))" : nil
            }
            .joined(separator: " and ")
    }
}
