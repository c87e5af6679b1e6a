import Foundation
import TestSupport
import Testing

@Suite("Destinations of outputs")
struct OutputPathTests {
    private static let files = ["cut.npz", "n.npy", "n.npz", "p.csv", "t.csv", "t.npz"]

    @Test(
        "An output path that is an input or another output is refused",
        arguments: [
            "infer cut.npz --table t.csv -o t.csv": "t.csv: cannot be written: it is the input itself",
            "infer cut.npz --table t.csv -o ./t.csv": "./t.csv: cannot be written: it is the input 't.csv'",
            "anomalies cut.npz --table t.csv -o t.csv": "t.csv: cannot be written: it is the input itself",
            "anomalies cut.npz --table t.csv -o x.csv --report t.csv":
                "t.csv: cannot be written: it is the input itself",
            "anomalies cut.npz -o x.csv --report x.csv": "x.csv: cannot be written: another output has the same path",
            "anomalies cut.npz -o x.csv --report ./x.csv":
                "./x.csv: cannot be written: another output has the same path, as 'x.csv'",
            "reconstruct cut.npz --table t.npz -o t.npz": "t.npz: cannot be written: it is the input itself",
            "reconstruct cut.npz --noise n.npz -o n.npz": "n.npz: cannot be written: it is the input itself",
            "reconstruct cut.npz --noise n.npy -o r.npz --report n.npy":
                "n.npy: cannot be written: it is the input itself",
            "reconstruct cut.npz -o r.npz --report r.npz": "r.npz: cannot be written: another output has the same path",
            "reconstruct cut.npz -o r.npz --report r.ids.csv":
                "r.ids.csv: cannot be written: another output has the same path",
            "report p.csv -o p.html --figures link": "is the input 'p.csv'",
        ])
    func refused(line: String, message: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let cutouts = try TensorTable.partition().rows(0..<2).npz(deflated: false).bytes
            for name in Self.files {
                let text =
                    name == "p.csv" ? "object_id,z_phot,z_spec\na,0.1,0.1\nb,0.2,0.3\n" : "object_id,redshift\na,0.1\n"
                try Data(name.hasSuffix(".npz") ? cutouts : [UInt8](text.utf8))
                    .write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            // A folder in which the file name of the first figure is a link to the report's input.
            try FileManager.default.createDirectory(atPath: folder + "/link", withIntermediateDirectories: false)
            let drawn = try Command.run(["report", "p.csv", "-o", "q.html", "--figures", "drawn"], in: folder)
            #expect(drawn.status == 0, "\(drawn.errors)")
            let figure = try #require(try names(in: folder + "/drawn").first)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link/" + figure, withDestinationPath: "../p.csv")
            for name in ["q.html", "drawn"] { try FileManager.default.removeItem(atPath: folder + "/" + name) }
            let before = try contents(folder)
            let command = try Command.run(line.split(separator: " ").map(String.init), in: folder)
            try expectFailure(command, saying: [message], folder: folder, leaving: (Self.files + ["link"]).sorted())
            #expect(try contents(folder) == before)
        }
    }

    private func contents(_ folder: String) throws -> [Data] {
        try Self.files.map { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)) }
    }
}
