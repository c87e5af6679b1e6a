import Foundation
import TensorFiles
import TestSupport
import Testing

@Test("Galaxies with invalid pixels or magnitudes have flags and no redshift; others are unchanged")
func flags() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/p.safetensors"
        try BrokenGalaxies.write(to: path)
        let command = try Command.infer([path, "-o", folder + "/z.csv", "--json"])
        #expect(command.status == 0)
        #expect(try object(command.output)["flagged"] as? Int == BrokenGalaxies.flags.count)
        #expect(
            command.errors.contains(
                "cai: warning: 6 of 37 galaxies have flags and no redshift: 2 with pixels missing or not finite, 2 with image all zero, "
                    + "2 with magnitudes missing or not finite, 2 with magnitudes all zero\n"), "\(command.errors)")
        let clean = try Command.infer([Tiny.partition]).outputLines.dropFirst().map { $0.split(separator: ",")[3] }
        let rows = try text(of: folder + "/z.csv").split(separator: "\n").dropFirst()
        #expect(rows.count == 37)
        for (row, line) in rows.enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            let flags = BrokenGalaxies.flags.first { $0.row == row }?.flags ?? 0
            #expect(fields[5] == "\(flags)")
            #expect(fields[3] == (flags == 0 ? clean[row] : "nan"))
        }
        // Every other output format has the same rows.
        for ending in ["jsonl", "npy", "fits"] {
            #expect(try Command.infer([path, "-o", "\(folder)/z.\(ending)"]).status == 0)
        }
        let lines = try text(of: folder + "/z.jsonl").split(separator: "\n").map { try object(String($0)) }
        #expect(
            lines.compactMap { $0["flags"] as? Int }.enumerated().filter { $0.element != 0 }.map(\.offset)
                == BrokenGalaxies.flags.map(\.row))
        #expect(lines[3]["z_phot"] is NSNull)
        let array = try #require(try TensorFile.open(path: folder + "/z.npy").tensors.first).floats()
        #expect(array.indices.filter { array[$0].isNaN } == BrokenGalaxies.flags.map(\.row))
        let report = try Command.run(["report", folder + "/z.csv", "-o", folder + "/r.html"])
        #expect(report.status == 0, "\(report.errors)")
    }
}

@Test("With --strict, the first galaxy with flags is an error", arguments: [1, 2])
func strict(threads: Int) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/p.safetensors"
        try BrokenGalaxies.write(to: path)
        let command = try Command.infer(
            [path, "-o", folder + "/z.csv", "--strict", "--threads", "\(threads)", "--batch-size", "4"])
        #expect(command.status == 1)
        #expect(
            command.errors.contains(
                "cai: error: \(path): row 3: expected a galaxy, found pixels missing or not finite\n"),
            "\(command.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/z.csv"))
        try? FileManager.default.removeItem(atPath: folder + "/z.csv.partial")
        #expect(try Command.infer([Tiny.partition, "-o", folder + "/y.csv", "--strict"]).status == 0)
    }
}
