import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference

/// The tiny partition with magnitudes and redshifts that stand for none.
private enum MissingGalaxies {
    static let flagged = [2, 5, 11]

    static func write(to path: String) throws {
        var table = try TensorTable.partition()
        table.change("magnitudes") { entry in
            for (row, band, value) in [(2, 0, -9999.0), (5, 2, 99.0), (11, 4, -9999.0)] {
                let offset = (row * 5 + band) * 8
                entry.bytes.replaceSubrange(offset..<offset + 8, with: withUnsafeBytes(of: value) { Array($0) })
            }
        }
        table.remove("redshifts")
        var redshifts = (0..<37).map { 0.1 + Double($0) / 100 }
        redshifts[1] = -9999
        redshifts[7] = .infinity
        table.add("redshifts", [37], redshifts, .f64)
        try table.write(to: path)
    }
}

@Test("A magnitude that stands for none gives a flag, NaN and a count of its value; others are unchanged")
func missingMagnitudes() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/p.safetensors"
        try MissingGalaxies.write(to: path)
        let command = try Command.infer([path, "-o", folder + "/z.csv", "--json", "--z-range", "none"])
        #expect(command.status == 0)
        #expect(
            command.errors.contains(
                "warning: 3 of 37 galaxies have flags and no redshift: 3 with magnitudes missing or not finite; missing values: "
                    + "-9999 in 2, 99 in 1\n"), "\(command.errors)")
        #expect(
            command.errors.contains(
                "2 skipped, their z_spec is unknown: 1 with z_spec -9999, 1 with z_spec infinite\n"),
            "\(command.errors)")
        let summary = try object(command.output)
        #expect(summary["flagged"] as? Int == 3 && summary["skipped"] as? Int == 2)
        #expect(summary["implausible"] == nil)
        let clean = try Command.infer([Tiny.partition]).outputLines.dropFirst().map { $0.split(separator: ",")[3] }
        for (row, line) in try text(of: folder + "/z.csv").split(separator: "\n").dropFirst().enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            let isFlagged = MissingGalaxies.flagged.contains(row)
            #expect(fields[3] == (isFlagged ? "nan" : clean[row]) && fields[5] == (isFlagged ? "4" : "0"))
            #expect(fields[4].isEmpty == [1, 7].contains(row))
        }
        let strict = try Command.infer([path, "-o", folder + "/s.csv", "--strict", "--threads", "1"])
        #expect(strict.status == 1)
        #expect(
            strict.errors.contains("row 2: expected a galaxy, found magnitudes missing or not finite (-9999)\n"),
            "\(strict.errors)")
    }
}

@Test("--missing takes values that begin with a minus, in both spellings", arguments: [true, false])
func missingOption(isJoined: Bool) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/p.safetensors"
        try MissingGalaxies.write(to: path)
        func flagged(_ values: String) throws -> Int? {
            let option = isJoined ? ["--missing=" + values] : ["--missing", values]
            let command = try Command.infer([path, "-o", folder + "/z.csv", "--json", "--quiet"] + option)
            #expect(command.status == 0, "\(command.errors)")
            return try object(command.output)["flagged"] as? Int
        }
        #expect(try flagged("-99,99") == 1)
        #expect(try flagged("-9999") == 2)
        #expect(try flagged("none") == 0)
        let wrong = try Command.infer([path, "--missing", "x"])
        #expect(wrong.status == 2 && wrong.errors.contains("--missing: expected numbers between commas, or none"))
    }
}

@Test("Implausible redshifts are counted in a warning that --quiet shows, and stay as they are")
func implausibleRedshifts() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/p.safetensors"
        try MissingGalaxies.write(to: path)
        let all = try Command.infer([path, "-o", folder + "/z.csv", "--quiet", "--z-range", "1e6,2e6", "--json"])
        #expect(all.status == 0)
        #expect(all.errors.contains("warning: 34 of 37 galaxies have a z_phot outside"), "\(all.errors)")
        #expect(try object(all.output)["implausible"] as? Int == 34)
        let none = try Command.infer([path, "-o", folder + "/y.csv", "--quiet", "--z-range", "none"])
        #expect(!none.errors.contains("z_phot outside"))
        #expect(try text(of: folder + "/y.csv") == text(of: folder + "/z.csv"))
        for wrong in ["1", "2,1", "a,b"] {
            let command = try Command.infer([path, "--z-range", wrong])
            #expect(command.status == 2 && command.errors.contains("--z-range: expected MIN,MAX"), "\(command.errors)")
        }
    }
}

@Test("evaluate leaves out redshifts that stand for none, with reasons, and counts them in its JSON")
func evaluateMissing() throws {
    try Fixture.withTemporaryFolder { folder in
        let rows = (0..<40).map { row in
            let known =
                row == 3
                ? "-9999.0" : row == 9 ? "99" : row == 12 ? "-1.5" : row == 20 ? "" : "\(0.1 + Double(row) / 100)"
            return "a\(row),s,\(row),\(0.11 + Double(row) / 100),\(known),0"
        }
        let path = folder + "/z.csv"
        try (["object_id,source,row,z_phot,z_spec,flags"] + rows).joined(separator: "\n")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let command = try Command.run(["evaluate", path])
        #expect(command.status == 0)
        #expect(
            command.output.hasPrefix(
                "4 skipped, their z_spec is unknown: 1 with z_spec -9999, 1 with z_spec 99, 1 with z_spec absent, "
                    + "1 with z_spec at most -1\n36 galaxies"), "\(command.output)")
        let json = try object(try Command.run(["evaluate", path, "--json"]).output)
        #expect(json["unknown"] as? Int == 4 && json["galaxies"] as? Int == 36)
        #expect((json["unknown_reasons"] as? [String: Int])?["-9999"] == 1)
        let all = try object(try Command.run(["evaluate", path, "--json", "--missing", "none"]).output)
        #expect(all["galaxies"] as? Int == 37)
        let page = try Command.run(["report", path, "-o", folder + "/r.html"])
        #expect(page.status == 0)
        #expect(try text(of: folder + "/r.html").contains("1 with z_spec -9999"))
    }
}

@Test("Galaxies with a blank band are counted by band in a warning, and keep their redshifts")
func blankBands() throws {
    try Fixture.withTemporaryFolder { folder in
        var table = try TensorTable.partition()
        // Row, bands: all pixels of these are zero. All bands are: a flag, and no blank band.
        let blank = [(3, [1]), (8, [1, 4]), (20, [0, 1, 2, 3, 4])]
        table.change("images") { entry in
            let band = entry.bytes.count / 37 / 5
            for (row, bands) in blank {
                for index in bands {
                    let offset = (row * 5 + index) * band
                    entry.bytes.replaceSubrange(offset..<offset + band, with: repeatElement(0, count: band))
                }
            }
        }
        try table.write(to: folder + "/p.safetensors")
        let command = try Command.infer(
            [folder + "/p.safetensors", "-o", folder + "/z.csv", "--json", "--quiet", "--z-range", "none"])
        #expect(command.status == 0)
        #expect(
            command.errors.hasPrefix(
                "cai: warning: 2 of 37 galaxies have a blank band, all pixels zero: 2 in band 2, 1 in band 5\n"
                    + "cai: warning: 1 of 37 galaxies have flags"), "\(command.errors)")
        #expect(try object(command.output)["blank_band"] as? Int == 2)
    }
}
