import Foundation
import TestSupport
import Testing

/// Results of `cai infer` on files that a test writes.
enum Trial {
    static func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func write(_ text: String, _ path: String) throws { try write(Array(text.utf8), path) }

    /// The column z_phot, and others by their number.
    static func column(_ command: Command, _ number: Int = 3) -> [Substring] {
        command.outputLines.dropFirst().map {
            let fields = $0.split(separator: ",", omittingEmptySubsequences: false)
            return number < fields.count ? fields[number] : ""
        }
    }

    /// z_phot of the first galaxies of the tiny partition.
    static func right(_ count: Int) throws -> [Substring] {
        column(try Command.infer([Tiny.partition, "--limit", "\(count)"]))
    }
}

@Suite("Names of columns and arrays have one role each")
struct GalaxyNameTests {
    private static func infer(_ arguments: [String]) throws -> Command { try Command.infer(arguments) }

    /// Columns u, g, r, i, then Z with the redshift, then more.
    private static func fits(_ galaxies: TinyGalaxies, bands: [String], _ more: [FITSBuilder.Column]) -> [UInt8] {
        var file = FITSBuilder()
        file.table(
            [.floats("images", galaxies.images, width: 5120, dim: "(32,32,5)")]
                + bands.enumerated().map { .doubles($1, galaxies.magnitudes(in: $0)) } + more)
        return file.bytes
    }

