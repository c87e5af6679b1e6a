import Foundation
import TestSupport
import Testing

@Suite("Galaxies that have ids are joined by them")
struct JoinTests {
    private static let order = [5, 3, 1, 0, 2, 4]
    private static let magnitudes = "mag_u,mag_g,mag_r,mag_i,mag_z"

    /// Cutouts with ids 101, 102, ... under a name, and a table in another order.
    private static func write(
        ids: String?, table header: String, rows: [Int] = order, in folder: String,
        _ fields: (Int) -> String = { "\(101 + $0)" }
    ) throws -> [String] {
        let galaxies = try TinyGalaxies()
        let arrays = ids.map {
            [($0, "<i8", [6], TinyGalaxies.bytes((0..<6).map { Int64(101 + $0) }))]
        }
        try Trial.write(galaxies.npz(arrays ?? []), folder + "/cutouts.npz")
        try Trial.write(galaxies.csv(header, rows: rows, fields), folder + "/table.csv")
        return [folder + "/cutouts.npz", "--table", folder + "/table.csv"]
    }

    @Test(
        "A table whose ids have another name is an error that names it",
        arguments: [("object_id", "objid"), ("object_id", "specObjID"), ("objid", "SOURCE_ID"), ("specObjID", "name")])
    func otherName(ids: String, column: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = try Self.write(ids: ids, table: "\(column),\(Self.magnitudes)", in: folder)
            let command = try Command.infer(arguments)
            #expect(command.status == 1, "\(command.output)")
            for part in [
                "table.csv: has no column object_id", "(they have \(ids))", "--object-id \(column)", "--join rows",
                "mag_u",
            ] {
                #expect(command.errors.contains(part), "\(part): \(command.errors)")
            }
            if ids == "object_id" {
                let named = try Command.infer(arguments + ["--object-id", column])
                #expect(try Trial.column(named) == Trial.right(6), "\(named.errors)")
                #expect(Trial.column(named, 0) == ["101", "102", "103", "104", "105", "106"])
            }
        }
    }

    @Test("--join rows joins row for row, whatever ids there are; --join id needs ids")
    func joinOption() throws {
        try Fixture.withTemporaryFolder { folder in
            let all = Array(0..<6)
            // The ids are reversed: by ids, other magnitudes would be read.
            let arguments = try Self.write(
                ids: "object_id", table: "object_id,\(Self.magnitudes)", rows: all, in: folder
            ) { "\(106 - $0)" }
            let rows = try Command.infer(arguments + ["--join", "rows"])
            #expect(try Trial.column(rows) == Trial.right(6), "\(rows.errors)")
            #expect(!rows.errors.contains("warning"), "\(rows.errors)")
            let ids = try Command.infer(arguments + ["--join", "id"])
            #expect(try ids.status == 0 && Trial.column(ids) != Trial.right(6))
            let none = try Self.write(ids: nil, table: Self.magnitudes, rows: all, in: folder) { _ in "" }
            let refused = try Command.infer(none + ["--join", "id"])
            #expect(refused.status == 1 && refused.errors.contains("--join rows"), "\(refused.errors)")
            let guessed = try Command.infer(none + ["--quiet"])
            #expect(try Trial.column(guessed) == Trial.right(6), "\(guessed.errors)")
            #expect(
                guessed.errors.contains(
                    "warning: \(folder)/table.csv has no object_id: its rows are taken in the order"))
            let alone = try Command.infer([none[0], "--join", "rows"])
            #expect(alone.status == 2 && alone.errors.contains("--join: expected --table with it"))
        }
    }

    @Test("--missing-rows flag gives galaxies without a row NaN and a flag")
    func missingRows() throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = try Self.write(
                ids: "object_id", table: "object_id,\(Self.magnitudes)", rows: [5, 3, 0, 2], in: folder)
            let refused = try Command.infer(arguments)
            #expect(
                refused.status == 1 && refused.errors.contains("object id 102: expected a row"), "\(refused.errors)")
            #expect(refused.errors.contains("--missing-rows flag"))
            let command = try Command.infer(arguments + ["--missing-rows", "flag", "--quiet"])
            var right = try Trial.right(6)
            (right[1], right[4]) = ("nan", "nan")
            #expect(Trial.column(command) == right, "\(command.errors)")
            #expect(Trial.column(command, 5) == ["0", "4", "0", "0", "4", "0"])
            #expect(
                command.errors.contains("2 galaxies of 6 without a row in \(folder)/table.csv"), "\(command.errors)")
        }
    }

    @Test(
        "An absent magnitude in a CSV is missing", arguments: ["", "nan", "NULL", "None", "N/A", "--", "masked", " "])
    func absent(text: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = try Self.write(ids: "object_id", table: "object_id,\(Self.magnitudes)", in: folder)
            var lines = try Trial.lines(folder + "/table.csv")
            var fields = lines[2].split(separator: ",").map(String.init)
            fields[3] = text
            lines[2] = fields.joined(separator: ",")
            try Trial.write(lines.joined(separator: "\n"), folder + "/table.csv")
            let command = try Command.infer(arguments)
            var right = try Trial.right(6)
            right[3] = "nan"
            #expect(Trial.column(command) == right, "\(command.errors)")
            #expect(Trial.column(command, 5) == ["0", "0", "0", "4", "0", "0"])
        }
    }

    @Test("A magnitude in a CSV that is neither a number nor absent is an error", arguments: ["x", "20,5", "1e"])
    func noNumber(text: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = try Self.write(ids: "object_id", table: "object_id,\(Self.magnitudes)", in: folder)
            let table = try String(contentsOfFile: folder + "/table.csv", encoding: .utf8)
            let row = table.split(separator: "\n")[1].split(separator: ",").map(String.init)
            try Trial.write(
                table.replacingOccurrences(of: row[2], with: "\"\(text)\""), folder + "/table.csv")
            let command = try Command.infer(arguments)
            #expect(
                command.status == 1 && command.errors.contains("line 2: mag_g: expected a number"), "\(command.errors)")
        }
    }
}

extension Trial {
    static func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
