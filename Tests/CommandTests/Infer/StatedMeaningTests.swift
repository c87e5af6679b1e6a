import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Galaxies whose rows and values the file states")
struct StatedMeaningTests {
    /// The 37 galaxies as `dataset` in an object of another class, with those attributes, or alone.
    private static func archive(in type: String?, _ attributes: (inout PickleBuilder) -> Void) throws -> [UInt8] {
        let file = try TensorFile.open(path: Tiny.partition)
        let images = try #require(file["tensors.0"]).floats()
        let magnitudes = try #require(file["tensors.1"]).doubles()
        var pickle = PickleBuilder()
        func open(_ module: String, _ name: String) {
            pickle.global(module, name)
            pickle.ops(")")
            pickle.op(0x81)
            pickle.ops("}(")
        }
        if let type {
            open("torch.utils.data.dataset", type)
            pickle.text("dataset")
            open("torch.utils.data.dataset", "TensorDataset")
        } else {
            open("project.data", "Galaxies")
        }
        pickle.text("tensors")
        pickle.ops("(")
        pickle.tensor(key: "0", count: images.count, shape: [37, 5, 32, 32], strides: [5120, 1024, 32, 1])
        pickle.tensor(storage: "DoubleStorage", key: "1", count: 185, shape: [37, 5], strides: [5, 1])
        pickle.ops("t")
        if type != nil { pickle.ops("ub") }
        attributes(&pickle)
        pickle.ops("ub")
        return ZipBuilder.torch(
            pickle.stopped,
            storages: [images.withUnsafeBytes { Array($0) }, magnitudes.withUnsafeBytes { Array($0) }]
        ).bytes
    }

    private static func redshifts(_ command: Command) -> [Substring] {
        command.output.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[3] }
    }

    @Test("A Subset of galaxies gives its redshifts in its order, without any option")
    func subset() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/subset.pt"
            let bytes = try Self.archive(in: "Subset") { pickle in
                pickle.text("indices")
                pickle.ops("](")
                for index in [3, 1, 7] { pickle.int(index) }
                pickle.ops("e")
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let all = try Self.redshifts(Command.infer([Tiny.partition]))
            let command = try Command.infer([path])
            #expect(command.status == 0 && !command.errors.contains("warning"), "\(command.errors)")
            #expect(Self.redshifts(command) == [all[3], all[1], all[7]])
        }
    }

    @Test("An object of another class is read as named with a warning, which --quiet shows")
    func otherClass() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/galaxies.pt"
            try Data(try Self.archive(in: nil) { _ in }).write(to: URL(fileURLWithPath: path))
            let command = try Command.infer([path, "--quiet"])
            #expect(command.status == 0)
            #expect(try Self.redshifts(command) == Self.redshifts(Command.infer([Tiny.partition])))
            #expect(
                command.errors.contains(
                    "warning: \(path): the galaxies are in an object of the class project.data.Galaxies"),
                "\(command.errors)")
        }
    }

    @Test("A missing field of a compressed table gives a flag")
    func table() throws {
        try Fixture.withTemporaryFolder { folder in
            let file = try TensorFile.open(path: Tiny.partition)
            let magnitudes = try #require(file["tensors.1"]).doubles()
            var lines = ["#Table1", "u,g,r,i,z"]
            for row in 0..<37 {
                let fields = magnitudes[row * 5..<row * 5 + 5].map { "\($0)" }
                lines.append((row == 4 ? ["--"] + fields.dropFirst() : fields).joined(separator: ","))
            }
            let stream = GzipStream()
            let table = folder + "/table.csv.gz"
            let bytes = stream.deflate(Array(lines.joined(separator: "\n").utf8)) + stream.finish()
            try Data(bytes).write(to: URL(fileURLWithPath: table))
            let command = try Command.infer([Tiny.partition, "--table", table])
            #expect(command.status == 0, "\(command.errors)")
            var expected = try Self.redshifts(Command.infer([Tiny.partition]))
            expected[4] = "nan"
            #expect(Self.redshifts(command) == expected)
            #expect(command.errors.contains("1 with magnitudes missing or not finite"), "\(command.errors)")
        }
    }
}
