import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite("Ids of galaxies keep their values")
struct GalaxyIDTests {
    private static let large: [UInt64] = [
        1 << 63, .max, 1_237_648_720_693_755_918, 0, 1 << 53 | 1, 9_999_999_999_999_999_999,
    ]

    private static func npz(_ ids: (descr: String, bytes: [UInt8]), in folder: String) throws -> String {
        let galaxies = try TinyGalaxies()
        let path = folder + "/a.npz"
        try Trial.write(
            galaxies.npz([
                ("magnitudes", "<f8", [6, 5], TinyGalaxies.bytes(galaxies.magnitudes)),
                ("object_id", ids.descr, [6], ids.bytes),
            ]), path)
        return path
    }

    @Test(
        "Unsigned integers of 64 bits keep their value in every output",
        arguments: ["npz", "npz-big-endian", "fits", "hdf5"])
    func unsigned(form: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            var options: [String] = []
            let path: String
            switch form {
            case "npz": path = try Self.npz(("<u8", TinyGalaxies.bytes(Self.large)), in: folder)
            case "npz-big-endian":
                path = try Self.npz((">u8", TinyGalaxies.bytes(Self.large.map(\.bigEndian))), in: folder)
            case "fits":
                var file = FITSBuilder()
                file.table([
                    .floats("images", galaxies.images, width: 5120, dim: "(32,32,5)"),
                    .doubles("magnitudes", galaxies.magnitudes, width: 5), .unsigned("specObjID", Self.large),
                ])
                path = folder + "/a.fits"
                try Trial.write(file.bytes, path)
                options = ["--object-id", "specObjID"]
            default:
                path = Fixture.path("galaxies/unsigned.h5")
                options = ["--limit", "3"]
            }
            let right = form == "hdf5" ? Array(Self.large.prefix(3)) : Self.large
            for output in ["z.csv", "z.jsonl", "z.fits", "z.h5"] {
                let command = try Command.infer([path, "-o", "\(folder)/\(output)", "--quiet"] + options)
                #expect(command.status == 0, "\(command.errors)")
                if output == "z.fits" || output == "z.h5" {
                    let file = try TensorFile.open(path: "\(folder)/\(output)")
                    #expect(try file.text("object_id")?.texts(rows: 0..<right.count) == right.map(String.init))
                } else {
                    let lines = try Trial.lines("\(folder)/\(output)")
                    for id in right { #expect(lines.contains { $0.contains("\(id)") }) }
                }
            }
        }
    }

    @Test("Leading zeros and blanks inside are part of an id, padding is not")
    func texts() throws {
        try Fixture.withTemporaryFolder { folder in
            let names = ["00123", "123", "SDSS J1 2", "a  b", "J5", "é"]
            let bytes = names.flatMap { name -> [UInt8] in
                let text = Array(name.utf8)
                // Padded by zeros, and the last but one by blanks.
                return text + [UInt8](repeating: name == "J5" ? 0x20 : 0, count: 12 - text.count)
            }
            let path = try Self.npz(("|S12", bytes), in: folder)
            let galaxies = try TinyGalaxies()
            try Trial.write(
                galaxies.csv("object_id,mag_u,mag_g,mag_r,mag_i,mag_z", rows: [5, 4, 3, 2, 1, 0]) { names[$0] },
                folder + "/t.csv")
            let command = try Command.infer([path, "--table", folder + "/t.csv"])
            #expect(Trial.column(command, 0).map(String.init) == names, "\(command.errors)")
            #expect(try Trial.column(command) == Trial.right(6))
        }
    }

    @Test("Ids that are not UTF-8 are an error before the first galaxy", arguments: ["|S4", "<U2", "fits"])
    func invalid(form: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path: String
            // The letter J and a digit; of row 3 half a character.
            let bytes: [[UInt8]] = (0..<6).map { row in [0x4A, row == 3 ? 0xE9 : 0x30 + UInt8(row)] }
            let scalars: [UInt32] = (0..<6).flatMap { row -> [UInt32] in [0x4A, row == 3 ? 0xD800 : 0x30 + UInt32(row)]
            }
            switch form {
            case "fits":
                var file = FITSBuilder()
                file.table([
                    .floats("images", galaxies.images, width: 5120, dim: "(32,32,5)"),
                    .doubles("magnitudes", galaxies.magnitudes, width: 5), .texts("object_id", bytes, width: 4),
                ])
                path = folder + "/a.fits"
                try Trial.write(file.bytes, path)
            case "|S4": path = try Self.npz((form, bytes.flatMap { $0 + [0, 0] }), in: folder)
            default: path = try Self.npz((form, TinyGalaxies.bytes(scalars)), in: folder)
            }
            let command = try Command.infer([path, "-o", folder + "/z.csv"])
            #expect(command.status == 1)
            #expect(command.errors.contains("row 3 is no"), "\(command.errors)")
            #expect(!command.errors.contains("resume") && !FileManager.default.fileExists(atPath: folder + "/z.csv"))
        }
    }

    @Test("Ids that repeat give a warning with their number and the first")
    func repeated() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = try Self.npz(("<i8", TinyGalaxies.bytes([7, 8, 7, 9, 8, 7].map { Int64($0) })), in: folder)
            let command = try Command.infer([path, "--quiet"])
            #expect(command.status == 0)
            #expect(
                command.errors.contains(
                    "warning: 3 galaxies with an object id that an earlier one has; the first: '7', \(path) row 2"),
                "\(command.errors)")
            let rest = try Command.infer([path, "--quiet", "--limit", "2"])
            #expect(rest.errors.isEmpty, "\(rest.errors)")
        }
    }

    @Test("An id that FITS cannot hold is an error before the first galaxy")
    func blankAtTheEnd() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = Fixture.path("galaxies/unsigned.h5")
            let command = try Command.infer([path, "--object-id", "name", "-o", folder + "/z.fits"])
            #expect(command.status == 1)
            #expect(command.errors.contains("row 1: object id 'J 1 ' ends with a blank"), "\(command.errors)")
            let other = try Command.infer([path, "--object-id", "name", "-o", folder + "/z.csv"])
            #expect(other.status == 0, "\(other.errors)")
        }
    }
}
