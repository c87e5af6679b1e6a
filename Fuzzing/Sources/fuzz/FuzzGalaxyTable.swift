@testable import Runs
@testable import Inference
@testable import Platform
@testable import Report
@testable import TensorFiles

extension FuzzTarget {
    /// Tables that are joined to galaxies (`--table`): CSV, or a file of tensors. A galaxy gets the values of the CSV
    /// line with its id, and the same columns as tensors give the same table.
    static let galaxyTable = FuzzTarget(
        "galaxy-table", maximumLength: 8192,
        seeds: {
            try Seeds.fixtures("galaxies", [".fits", ".h5", ".npz", ".csv"], atMost: 8192)
                + Seeds.texts(
                    "object_id,mag_u,mag_g,mag_r,mag_i,mag_z,z_spec\n1,20,21.5,19,18,17,0.1\n2,2e1,nan,inf,-1,0,\n",
                    "z,i,r,g,u,OBJECT_ID,redshift\r\n1,2,3,4,5,\"a,b\",0.5\r\n1,2,3,4,5,b,\r\n",
                    "name,m1,m2,m3,m4,m5,zs\nx,1,2,3,4,5,0.25\ny,1,2,3,4,5,0.5\n",
                    "# %ECSV 1.0\n# ---\nobject_id u g r i z\n1 20 \"\" -- 19 18\n",
                    "#Table1\robject_id;redshift\r1;0.5\r",
                    "# object_id u g r i z\n1 20 20 masked 19 18\n", "redshifts\n0.1\n0.2\n",
                    "object_id,redshift\n\u{E9},1\ne\u{301},2\n",
                    "object_id;u;g;r;i;z\r\n1;20;20;20;20;20\r\n", "object_id\tredshift\n1\t0.5\n\n2\t\n",
                    "\u{FEFF}object_id,redshift\n1,0.5\n", "# c\r# object_id redshift\r1 0.5\r2 0.25\r")
        },
        run: { bytes in
            for layout in layouts {
                Promise.refusal { try checkCSV(bytes, layout) }
                Promise.refusal { try checkDialects(bytes, layout) }
                Promise.refusal {
                    let source = MemorySource(name: "input", bytes: bytes)
                    let table = try GalaxyTable(TensorFile.open(source, checksums: .deferred), layout: layout)
                    Promise.keep(
                        table.count <= 8 * bytes.count + (48 << 20), "\(table.count) rows of \(bytes.count) bytes")
                    guard !table.hasIDs, (1...64).contains(table.count) else { return }
                    try join(table, ids: nil, layout)
                }
            }
        })

    /// Usual names, names for each band, and unrelated names.
    private static let layouts: [GalaxyLayout] = [
        .usual, try? GalaxyLayout(magnitudes: ["m1", "m2", "m3", "m4", "m5"], redshifts: "zs", objectIDs: "name"),
        try? GalaxyLayout(magnitudes: ["tensors.1"], redshifts: "tensors.2", bands: "zirgu"),
    ].compactMap(\.self)

