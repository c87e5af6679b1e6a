import Foundation
import TestSupport
import Testing

@Suite("Images of other axes and types")
struct ImageArrayTests {
    /// Images [N, rows, columns, bands], larger by a margin.
    private static func channelsLast(_ galaxies: TinyGalaxies, margin: Int = 0) -> [Float] {
        let side = 32 + 2 * margin
        var pixels = [Float](repeating: -7, count: galaxies.count * side * side * 5)
        for galaxy in 0..<galaxies.count {
            for band in 0..<5 {
                for (index, value) in galaxies.plane(galaxy, band).enumerated() {
                    let (y, x) = (index / 32 + margin, index % 32 + margin)
                    pixels[((galaxy * side + y) * side + x) * 5 + band] = value
                }
            }
        }
        return pixels
    }

    private static let fields =
        "[('specObjID', '<i8'), ('z', '>f8'), ('modelMag_u', '<f8'), ('modelMag_g', '<f8'), ('modelMag_r', '<f8'), "
        + "('modelMag_i', '<f8'), ('modelMag_z', '>f8'), ('pad', '|V3'), ('EBV', '<f4', (2,)), ('name', '<U3'), "
        + "('when', '<M8[ns]'), ('pos', [('ra', '<f8'), ('dec', '<f4')])]"

