import AstroMAE
import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

/// A tiny network's tensors, to be written with a fault.
struct EditedCheckpoint {
    var tensors: [(name: String, shape: [Int], values: [Float])]
    var metadata = ["num_heads": "3", "layer_norm_eps": "1e-06", "batch_norm_eps": "1e-05"]

    init(merged: Bool = false) throws {
        let source = GoldenNetwork(tiny: "kernel3")
        let file = try merged ? source.converted() : source.file()
        tensors = try file.tensors.map { ($0.name, $0.shape, try $0.floats()) }
        metadata.merge(file.metadata) { $1 }
    }

    mutating func set(_ name: String, _ change: (inout (name: String, shape: [Int], values: [Float])) -> Void) {
        for index in tensors.indices where tensors[index].name == name { change(&tensors[index]) }
    }

    /// Writes it to a temporary folder and passes the file to `body`.
    func withFile<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
        try Fixture.withTemporaryFolder { folder in
            var writer = SafeTensorsWriter()
            for tensor in tensors { writer.add(tensor.name, shape: tensor.shape, floats: tensor.values) }
            let path = folder + "/edited.safetensors"
            try writer.write(to: path, metadata: metadata)
            return try body(path)
        }
    }

    /// Writes it and loads it. Returns the loader's message; nil if it loads.
    func failure(numHeads: Int? = nil) throws -> String? {
        try withFile { path in
            do {
                _ = try RedshiftModel(weights: TensorFile.open(path: path), numHeads: numHeads)
                return nil
            } catch let error as Failure {
                #expect(error.subject == path)
                #expect(!error.description.contains("\n"))
                return error.description
            }
        }
    }
}

/// One fault, and parts of the expected message.
struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let says: [String]
    let make: @Sendable (inout EditedCheckpoint) -> Void
    var testDescription: String { name }

    init(_ name: String, says: String..., make: @escaping @Sendable (inout EditedCheckpoint) -> Void) {
        (self.name, self.says, self.make) = (name, says, make)
    }

    static let all = [
        Fault("a missing key", says: "missing key", "blocks.1.mlp.fc2.bias") { edited in
            edited.tensors.removeAll { $0.name == "blocks.1.mlp.fc2.bias" }
        },
        Fault("no network at all", says: "no AstroMAE network", "patch_embed.proj.weight") { edited in
            edited.tensors.removeAll { $0.name == "patch_embed.proj.weight" }
        },
        Fault("no blocks", says: "blocks.0.norm1.weight") { edited in
            edited.tensors.removeAll { $0.name.hasPrefix("blocks.") }
        },
        Fault("an unexpected key", says: "unexpected key 'blocks.0.gamma'") { edited in
            edited.tensors.append(("blocks.0.gamma", [24], [Float](repeating: 1, count: 24)))
        },
        Fault("several unexpected keys", says: "unexpected key 'extra.0'", "and 2 more") { edited in
            for index in 0..<3 { edited.tensors.append(("extra.\(index)", [1], [0])) }
        },
        Fault("a block out of line", says: "unexpected key 'blocks.7.norm1.weight'") { edited in
            edited.tensors.append(("blocks.7.norm1.weight", [24], [Float](repeating: 1, count: 24)))
        },
        Fault("a misshapen weight", says: "'head.weight' has shape [24, 23], expected [24, 24]") { edited in
            edited.set("head.weight") { $0 = ($0.name, [24, 23], Array($0.values.prefix(24 * 23))) }
        },
        Fault("a misshapen bias", says: "'blocks.1.norm2.bias' has shape [23]", "[24]") { edited in
            edited.set("blocks.1.norm2.bias") { $0 = ($0.name, [23], Array($0.values.prefix(23))) }
        },
        Fault("another rank", says: "'patch_embed.proj.weight' has shape [24, 320]", "4 axes") { edited in
            edited.set("patch_embed.proj.weight") { $0.shape = [24, 320] }
        },
        Fault("positions of no square grid", says: "'pos_embed' [1, 16, 24]", "square grid") { edited in
            edited.set("pos_embed") { $0 = ($0.name, [1, 16, 24], Array($0.values.prefix(16 * 24))) }
        },
        Fault("2^63 - 1 positions without elements", says: "'pos_embed' [1, 9223372036854775807, 0]", "at most 64 x 64")
        {
            edited in edited.set("pos_embed") { $0 = ($0.name, [1, .max, 0], []) }
        },
        Fault("a million patches", says: "'pos_embed' [1, 1048577, 1]", "at most 64 x 64 patches") { edited in
            edited.set("pos_embed") { $0 = ($0.name, [1, 1_048_577, 1], .init(repeating: 0, count: 1_048_577)) }
        },
        Fault("cutouts of 516 pixels", says: "4 x 4 patches of 129 pixels", "at most 512 pixels") { edited in
            edited.set("patch_embed.proj.weight") {
                $0 = ($0.name, [24, 1, 129, 129], .init(repeating: 0, count: 24 * 129 * 129))
            }
        },
        Fault("an even kernel", says: "'blocks.0.PCM.0.weight'", "odd k") { edited in
            edited.set("blocks.0.PCM.0.weight") { $0 = ($0.name, [96, 4, 2, 2], Array($0.values.prefix(96 * 16))) }
        },
        Fault("NaN in a weight", says: "'vit_block.0.weight' is not finite: element 3 is nan") { edited in
            edited.set("vit_block.0.weight") { $0.values[3] = .nan }
        },
        Fault("infinity in a bias", says: "'concat_block.2.bias' is not finite: element 0 is -inf") { edited in
            edited.set("concat_block.2.bias") { $0.values[0] = -.infinity }
        },
        Fault("a negative variance", says: "running_var' element 2 is -1") { edited in
            edited.set("blocks.0.PCM.1.running_var") { $0.values[2] = -1 }
        },
        Fault("heads that do not divide the width", says: "5 heads do not divide the width 24") { edited in
            edited.metadata["num_heads"] = "5"
        },
        Fault("half a head", says: "'num_heads' is 2.5, expected a whole number") { edited in
            edited.metadata["num_heads"] = "2.5"
        },
        Fault("an unknown key among those that are never run", says: "unexpected key", "8.branch3.9.weight") { edited in
            edited.tensors.append(("inception_model.vis_inception.8.branch3.9.weight", [1], [0]))
        },
        Fault("NaN in a branch that is never run", says: "8.branch3.0.conv.bias' is not finite") { edited in
            edited.set("inception_model.vis_inception.8.branch3.0.conv.bias") { $0.values[0] = .nan }
        },
        Fault("non-numeric heads", says: "metadata 'num_heads' is 'three'") { edited in
            edited.metadata["num_heads"] = "three"
        },
        Fault("an eps out of range", says: "'layer_norm_eps' is -1.0") { edited in
            edited.metadata["layer_norm_eps"] = "-1"
        },
    ]
}

