import Foundation
import TestSupport
import Testing

@Suite("Planes of a FITS file of one galaxy are read by their names")
struct PlaneTests {
    /// Galaxy 2, with an image for each card list, of the bands in that order, and its table.
    private static func write(_ bands: [Int], cards: [[String]], in folder: String) throws -> [String] {
        let galaxies = try TinyGalaxies(3)
        var file = FITSBuilder()
        for (band, cards) in zip(bands, cards) {
            file.image([32, 32], band < 0 ? [Float](repeating: 1, count: 1024) : galaxies.plane(2, band), cards: cards)
        }
        try Trial.write(file.bytes, folder + "/g2.fits")
        try Trial.write(
            galaxies.csv("object_id,mag_u,mag_g,mag_r,mag_i,mag_z", rows: [2]) { "g\($0)" }, folder + "/table.csv")
        return [folder + "/g2.fits", "--table", folder + "/table.csv"]
    }

    private static func names(_ names: [String], _ key: String = "EXTNAME") -> [[String]] {
        names.map { ["\(key.padding(toLength: 8, withPad: " ", startingAt: 0))= '\($0)'"] }
    }

    private static let zirgu = [4, 3, 2, 1, 0]

    @Test(
        "Names that state the bands decide their order",
        arguments: [
            (zirgu, names(["Z", "I", "R", "G", "U"])),
            (zirgu, names(["SDSS_z", "SDSS_i", "SDSS_r", "SDSS_g", "SDSS_u"])),
            (zirgu, names(["z-band", "i-band", "r-band", "g-band", "u-band"])),
            (zirgu, names(["z", "i", "r", "g", "u"], "FILTER")),
            ([-1, 4, 3, 2, 1, 0], names(["y", "z", "i", "r", "g", "u"])),
            ([0, 1, 2, 3, 4], names(["A", "B", "C", "D", "E"])), ([0, 1, 2, 3, 4], names(["u", "", "r", "", "z"])),
        ])
    func followed(bands: [Int], cards: [[String]]) throws {
        try Fixture.withTemporaryFolder { folder in
            let command = try Command.infer(Self.write(bands, cards: cards, in: folder))
            #expect(try Trial.column(command) == [Trial.right(3)[2]], "\(command.errors)")
        }
    }

    @Test("One image of three axes is a galaxy, with bands first or last", arguments: [false, true])
    func stack(isLast: Bool) throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = try Self.write([], cards: [], in: folder)
            let galaxies = try TinyGalaxies(3)
            let planes = (0..<5).map { galaxies.plane(2, $0) }
            var file = FITSBuilder()
            file.image(
                isLast ? [32, 32, 5] : [5, 32, 32],
                isLast ? (0..<1024).flatMap { pixel in planes.map { $0[pixel] } } : planes.flatMap(\.self))
            try Trial.write(file.bytes, folder + "/g2.fits")
            let command = try Command.infer(arguments + (isLast ? ["--channels-last"] : []))
            #expect(try Trial.column(command) == [Trial.right(3)[2]], "\(command.errors)")
            let other = try Command.infer(arguments + (isLast ? [] : ["--channels-last"]))
            #expect(other.status == 1 && other.errors.contains("--channels-last"), "\(other.errors)")
        }
    }

    @Test("Names of the same order as --bands are read, and others are an error")
    func stated() throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = try Self.write(Self.zirgu, cards: Self.names(["Z", "I", "R", "G", "U"]), in: folder)
            let same = try Command.infer(arguments + ["--bands", "zirgu"])
            #expect(try Trial.column(same) == [Trial.right(3)[2]], "\(same.errors)")
            let other = try Command.infer(arguments + ["--bands", "ugriz"])
            #expect(other.status == 1)
            #expect(
                other.errors.contains("their names are z, i, r, g, u, expected the bands of --bands, ugriz"),
                "\(other.errors)")
        }
    }

    @Test(
        "Names of some bands that are not in their places are an error",
        arguments: [["z", "", "r", "", "u"], ["z", "i", "r", "g", "g"], ["g", "r", "i", "z", "y"]])
    func partial(extensions: [String]) throws {
        try Fixture.withTemporaryFolder { folder in
            let command = try Command.infer(Self.write(Self.zirgu, cards: Self.names(extensions), in: folder))
            #expect(command.status == 1)
            #expect(command.errors.contains("planes: their names are"), "\(command.errors)")
        }
    }
}
