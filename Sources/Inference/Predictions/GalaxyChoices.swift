import AstroMAE
import Platform

/// What was chosen about the galaxies of a run, for the user: the files' own warnings, where magnitudes come from, how a
/// table is joined, ids that repeat.
public struct GalaxyChoices: Sendable {
    /// Choices that can change a number.
    public private(set) var warnings: [String] = []
    public private(set) var notices: [String] = []

    /// Reads the galaxies' ids, in local files that have any, and for FITS in objects: an id that is not readable, or that the
    /// output cannot hold, is an error before the first galaxy is computed.
    /// - Parameters:
    ///   - sections: galaxies of the run.
    ///   - format: of the output; nil for one without ids, or any other.
    /// - Throws: `Failure` naming the file, the row and the id.
    public init(
        _ sections: [GalaxyRun.Section], _ layout: GalaxyLayout, format: PredictionFormat? = nil
    ) throws(Failure) {
        warnings = sections.map(\.partition).warnings
        if let table = layout.table { describe(table, sections) }
        if let columns = sections.first?.partition.magnitudeColumns, layout.magnitudes.isEmpty {
            notices.append("magnitudes are the columns \(columns)")
        }
        if layout.bandNames != GalaxyLayout.networkBands {
            let bands = NetworkBands.list(layout.bandNames)
            if let network = layout.ofNetwork {
                notices.append("the bands of the network are \(bands): metadata 'bands' of \(network.file)")
            } else {
                warnings.append("the bands of the network are taken to be those of --bands, in this order: \(bands)")
            }
        }
        if format != .npy, let repeated = try Self.repeated(sections, format) { warnings.append(repeated) }
    }

    private mutating func describe(_ table: GalaxyTable, _ sections: [GalaxyRun.Section]) {
        notices.append("\(table.contents) of \(table.name)")
        warnings += table.warnings
        let absent = sections.reduce(0) { $0 + $1.partition.absentFromTable($1.rows) }
        guard absent > 0 else { return }
        warnings.append(
            "\(Numbers.counted(absent, "galaxy", "galaxies")) of \(Numbers.grouped(sections.galaxyCount)) without a row in "
                + "\(table.name): their \(table.contents) are missing")
    }

    /// A warning where ids repeat; nil where they do not. Takes 8 bytes a galaxy.
    private static func repeated(
        _ sections: [GalaxyRun.Section], _ format: PredictionFormat?
    ) throws(Failure) -> String? {
        var hashes: [Int] = []
        try forEachID(sections, format) { id, path, row throws(Failure) in
            // A FITS string has no blanks at its end.
            guard format != .fits || !id.hasSuffix(" ") else {
                throw Failure(
                    path,
                    "row \(row): object id \(id.quoted) ends with a blank, which FITS cannot hold: choose another output"
                )
            }
            hashes.append(id.hashValue)
        }
        hashes.sort()
        let suspects = Set(zip(hashes, hashes.dropFirst()).filter { $0 == $1 }.map(\.0))
        guard !suspects.isEmpty else { return nil }
        var (known, count) = (Set<String>(), 0)
        var first: (id: String, path: String, row: Int)?
        try forEachID(sections, format) { id, path, row throws(Failure) in
            guard suspects.contains(id.hashValue), !known.insert(id).inserted else { return }
            count += 1
            first = first ?? (id, path, row)
        }
        return first.map {
            RepeatedIDs.Found(count: count, first: $0.id).text + ", \($0.path) row \($0.row)"
        }
    }

    private static func forEachID(
        _ sections: [GalaxyRun.Section], _ format: PredictionFormat?,
        _ body: (String, String, Int) throws(Failure) -> Void
    ) throws(Failure) {
        let blockSize = 4096
        // Objects are fetched once, while their galaxies are computed: their ids are read with the output, unless it may not
        // be able to hold them.
        for section in sections
        where section.partition.hasObjectIDs && (!section.partition.isRemote || format == .fits) {
            for start in stride(from: section.rows.lowerBound, to: section.rows.upperBound, by: blockSize) {
                let rows = start..<min(start + blockSize, section.rows.upperBound)
                for (row, id) in zip(rows, try section.partition.objectIDs(rows)) {
                    try body(id, section.partition.path, row)
                }
            }
            // Inflated arrays would stay in memory, of all files at once.
            if section.partition.statedChecksums != nil { section.partition.release() }
        }
    }
}