    /// A byte order mark and other ends of lines change nothing.
    private static func checkDialects(_ bytes: [UInt8], _ layout: GalaxyLayout) throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let isMarked = [mark, [0xFE, 0xFF], [0xFF, 0xFE]].contains { bytes.starts(with: $0) }
        guard !isMarked, !bytes.contains(13), !bytes.contains(UInt8(ascii: "\"")) else { return }
        let table = try GalaxyTable(csv: bytes, name: "input", layout: layout)
        let all = Array(0..<table.count)
        func bits(_ table: GalaxyTable) throws -> [[UInt64]?] {
            [
                try table.magnitudes(.listed(all), of: "input")?.doubles().map(\.bitPattern),
                try table.redshifts(.listed(all), of: "input")?.doubles().map(\.bitPattern),
            ]
        }
        let expected = try bits(table)
        let others = [mark + bytes, bytes.map { $0 == 10 ? 13 : $0 }, bytes.flatMap { $0 == 10 ? [13, 10] : [$0] }]
        for other in others {
            let found = try GalaxyTable(csv: other, name: "input", layout: layout)
            Promise.keep(
                found.count == table.count && found.idName == table.idName && found.hasIDs == table.hasIDs,
                "a table with other ends of lines is another one")
            Promise.keep(try bits(found) == expected, "a table with other ends of lines has other values")
        }
    }

    private static func checkCSV(_ bytes: [UInt8], _ layout: GalaxyLayout) throws {
        let table = try GalaxyTable(csv: bytes, name: "input", layout: layout)
        var text = try CatalogueText(name: "input", bytes: bytes)
        let header = text.header
        var records: [[String]] = []
        while let record = try text.next() { records.append(record) }
        Promise.keep(table.count == records.count, "\(table.count) rows for \(records.count) lines")
        guard !records.isEmpty else { return }
        func index(_ name: String) -> Int? {
            header.firstIndex(of: name) ?? header.firstIndex { $0.lowercased() == name.lowercased() }
        }
        let letters = GalaxyLayout.networkBands.map(String.init)
        let names = [letters.map { "mag_" + $0 }, letters, letters.map { $0.uppercased() }]
        let bands =
            layout.magnitudes.isEmpty
            ? names.enumerated().map { number, names in
                names.compactMap { number == 0 ? index($0) : header.firstIndex(of: $0) }
            }
            .first { $0.count == letters.count } ?? []
            : layout.magnitudes.allSatisfy { index($0) != nil } ? layout.magnitudes.compactMap(index) : []
        let all = Array(records.indices)
        let magnitudes = try table.magnitudes(.listed(all), of: "input")?.doubles()
        Promise.keep((magnitudes == nil) == bands.isEmpty, "magnitudes differ from the named columns")
        let expected = try records.flatMap { record in try bands.map { try text.number(record[$0], of: "band") } }
        func bits(_ values: [Double]) -> [UInt64?] { values.map { $0.isNaN ? nil : $0.bitPattern } }
        Promise.keep(bits(magnitudes ?? []) == bits(expected), "magnitudes differ")
        let redshifts = try table.redshifts(.listed(all), of: "input")?.doubles()
        Promise.keep(redshifts == nil || redshifts?.count == records.count, "the number of redshifts differs")
        var ids: [String]?
        if table.hasIDs {
            guard let column = table.idName.flatMap(index) else {
                return Promise.keep(false, "the id column is missing")
            }
            func trimmed(_ field: String) -> String {
                let isBlank = { (character: Character) in character == " " || character == "\t" }
                return String(field.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
            }
            ids = records.map { trimmed($0[column]) }
            Promise.keep(try table.rows(of: ids ?? [], in: "input") == all, "rows of ids differ")
        }
        try checkTensors(table, ids: ids, magnitudes, redshifts)
        if all.count <= 64 { try join(table, ids: ids, layout) }
    }

    /// The same columns as tensors.
    private static func checkTensors(
        _ table: GalaxyTable, ids: [String]?, _ magnitudes: [Double]?, _ redshifts: [Double]?
    ) throws {
        func tensor(_ name: String, _ shape: [Int], _ values: [Double]) -> TensorView {
            .doubles(name, shape: shape, of: "tensors") { (rows) throws(Failure) in
                let width = values.count / shape[0]
                return Array(values[rows.lowerBound * width..<rows.upperBound * width])
            }
        }
        let count = table.count
        let file = TensorFile(
            name: "tensors", format: .hdf5, byteCount: 1 << 30,
            tensors: [
                magnitudes.map { tensor("magnitudes", [count, $0.count / count], $0) },
                redshifts.map { tensor("redshifts", [count], $0) },
            ].compactMap(\.self), texts: ids.map { [TextColumn("object_id", texts: $0, of: "tensors")] } ?? [])
        let other = try GalaxyTable(file, layout: .usual)
        let all = Array(0..<count)
        Promise.keep(other.count == count && other.hasIDs == table.hasIDs, "the table from tensors differs")
        let found = try other.magnitudes(.listed(all), of: "tensors")?.doubles()
        Promise.keep(found?.map(\.bitPattern) == magnitudes?.map(\.bitPattern), "magnitudes from tensors differ")
        if let ids {
            Promise.keep(
                try other.rows(of: ids, in: "tensors") == all, "rows of ids from tensors differ")
        }
    }

    /// Galaxies in the reverse order of the table, unless they are matched by row.
    private static func join(_ table: GalaxyTable, ids: [String]?, _ layout: GalaxyLayout) throws {
        let count = table.count
        guard count > 0, layout.bandPlaces == nil else { return }
        var joined = layout
        joined.table = table
        let images = TensorView(
            name: "images", dtype: .f32, shape: [count] + Reading.imageShape, strides: [20, 4, 2, 1], byteOffset: 0,
            source: MemorySource(name: "images", bytes: [UInt8](repeating: 0, count: 80 * count)))
        let texts =
            ids.map { [TextColumn(table.idName ?? "object_id", texts: Array($0.reversed()), of: "images")] } ?? []
        let file = TensorFile(name: "images", format: .hdf5, byteCount: 80 * count, tensors: [images], texts: texts)
        let reader = try PartitionReader(
            file, source: "images", label: "images", imageShape: Reading.imageShape, magnitudeCount: 5, layout: joined)
        var found: [Float] = []
        try reader.readMagnitudes(0..<count, into: &found)
        let order = ids == nil ? Array(0..<count) : Array((0..<count).reversed())
        guard let own = table.magnitudes(.listed(order), of: "input") else { return }
        Promise.keep(try own.floats().map(\.bitPattern) == found.map(\.bitPattern), "joined magnitudes differ")
    }
}