    @Test("A FITS column Z is not the z magnitude beside u, g, r and i")
    func redshiftNamedZ() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.fits"
            try Trial.write(
                Self.fits(
                    galaxies, bands: ["u", "g", "r", "i"],
                    [.doubles("Z", galaxies.redshifts), .doubles("mag_zband", galaxies.magnitudes(in: 4))]), path)
            let command = try Self.infer([path])
            #expect(command.status == 1)
            for part in [
                "found u, g, r, i but not z", "mag_zband", "Z may be magnitudes or something else", "--magnitudes",
            ] {
                #expect(command.errors.contains(part), "\(command.errors)")
            }
            let half = try Self.infer([path, "--redshifts", "Z"])
            #expect(half.status == 1 && half.errors.contains("but not z"), "\(half.errors)")
            let named = try Self.infer([path, "--magnitudes", "u,g,r,i,mag_zband", "--redshifts", "Z"])
            #expect(try Trial.column(named) == Trial.right(6), "\(named.errors)")
            #expect(Trial.column(named, 4).map { Double($0) } == galaxies.redshifts)
            let twice = try Self.infer([path, "--magnitudes", "u,g,r,i,Z", "--redshifts", "Z"])
            #expect(twice.status == 1)
            #expect(twice.errors.contains("Z: is named by --magnitudes and by --redshifts"), "\(twice.errors)")
        }
    }

    @Test("Bare letters of one case are the magnitudes, in either case", arguments: ["ugriz", "UGRIZ"])
    func bareLetters(letters: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/a.fits"
            try Trial.write(try Self.fits(TinyGalaxies(), bands: letters.map(String.init), []), path)
            let command = try Self.infer([path])
            #expect(try Trial.column(command) == Trial.right(6), "\(command.errors)")
            #expect(command.errors.contains("magnitudes are the columns"), "\(command.errors)")
        }
    }

    @Test("Bare letters of both cases are refused", arguments: ["uGriz", "UgRIZ"])
    func mixedLetters(letters: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/a.fits"
            try Trial.write(try Self.fits(TinyGalaxies(), bands: letters.map(String.init), []), path)
            let command = try Self.infer([path])
            #expect(command.status == 1 && command.errors.contains("name one for each band by --magnitudes"))
        }
    }

    @Test("A column that occurs twice in a FITS table is chosen by its number")
    func fitsTwice() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.fits"
            try Trial.write(
                Self.fits(
                    galaxies, bands: ["u", "g", "r", "i", "z"], [.doubles("z", galaxies.redshifts)]), path)
            let command = try Self.infer([path])
            #expect(command.status == 1)
            #expect(command.errors.contains("z: is there 2 times, as z:6 and z:7"), "\(command.errors)")
            let named = try Self.infer([path, "--redshifts", "z:7"])
            #expect(try Trial.column(named) == Trial.right(6), "\(named.errors)")
            #expect(Trial.column(named, 4).map { Double($0) } == galaxies.redshifts)
        }
    }

    /// Cutouts with ids 101, 102, ... and wrong magnitudes, and a table.
    private static func write(_ table: String, in folder: String) throws -> [String] {
        let galaxies = try TinyGalaxies()
        let ids = (0..<galaxies.count).map { Int64(101 + $0) }
        try Trial.write(
            galaxies.npz([
                ("object_id", "<i8", [6], TinyGalaxies.bytes(ids)),
                ("magnitudes", "<f8", [6, 5], TinyGalaxies.bytes(galaxies.magnitudes.map { $0 + 1 })),
            ]), folder + "/cutouts.npz")
        try Trial.write(table, folder + "/table.csv")
        return [folder + "/cutouts.npz", "--table", folder + "/table.csv"]
    }

    @Test("Blanks around the names of a CSV are no part of them")
    func blanks() throws {
        try Fixture.withTemporaryFolder { folder in
            let table = try TinyGalaxies().csv(
                "object_id, mag_u,\tmag_g , mag_r, mag_i, mag_z", rows: [5, 3, 1, 0, 2, 4]
            ) {
                " \(101 + $0) "
            }
            let command = try Self.infer(Self.write(table, in: folder))
            #expect(try Trial.column(command) == Trial.right(6), "\(command.errors)")
            #expect(
                command.errors.contains("magnitudes (mag_u, mag_g, mag_r, mag_i, mag_z) of \(folder)/table.csv"),
                "\(command.errors)")
        }
    }

    @Test(
        "A table with some of the magnitudes does not give way to those of the cutouts",
        arguments: ["mag_u,mag_g,mag_r,mag_i,mag-z", "mag_u,mag_g,mag_r,magi,magz", "u,g,r,i,mag_z", "U,g,r,I,zz"])
    func nearlyAll(header: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let table = try TinyGalaxies().csv("object_id," + header) { "\(101 + $0)" }
            let command = try Self.infer(Self.write(table, in: folder))
            #expect(command.status == 1, "\(command.output)")
            #expect(command.errors.contains("table.csv: magnitudes: expected columns"), "\(command.errors)")
            let named = try Self.infer(Self.write(table, in: folder) + ["--magnitudes", header])
            #expect(try Trial.column(named) == Trial.right(6), "\(named.errors)")
        }
    }

    @Test("A table of ids and redshifts, with one magnitude beside, leaves the magnitudes to the cutouts")
    func redshiftsOnly() throws {
        try Fixture.withTemporaryFolder { folder in
            let rows = (0..<6).map { "\(101 + $0),0.\($0 + 1),17.5" }
            let arguments = try Self.write(
                (["object_id,redshift,mag_r"] + rows).joined(separator: "\n"), in: folder)
            let command = try Self.infer(arguments)
            #expect(command.status == 0, "\(command.errors)")
            #expect(Trial.column(command, 4) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"])
            #expect(Trial.column(command) == Trial.column(try Self.infer([arguments[0]])))
        }
    }

    @Test("A name that a CSV has twice is an error, and a number chooses a column")
    func csvTwice() throws {
        try Fixture.withTemporaryFolder { folder in
            let table = try TinyGalaxies().csv("object_id,z,u,g,r,i,z") { "\(101 + $0),0.5" }
            let arguments = try Self.write(table, in: folder)
            let command = try Self.infer(arguments)
            #expect(command.status == 1)
            #expect(command.errors.contains("table.csv: z: is there 2 times, as z:2 and z:7"), "\(command.errors)")
            for choice in [["--redshifts", "z:2"], ["--redshifts", "z:2", "--magnitudes", "u,g,r,i,z:7"]] {
                let named = try Self.infer(arguments + choice)
                #expect(try Trial.column(named) == Trial.right(6), "\(named.errors)")
                #expect(Set(Trial.column(named, 4)) == ["0.5"])
            }
            let redshifts = try Self.infer(arguments + ["--redshifts", "z"])
            #expect(redshifts.status == 1 && redshifts.errors.contains("is there 2 times"))
        }
    }

    @Test("Images without magnitudes are an error that says what is there and what would help")
    func noMagnitudes() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.npz"
            try Trial.write(
                galaxies.npz([("psf_mags", "<f8", [6, 5], TinyGalaxies.bytes(galaxies.magnitudes))]), path)
            let command = try Self.infer([path])
            #expect(command.status == 1)
            for part in ["has images (images [6, 5, 32, 32]) but no magnitudes", "psf_mags", "--magnitudes", "--table"]
            {
                #expect(command.errors.contains(part), "\(command.errors)")
            }
            #expect(try Trial.column(Self.infer([path, "--magnitudes", "psf_mags"])) == Trial.right(6))
        }
    }
}