    /// Records of 126 bytes, whose fields have no common alignment.
    private static func records(_ galaxies: TinyGalaxies) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in 0..<galaxies.count {
            let magnitudes = Array(galaxies.magnitudes[row * 5..<row * 5 + 5])
            bytes += TinyGalaxies.bytes([Int64(900 + row)])
            bytes += TinyGalaxies.bytes([galaxies.redshifts[row].bitPattern.bigEndian])
            bytes += TinyGalaxies.bytes(Array(magnitudes[..<4]))
            bytes += TinyGalaxies.bytes([magnitudes[4].bitPattern.bigEndian])
            bytes += [1, 2, 3]
            bytes += TinyGalaxies.bytes([Float(0.5), 0.25])
            bytes += TinyGalaxies.bytes("g\(row)\0".unicodeScalars.map { $0.value })
            bytes += TinyGalaxies.bytes([Int64(row)])
            bytes += TinyGalaxies.bytes([Double(row)])
            bytes += TinyGalaxies.bytes([Float(row)])
        }
        return bytes
    }

    private static let magnitudes = "ugriz".map { "labels.modelMag_\($0)" }.joined(separator: ",")

    @Test("Images with channels last and fields of records are read by name")
    func cubeAndLabels() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.npz"
            try Trial.write(
                TinyGalaxies.npz([
                    ("cube", "<f4", [6, 64, 64, 5], TinyGalaxies.bytes(Self.channelsLast(galaxies, margin: 16))),
                    ("labels", Self.fields, [6], Self.records(galaxies)),
                ]), path)
            let options = ["--images", "cube", "--magnitudes", Self.magnitudes, "--redshifts", "labels.z"]
            for id in ["labels.specObjID", "labels.name"] {
                let command = try Command.infer([path, "--channels-last", "--object-id", id] + options)
                #expect(try Trial.column(command) == Trial.right(6), "\(command.errors)")
                #expect(Trial.column(command, 4).map { Double($0) } == galaxies.redshifts)
                #expect(Trial.column(command, 0).last == (id == "labels.name" ? "g5" : "905"))
            }
            let first = try Command.infer([path] + options)
            #expect(first.status == 1)
            #expect(
                first.errors.contains(": --channels-last reads images [N, rows, columns, bands]"), "\(first.errors)")
            let date = try Command.infer([path, "--channels-last", "--images", "cube", "--magnitudes", "labels.when"])
            #expect(date.status == 1 && date.errors.contains("dtype '<M8[ns]' is not supported"), "\(date.errors)")
        }
    }

    @Test("An .npy of records is a table", arguments: ["--object-id", "--join"])
    func recordTable(option: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            try Trial.write(
                galaxies.npz([("specObjID", "<i8", [6], TinyGalaxies.bytes((900..<906).map { Int64($0) }))]),
                folder + "/a.npz")
            let header = "{'descr': \(Self.fields), 'fortran_order': False, 'shape': (6,), }\n"
            try Trial.write(ByteBuilder.npy(header, data: 0) + Self.records(galaxies), folder + "/t.npy")
            let command = try Command.infer([
                folder + "/a.npz", "--table", folder + "/t.npy", "--magnitudes",
                Self.magnitudes.replacingOccurrences(of: "labels.", with: ""), "--redshifts", "z", option,
                option == "--join" ? "rows" : "specObjID",
            ])
            #expect(try Trial.column(command) == Trial.right(6), "\(command.errors)")
        }
    }

    @Test("Big-endian arrays give the same redshifts", arguments: [(">f4", false), (">f8", false), (">f4", true)])
    func bigEndian(descr: String, deflated: Bool) throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.npz"
            let images =
                descr == ">f4"
                ? TinyGalaxies.bytes(galaxies.images.map(\.bitPattern.bigEndian))
                : TinyGalaxies.bytes(galaxies.images.map { Double($0).bitPattern.bigEndian })
            try Trial.write(
                TinyGalaxies.npz([
                    ("images", descr, [6, 5, 32, 32], images),
                    ("magnitudes", ">f8", [6, 5], TinyGalaxies.bytes(galaxies.magnitudes.map(\.bitPattern.bigEndian))),
                ]), path)
            let command = try Command.infer([path, "--batch-size", deflated ? "1" : "4"])
            #expect(try Trial.column(command) == Trial.right(6), "\(command.errors)")
        }
    }

    @Test("Integer images are numbers", arguments: ["|u1", "<u2", ">u2", "<i2", "<i4", "<u4", ">i8", "<u8"])
    func integers(descr: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let pixels = galaxies.images.indices.map { UInt64($0 % 251) }
            let width = Int(descr.suffix(1)) ?? 1
            let bytes = pixels.flatMap { value -> [UInt8] in
                let all = TinyGalaxies.bytes([value]).prefix(width)
                return descr.hasPrefix(">") ? all.reversed() : Array(all)
            }
            let magnitudes = ("magnitudes", "<f8", [6, 5], TinyGalaxies.bytes(galaxies.magnitudes))
            try Trial.write(
                TinyGalaxies.npz([("images", descr, [6, 5, 32, 32], bytes), magnitudes]), folder + "/a.npz")
            try Trial.write(
                TinyGalaxies.npz([
                    ("images", "<f4", [6, 5, 32, 32], TinyGalaxies.bytes(pixels.map { Float($0) })), magnitudes,
                ]), folder + "/b.npz")
            let command = try Command.infer([folder + "/a.npz"])
            #expect(command.status == 0, "\(command.errors)")
            #expect(try Trial.column(command) == Trial.column(Command.infer([folder + "/b.npz"])))
        }
    }

    @Test("Arrays of types that are not read are refused only when asked for")
    func unread() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.npz"
            try Trial.write(
                galaxies.npz([
                    ("magnitudes", "<f8", [6, 5], TinyGalaxies.bytes(galaxies.magnitudes)),
                    ("spectra", "<c8", [2], [UInt8](repeating: 0, count: 16)),
                    ("objects", "|O", [1], Array("pickle".utf8)), ("names", "<U1", [1, 1], [65, 0, 0, 0]),
                ]), path)
            #expect(try Trial.column(Command.infer([path])) == Trial.right(6))
            for name in ["spectra", "objects"] {
                let command = try Command.infer([path, "--redshifts", name])
                #expect(command.status == 1 && command.errors.contains("\(name): dtype"), "\(command.errors)")
            }
        }
    }

    @Test("A network of other bands takes their names from --bands")
    func otherBands() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies()
            let path = folder + "/a.npz"
            let columns = "grizy".enumerated().map { index, band in
                ("mag_\(band)", "<f8", [6], TinyGalaxies.bytes(galaxies.magnitudes(in: index)))
            }
            try Trial.write(galaxies.npz(columns), path)
            let command = try Command.infer([path, "--bands", "grizy", "--quiet"])
            #expect(try Trial.column(command) == Trial.right(6), "\(command.errors)")
            #expect(command.errors.contains("warning: the bands of the network are taken to be those of --bands"))
            let usual = try Command.infer([path])
            #expect(usual.status == 1 && usual.errors.contains("but not mag_u"), "\(usual.errors)")
            for wrong in ["UGRIZ", "grizg", "gri zy"] {
                #expect(try Command.infer([path, "--bands", wrong]).status == 2)
            }
        }
    }

    @Test("Images of another number of bands are refused with the option that names them")
    func bandCount() throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try TinyGalaxies(5)
            let path = folder + "/a.npz"
            let images = galaxies.images + [Float](repeating: 1, count: 5 * 1024)
            try Trial.write(
                TinyGalaxies.npz([
                    ("images", "<f4", [5, 6, 32, 32], TinyGalaxies.bytes(images)),
                    ("magnitudes", "<f8", [5, 5], TinyGalaxies.bytes(galaxies.magnitudes)),
                ]), path)
            let command = try Command.infer([path])
            #expect(command.status == 1)
            #expect(
                command.errors.contains(": --bands gives the bands of the file, a letter each"), "\(command.errors)")
        }
    }
}