@Suite("Checkpoints") struct CheckpointTests {
    @Test("A faulty checkpoint is rejected with the fault", arguments: Fault.all)
    func faults(_ fault: Fault) throws {
        var edited = try EditedCheckpoint()
        fault.make(&edited)
        let message = try #require(try edited.failure())
        for words in fault.says { #expect(message.contains(words), "\(message)") }
    }

    @Test("Weights that share bytes are rejected if their total exceeds the file")
    func sharedBytes() throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/kernel3.pt"))
        let largest = file.tensors.map(\.count).max() ?? 0
        var pickle = PickleBuilder()
        pickle.ops("}(")
        for tensor in file.tensors where tensor.dtype.isFloatingPoint {
            let strides = tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1, *) }
            pickle.text(tensor.name)
            pickle.tensor(count: largest, shape: tensor.shape, strides: strides)
        }
        pickle.ops("u")
        let storage = [UInt8](repeating: 0, count: largest * 4)
        let shared = MemorySource(name: "shared.pt", bytes: ZipBuilder.torch(pickle.stopped, storages: [storage]).bytes)
        let error = try #require(throws: Failure.self) {
            try RedshiftModel(weights: TensorFile.open(shared), numHeads: 3)
        }
        #expect(error.description.contains("with it the weights have more bytes than the file"))
    }

    @Test("An unchanged copy of a checkpoint loads")
    func unchanged() throws {
        #expect(try EditedCheckpoint().failure() == nil)
        #expect(try EditedCheckpoint().failure(numHeads: 5)?.contains("5 heads do not divide") == true)
    }

    @Test("The network's sizes are derived from the file")
    func config() throws {
        let cell = try GoldenNetwork(tiny: "normalcell").model().config
        #expect(cell.blockKind == .normalCell && cell.width == 24 && cell.numHeads == 3 && cell.depth == 2)
        #expect(cell.parallelConvolution.map { [$0.kernel, $0.groups, $0.hidden] } == [1, 6, 96])
        #expect(cell.imageShape == [5, 32, 32] && cell.tokens == 17 && cell.mlpWidth == 96)
        let plain = try GoldenNetwork(tiny: "plain-vit").model().config
        #expect(plain.blockKind == .plain && plain.parallelConvolution == nil && plain.numHeads == 3)
        let kernel3 = try GoldenNetwork(tiny: "kernel3", numHeads: 3).model().config
        #expect(kernel3.parallelConvolution.map { [$0.kernel, $0.groups, $0.hidden] } == [3, 6, 96])
        let full = try GoldenNetwork.full.model()
        #expect(full.config.parallelConvolution.map { [$0.kernel, $0.groups, $0.hidden] } == [1, 48, 768])
        #expect(full.config.numHeads == 3 && full.config.depth == 12 && full.config.fusionInputs == 3216)
        #expect(full.parameterCount == 15_899_433)
    }

    @Test("Constants that a file does not state are assumed and reported")
    func notices() throws {
        let silent = try RedshiftModel(
            weights: TensorFile.open(path: Fixture.path("tiny/kernel3.pt")), assumesHeads: true)
        #expect(silent.config.numHeads == 1)
        #expect(silent.warnings.count == 1)
        #expect(silent.warnings[0].contains("1 head (--num-heads overrides)"))
        #expect(
            silent.warnings[0].contains("LayerNorm eps 1e-06") && silent.warnings[0].contains("BatchNorm eps 1e-05"))
        let given = try GoldenNetwork(tiny: "kernel3", numHeads: 3).model()
        #expect(given.warnings.count == 1 && !given.warnings[0].contains("head"))
        #expect(try GoldenNetwork(tiny: "normalcell").model().warnings.isEmpty)
    }

    @Test("Conversion keeps heads, epsilons and bits", arguments: ["normalcell", "normalcell-cuda", "plain-vit"])
    func conversion(name: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let source = GoldenNetwork(tiny: name)
            let path = folder + "/converted.safetensors"
            let file = try TensorFile.open(path: source.weights)
            let written = try CheckpointWriter.convert(
                file, to: path, dtype: .f32, linearLayout: .separate, provenance: ["source": name])
            #expect(written.warnings.isEmpty)
            let converted = try TensorFile.open(path: path)
            #expect(converted.metadata["source"] == name && converted.metadata["num_heads"] == "3")
            #expect(!converted.tensors.contains { $0.name.contains("conv2d_init") || $0.name.hasPrefix("module.") })
            let (before, after) = (try source.merged.model(), try RedshiftModel(weights: converted))
            #expect(after.warnings.isEmpty && after.config == before.config)
            #expect(after.parameterCount == before.parameterCount)
            let galaxies = try Galaxies(source.galaxies)
            #expect(try after.redshifts(galaxies, batch: 37) == before.redshifts(galaxies, batch: 37))
        }
    }

    @Test(
        "Half precision rounds only large tensors, before they are merged: bits do not depend on the layout",
        arguments: [DType.f16, .bf16])
    func halfPrecision(dtype: DType) throws {
        try Fixture.withTemporaryFolder { folder in
            let galaxies = try Galaxies(GoldenNetwork.full.galaxies, limit: 2)
            var redshifts: [[Float]] = []
            for layout in [LinearLayout.merged, .separate] {
                let path = "\(folder)/\(layout).safetensors"
                try CheckpointWriter.convert(
                    GoldenNetwork.full.file(), to: path, dtype: dtype, linearLayout: layout, on: fourThreads)
                let file = try TensorFile.open(path: path)
                for tensor in file.tensors {
                    let isRounded = tensor.count >= 65_536 && !tensor.name.hasPrefix("merged.")
                    #expect(tensor.dtype == (isRounded ? dtype : .f32), "\(tensor.name)")
                }
                redshifts.append(try RedshiftModel(weights: file, on: fourThreads).redshifts(galaxies, batch: 2))
            }
            #expect(redshifts[0] == redshifts[1])
        }
    }
}
