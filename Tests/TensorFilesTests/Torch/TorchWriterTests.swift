import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Datasets in PyTorch's format")
struct TorchWriterTests {
    private let partition = Fixture.path("tiny/partition.pt")

    private func pieces(_ file: TensorFile, _ index: Int, _ rows: [Range<Int>]) throws -> [TorchWriter.Piece] {
        let view = try #require(file["tensors.\(index)"])
        return rows.map { (view, $0) }
    }

    /// Writes rows of the three tensors of `path`.
    private func write(
        _ path: String, rows: [Range<Int>], as types: [DType] = [.f32, .f64, .f64], to output: String
    ) throws {
        let file = try TensorFile.open(path: path)
        var writer = TorchWriter()
        for (index, type) in types.enumerated() { try writer.add(pieces(file, index, rows), as: type) }
        try writer.write(to: output)
    }

    @Test(
        "Rows are read back bit for bit, and each tensor is aligned to 64 bytes",
        arguments: ["tiny/partition.pt", "tiny/partition-views.pt"],
        [[0..<37], [5..<6], [30..<37, 0..<12, 12..<12, 3..<4]])
    func bits(input: String, rows: [Range<Int>]) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/1.pt"
            try write(Fixture.path(input), rows: rows, to: path)
            let original = try TensorFile.open(path: Fixture.path(input))
            let written = try TensorFile.open(path: path)
            #expect(written.format == .torch)
            #expect(written.classes[""] == "torch.utils.data.dataset.TensorDataset")
            #expect(written.tensors.map(\.name) == ["tensors.0", "tensors.1", "tensors.2"])
            #expect(written.tensors.map(\.dtype) == [.f32, .f64, .f64])
            for tensor in written.tensors {
                let expected = try rows.flatMap { try #require(original[tensor.name]).rowMajorBytes(rows: $0) }
                #expect(try tensor.rowMajorBytes(rows: 0..<tensor.rows) == expected)
                #expect(tensor.byteOffset % 64 == 0)
                #expect(tensor.isContiguous)
            }
        }
    }

    @Test("Narrower numbers are widened exactly, wider ones are rounded")
    func types() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/1.pt"
            let input = Fixture.path("tiny/partition-f32.pt")
            try write(input, rows: [0..<37], as: [.f32, .f64, .f64], to: path)
            let (original, written) = (try TensorFile.open(path: input), try TensorFile.open(path: path))
            for name in ["tensors.1", "tensors.2"] {
                #expect(written[name]?.dtype == .f64)
                #expect(try written[name]?.doubles() == original[name]?.doubles())
            }
            try write(partition, rows: [0..<37], as: [.f32, .f32, .f32], to: path)
            let doubles = try TensorFile.open(path: partition)
            let floats = try TensorFile.open(path: path)
            #expect(try floats["tensors.1"]?.floats() == doubles["tensors.1"]?.doubles().map { Float($0) })
        }
    }

    @Test("Invalid datasets are refused and leave no file")
    func refusals() throws {
        let file = try TensorFile.open(path: partition)
        var writer = TorchWriter()
        #expect(throws: Failure.self) { try writer.add([], as: .f32) }
        #expect(throws: Failure.self) { try writer.add(pieces(file, 0, [0..<38]), as: .f32) }
        #expect(throws: Failure.self) { try writer.add(pieces(file, 0, [0..<1]), as: .f16) }
        #expect(throws: Failure.self) {
            try writer.add(pieces(file, 0, [0..<1]) + pieces(file, 1, [0..<1]), as: .f32)
        }
        // 6000 times 37 images of 20,480 bytes each.
        try writer.add(pieces(file, 0, [Range<Int>](repeating: 0..<37, count: 6000)), as: .f32)
        try Fixture.withTemporaryFolder { folder in
            let error = try #require(throws: Failure.self) { try writer.write(to: folder + "/1.pt") }
            #expect(error.message == "4546560000 bytes of tensors: expected less than 4 GiB, which is what is written")
            let source = DyingSource(MemorySource(name: "dying", bytes: try TensorTable.partition().bytes()))
            let dying = try TensorFile.open(source, checksums: .deferred)
            var second = TorchWriter()
            try second.add([(try #require(dying["images"]), 0..<37)], as: .f32)
            source.dies()
            #expect(throws: Failure.self) { try second.write(to: folder + "/2.pt") }
            #expect(throws: Failure.self) { try second.write(to: folder + "/none/2.pt") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test("PyTorch reads the same numbers", .enabled(if: Torch.isHere))
    func torch() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/1.pt"
            try write(partition, rows: [7..<37, 0..<3], to: path)
            let check = """
                import sys, torch
                a, b = (torch.load(p, weights_only=False).tensors for p in sys.argv[1:])
                assert len(a) == len(b) == 3
                for x, y in zip(a, b):
                    y = torch.cat([y[7:37], y[0:3]])
                    assert x.dtype == y.dtype and torch.equal(x, y), (x.dtype, y.dtype)
                print(len(torch.load(sys.argv[1], weights_only=False)))
                """
            #expect(try Torch.run(check, [path, partition]) == "33\n")
        }
    }
}

/// PyTorch, if it is installed.
private enum Torch {
    static let isHere = (try? run("import torch; print(1)", [])) == "1\n"

    /// The output of a script; nil where it fails.
    static func run(_ script: String, _ arguments: [String]) throws -> String? {
        let ended = try ChildProcess(["/usr/bin/env", "python3", "-c", script] + arguments).end()
        return ended.status == 0 ? ended.output : nil
    }
}

/// Bytes that can no longer be read after some reads.
private final class DyingSource: ByteSource, @unchecked Sendable {
    private let memory: MemorySource
    private var isDead = false

    init(_ memory: MemorySource) { self.memory = memory }

    var name: String { memory.name }
    var byteCount: Int { memory.byteCount }

    func dies() { isDead = true }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if isDead { throw Failure(name, "is gone") }
        return try memory.withBytes(in: range, body)
    }
}
