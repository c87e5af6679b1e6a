import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Fixtures of networks have the expected names, shapes and values")
struct FixtureTests {
    @Test(arguments: [
        ("normalcell", 288, "module.cls_token", "torch.nn.parallel.data_parallel.DataParallel"),
        ("normalcell-cuda", 288, "module.cls_token", "torch.nn.parallel.data_parallel.DataParallel"),
        ("plain-vit", 268, "cls_token", "blocks.model_vit_inception.ViT_Astro"),
        ("kernel3", 288, "cls_token", nil), ("wrapped", 266, "model.module.cls_token", nil),
    ])
    func checkpoints(name: String, count: Int, first: String, root: String?) throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/\(name).pt"))
        #expect(file.format == .torch)
        #expect(file.tensors.count == count)
        #expect(file.tensors.first?.name == first)
        #expect(file.classes[""] == root)
        for tensor in file.tensors {
            #expect(try tensor.floats().allSatisfy { $0.isFinite }, "\(tensor.name)")
        }
    }

    @Test("All formats of one network contain the same tensors")
    func sameNetwork() throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/normalcell.pt"))
        let other = try TensorFile.open(path: Fixture.path("tiny/normalcell-cuda.pt"))
        #expect(file.tensors.map(\.name) == other.tensors.map(\.name))
        for (one, two) in zip(file.tensors, other.tensors) {
            #expect(one.shape == two.shape && one.dtype == two.dtype, "\(one.name)")
            #expect(try one.doubles() == two.doubles(), "\(one.name)")
        }
        #expect(other.attributes[""]?["device_ids"] == .list([.int(0), .int(1)]))
    }

    @Test func attributesOfTheNetwork() throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/normalcell.pt"))
        #expect(file.attributes["module.blocks.0.attn"]?["num_heads"] == .int(3))
        #expect(file.attributes["module.blocks.0.norm1"]?["eps"] == .double(1e-6))
        #expect(file.classes["module.blocks.0"] == "NormalCell.NormalCell")
    }

    @Test(
        "The layouts of the partition hold the same galaxies", arguments: ["partition-views", "partition-f32"], 0..<3)
    func partitions(name: String, index: Int) throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/partition.pt"))
        let other = try TensorFile.open(path: Fixture.path("tiny/\(name).pt"))
        let expected = try #require(file["tensors.\(index)"])
        let found = try #require(other["tensors.\(index)"])
        #expect(expected.shape == [[37, 5, 32, 32], [37, 5], [37]][index])
        #expect(found.shape == expected.shape)
        if name == "partition-f32" {
            #expect(found.dtype == .f32)
            #expect(try found.floats() == expected.floats())
        } else {
            #expect(found.dtype == expected.dtype)
            #expect(try found.doubles() == expected.doubles())
        }
        // Row by row, like a micro-batch
        for rows in [0..<1, 5..<12, 36..<37, 37..<37] {
            var values = [Double](repeating: 0, count: rows.count * found.rowCount)
            var span = values.mutableSpan
            try found.copyDoubles(rows: rows, into: &span)
            let all = try found.doubles()
            #expect(values == Array(all[rows.lowerBound * found.rowCount..<rows.upperBound * found.rowCount]))
        }
    }

    @Test("Contiguous images are read without copying")
    func viewsWithoutCopies() throws {
        let images = try #require(try TensorFile.open(path: Fixture.path("tiny/partition.pt"))["tensors.0"])
        let range = try #require(images.contiguousByteRange(rows: 3..<5))
        #expect(range.lowerBound == images.byteOffset + 3 * 5 * 32 * 32 * 4)
        #expect(range.count == 2 * 5 * 32 * 32 * 4)
        let all = try images.floats()
        let same = try images.withContiguousFloats(rows: 3..<5) { (span: Span<Float>) in
            span.indices.allSatisfy { span[$0] == all[3 * images.rowCount + $0] }
        }
        #expect(same == true)
        let permuted = try #require(try TensorFile.open(path: Fixture.path("tiny/partition-views.pt"))["tensors.0"])
        #expect(permuted.contiguousByteRange(rows: 3..<5) == nil)
    }

    @Test("Released pages can be read again")
    func releasedPages() throws {
        let file = try MappedFile(path: Fixture.path("tiny/partition.pt"))
        let images = try #require(try TensorFile.open(file)["tensors.0"])
        let before = try images.floats()
        file.prefetch(0..<file.byteCount)
        file.release(-5..<file.byteCount + 5)
        #expect(try images.floats() == before)
    }

    @Test(
        "Rows outside the tensor and buffers that are too small are refused",
        arguments: [(36..<38, 10), (-1..<1, 10), (0..<3, 14)])
    func rowsThatDoNotFit(rows: Range<Int>, room: Int) throws {
        let magnitudes = try #require(try TensorFile.open(path: Fixture.path("tiny/partition.pt"))["tensors.1"])
        var buffer = [Float](repeating: 0, count: room)
        let error = #expect(throws: Failure.self) {
            var span = buffer.mutableSpan
            try magnitudes.copyFloats(rows: rows, into: &span)
        }
        #expect(error?.description.contains("tensor 'tensors.1'") == true)
        #expect(magnitudes.contiguousByteRange(rows: 0..<38) == nil)
    }

    @Test(arguments: ["tiny/normalcell", "tiny/plain-vit", "tiny/kernel3", "tiny/wrapped"])
    func goldenFiles(name: String) throws {
        let file = try TensorFile.open(path: Fixture.path("\(name).golden.safetensors"))
        #expect(file.format == .safetensors)
        #expect(file["z"]?.shape == [37])
        #expect(file["z"]?.dtype == .f32)
        #expect(file["z_float64"]?.dtype == .f64)
        let pairs = try zip(#require(file["z"]).doubles(), #require(file["z_float64"]).doubles())
        #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 })
    }
}
