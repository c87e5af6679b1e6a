import Foundation
import TestSupport
import Testing

@testable import Inference
@testable import Platform
@testable import TensorFiles

@Suite("Tables as text")
struct CatalogueTextTests {
    private static let ids = ["7", "8"]
    private static let magnitudes = [20, 19.5, 18, 17, 16, 21, 20.5, 19, 18, 17]

    private static func check(_ table: GalaxyTable, missing: [Int] = []) throws {
        #expect(try table.rows(of: ids, in: "t") == [0, 1])
        let found = try #require(try table.magnitudes(.listed([0, 1]), of: "t")?.doubles())
        for (index, value) in found.enumerated() {
            #expect(missing.contains(index) ? value.isNaN : value == magnitudes[index])
        }
    }

    @Test(
        "Comments, separators, line ends and blanks of usual tables are read",
        arguments: [
            "#Table1\nobject_id,u,g,r,i,z\n7,20,19.5,18,17,16\n8,21,20.5,19,18,17\n",
            "\u{FEFF}# a\n\n# b, c\nobject_id,u,g,r,i,z\r\n7,20,19.5,18,17,16\r\n8,21,20.5,19,18,17",
            "object_id,u,g,r,i,z\r7,20,19.5,18,17,16\r8,21,20.5,19,18,17\r",
            "object_id;u;g;r;i;z\n7;20;19.5;18;17;16\n8;21;20.5;19;18;17\n",
            "object_id\tu\tg\tr\ti\tz\n7\t20\t19.5\t18\t17\t16\n8\t21\t20.5\t19\t18\t17\n",
            "object_id, u, g, r, i, z\n7, 20, 19.5, 18, 17, 16\n8 , 21, 20.5, 19, 18, \"17\" \n",
            "# %ECSV 1.0\n# ---\n# delimiter: ' '\nobject_id u g r i z\n7 20 19.5 18 17 16\n8 21 20.5 19 18 17\n",
            "# %ECSV 1.0\n# delimiter: ','\nobject_id,u,g,r,i,z\n7,20,19.5,18,17,16\n8,21,20.5,19,18,17\n",
            "object_id    u   g    r  i  z \n 7   20.0 19.5 18 17 16\n 8   21   20.5 19 18 17  \n",
            "# object_id u g r i z\n7 20 19.5 18 17 16\n8 21 20.5 19 18 17\n",
            "#Catalogue\n#object_id,u,g,r,i,z\n7,20,19.5,18,17,16\n8,21,20.5,19,18,17\n",
            "# object_id u g r i z\n# - mag mag mag mag mag\n7 20 19.5 18 17 16\n8 21 20.5 19 18 17\n",
            "# a\nobject_id,u,g,r,i,z\n#-,mag,mag,mag,mag,mag\n7,20,19.5,18,17,16\n # the \"bad, ones\n8,21,20.5,19,18,17\n#",
            "object_id,u,g,r,i,z\n\"7\",20,19.5,18,17,16\n8,21,20.5,19,18,17\n\"#9\",1,2,3,4,5\n",
            "\"object_id\",\"name, of it\",\"u\",\"g\",\"r\",\"i\",\"z\"\n7,\"a;b\",20,19.5,18,17,16\n8,,21,20.5,19,18,17\n",
        ])
    func dialects(text: String) throws {
        try Self.check(GalaxyTable(csv: Array(text.utf8), name: "t.csv", layout: .usual))
    }

    @Test(
        "A field that says that there is no number is missing",
        arguments: ["", " ", "NaN", "nan", "null", "NULL", "None", "N/A", "--", "masked", "\"\""])
    func missing(field: String) throws {
        let text = "object_id,u,g,r,i,z,z_spec\n7,20,19.5,\(field),17,16,0.1\n8,21,20.5,19,18,17,\(field)\n"
        let table = try GalaxyTable(csv: Array(text.utf8), name: "t.csv", layout: .usual)
        try Self.check(table, missing: [2])
        let redshifts = try #require(try table.redshifts(.listed([0, 1]), of: "t")?.doubles())
        #expect(redshifts[0] == 0.1 && redshifts[1].isNaN)
    }

    @Test("A first row without known numbers is read, whatever its ids")
    func missingFirst() throws {
        let text = "object_id,z_spec,name\ngal_a,,x\ngal_b,0.1,y\n"
        let table = try GalaxyTable(csv: Array(text.utf8), name: "t.csv", layout: GalaxyLayout(redshifts: "z_spec"))
        let redshifts = try #require(try table.redshifts(.listed([0, 1]), of: "t")?.doubles())
        #expect(redshifts[0].isNaN && redshifts[1] == 0.1)
    }

    @Test(
        "A field that is not a number is named with its line",
        arguments: [
            ("object_id,u,g,r,i,z\n7,20,bright,18,17,16\n", "line 2: g: expected a number, found 'bright'"),
            (
                "#\nobject_id;u;g;r;i;z\n7;20;19,5;18;17;16\n",
                "line 3: g: expected a number, found '19,5': write decimal"
            ),
            ("object_id,u,g,r,i,z\n7,20,19,18,17\n", "line 2: expected 6 fields as in the header, found 5"),
            ("# only a comment\n", "expected a header, found an empty file"),
            ("object_id,u,g,r,i,z\n7,20,19,18,17,16\n#8,21,20.5,19,18,17\n", "line 3: begins with #: comments"),
            (
                "object_id,u,g,r,i,z\n-,mag,mag,mag,mag,mag\n7,20,19,18,17,16\n",
                "line 2: expected a row with numbers after the header, found words alone ('mag, mag, mag, mag, mag'): units"
            ),
            ("# id,z\n# none,redshift\n7,0.1\n", "expected one header of 2 names among the comments, found lines 1, 2"),
        ])
    func errors(text: String, words: String) {
        let error = #expect(throws: Failure.self) {
            try GalaxyTable(csv: Array(text.utf8), name: "t.csv", layout: .usual)
        }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }

    @Test("The bytes of a table determine its format, compressed or not, whatever its name")
    func formats() throws {
        let text = Array("object_id,u,g,r,i,z\n7,20,19.5,18,17,16\n8,21,20.5,19,18,17\n".utf8)
        let stream = GzipStream()
        let gzip = stream.deflate(text) + stream.finish()
        try Fixture.withTemporaryFolder { folder in
            for (name, bytes) in [
                ("t.csv", text), ("t.txt", text), ("t.csv.gz", gzip), ("t.gz", gzip), ("u.csv", gzip + [0, 0, 0]),
            ] {
                let path = folder + "/" + name
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                try Self.check(GalaxyTable(path: path, layout: .usual))
            }
            let bomb = GzipStream()
            let zeros = bomb.deflate([UInt8](repeating: UInt8(ascii: "1"), count: 4 << 20)) + bomb.finish()
            try Data(zeros).write(to: URL(fileURLWithPath: folder + "/b.csv.gz"))
            let error = #expect(throws: Failure.self) { try GalaxyTable(path: folder + "/b.csv.gz", layout: .usual) }
            #expect(error?.message.contains("inflate it first") == true)
            try Data([0xFF, 0xFE] + text.flatMap { [$0, 0] }).write(to: URL(fileURLWithPath: folder + "/w.csv"))
            let wide = #expect(throws: Failure.self) { try GalaxyTable(path: folder + "/w.csv", layout: .usual) }
            #expect(wide?.message.contains("is UTF-16 text: save it as UTF-8") == true)
        }
    }
}
