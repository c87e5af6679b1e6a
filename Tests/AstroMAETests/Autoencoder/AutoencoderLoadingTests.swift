import AstroMAE
import Platform
import TensorFiles
import TestSupport
import Testing

/// A checkpoint of a masked autoencoder with one fault, and parts of the expected message.
struct WrongAutoencoder: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let parts: [String]
    let change: @Sendable (inout TensorTable) -> Void

    static let cases = [
        WrongAutoencoder(
            testDescription: "a missing norm", parts: ["missing key 'decoder_norm.bias'"]
        ) { $0.remove("decoder_norm.bias") },
        WrongAutoencoder(testDescription: "no decoder", parts: ["missing key 'decoder_blocks.0.norm1.weight'"]) {
            $0.entries.removeAll { $0.name.hasPrefix("decoder_blocks.") }
        },
        WrongAutoencoder(
            testDescription: "a head of neither network", parts: ["unexpected key 'head.weight'", "not a part"]
        ) { $0.add("head.weight", [1], [0] as [Float], .f32) },
        WrongAutoencoder(
            testDescription: "an alias of the other network",
            parts: ["unexpected key 'inception_model.conv2d_init.weight'"]
        ) { $0.add("inception_model.conv2d_init.weight", [1], [0] as [Float], .f32) },
        WrongAutoencoder(
            testDescription: "predictions of another size",
            parts: ["'decoder_pred.weight' has shape [31, 16], expected [32, 16]"]
        ) { table in
            table.change("decoder_pred.weight") {
                $0.shape = [31, 16]
                $0.bytes.removeLast(64)
            }
        },
        WrongAutoencoder(
            testDescription: "positions of other patches",
            parts: ["'decoder_pos_embed' has shape [1, 16, 16], expected [1, 17, 16]"]
        ) { table in
            table.change("decoder_pos_embed") {
                $0.shape = [1, 16, 16]
                $0.bytes.removeLast(64)
            }
        },
        WrongAutoencoder(testDescription: "a NaN weight", parts: ["'mask_token' is not finite"]) {
            table in
            table.change("mask_token") { $0.bytes.replaceSubrange(0..<4, with: [0, 0, 0xC0, 0x7F]) }
        },
        WrongAutoencoder(
            testDescription: "an encoder with a kernel of one and a half", parts: ["'blocks.0.PCM.0.weight' has shape"]
        ) { table in table.change("blocks.0.PCM.0.weight") { $0.shape = [96, 2, 2, 1] } },
    ]
}

@Suite("Loading a masked autoencoder") struct AutoencoderLoadingTests {
    @Test("A faulty masked autoencoder is rejected with the key", arguments: WrongAutoencoder.cases)
    func wrong(_ wrong: WrongAutoencoder) throws {
        try Fixture.withTemporaryFolder { folder in
            var table = try TensorTable(Fixture.path("mae/cell.safetensors"))
            wrong.change(&table)
            let path = folder + "/w.safetensors"
            try table.write(to: path)
            let error = try #require(throws: Failure.self) {
                try MaskedAutoencoder(weights: TensorFile.open(path: path), numHeads: 3, decoderHeads: 2)
            }
            for part in [path] + wrong.parts { #expect(error.description.contains(part)) }
        }
    }

    @Test("Each network rejects the other's weights")
    func mixedUp() throws {
        let (redshift, autoencoder) = (GoldenNetwork.tiny[0].weights, GoldenAutoencoder.small[0].weights)
        let first = try #require(throws: Failure.self) {
            try MaskedAutoencoder(weights: TensorFile.open(path: redshift))
        }
        #expect(
            first.message == "is a redshift network (it has 'concat_block.2.weight'), expected a masked autoencoder")
        let second = try #require(throws: Failure.self) {
            try RedshiftModel(weights: TensorFile.open(path: autoencoder))
        }
        #expect(second.message == "is a masked autoencoder (it has 'mask_token'), expected a redshift network")
    }

    @Test("Heads that no width of 64 channels gives are asked for, or assumed if nothing is computed")
    func heads() throws {
        try Fixture.withTemporaryFolder { folder in
            // The same tensors without metadata.
            let path = folder + "/bare.safetensors"
            try TensorTable(Fixture.path("mae/cell.safetensors")).write(to: path)
            for (given, option) in [(nil, "--num-heads"), (3, "--decoder-heads")] {
                let error = try #require(throws: Failure.self) {
                    try MaskedAutoencoder(weights: TensorFile.open(path: path), numHeads: given)
                }
                #expect(error.message.contains("expected \(option) N"))
            }
            let silent = try MaskedAutoencoder(weights: TensorFile.open(path: path), assumesHeads: true)
            #expect(silent.config.encoder.numHeads == 1 && silent.config.decoder.numHeads == 1)
            #expect(
                silent.warnings == [
                    "\(path): not in the file, assumed: 1 head (--num-heads overrides), 1 decoder head "
                        + "(--decoder-heads overrides), LayerNorm eps 1e-06, BatchNorm eps 1e-05"
                ])
            let given = try MaskedAutoencoder(weights: TensorFile.open(path: path), numHeads: 3, decoderHeads: 2)
            #expect(given.config == (try GoldenAutoencoder.small[0].model().config))
            #expect(given.warnings == ["\(path): not in the file, assumed: LayerNorm eps 1e-06, BatchNorm eps 1e-05"])
            let error = try #require(throws: Failure.self) {
                try MaskedAutoencoder(weights: TensorFile.open(path: path), numHeads: 3, decoderHeads: 5)
            }
            #expect(error.message == "5 heads do not divide the decoder's width 16")
        }
    }

    @Test("Converted autoencoder weights are the same network and state the given heads", arguments: [DType.f32, .f16])
    func convert(dtype: DType) throws {
        try Fixture.withTemporaryFolder { folder in
            let (bare, path) = (folder + "/bare.safetensors", folder + "/converted.safetensors")
            try TensorTable(Fixture.path("mae/cell-kernel3.safetensors")).write(to: bare)
            let written = try CheckpointWriter.convert(
                TensorFile.open(path: bare), to: path, dtype: dtype, linearLayout: .merged,
                constants: .init(numHeads: 2, decoderHeads: 3, areAssumed: true))
            #expect(written.warnings.isEmpty)
            let (model, original) = (
                try MaskedAutoencoder(weights: TensorFile.open(path: path)), try GoldenAutoencoder.small[1].model()
            )
            #expect(model.warnings.isEmpty && model.config == original.config)
            #expect(model.parameterCount == original.parameterCount)
            // All of its tensors are too small to be rounded.
            let galaxies = try GoldenAutoencoder.small[1].galaxies()
            #expect(
                try Reconstruction(of: galaxies, by: model, visible: 4, batch: 3)
                    .hasBits(of: Reconstruction(of: galaxies, by: original, visible: 4, batch: 3)))
        }
    }

    @Test("Half precision rounds only the large tensors of an autoencoder")
    func halfPrecision() throws {
        let file = try TensorFile.open(path: GoldenAutoencoder.demo.weights)
        for tensor in file.tensors {
            #expect(
                (tensor.dtype == .f16) == (tensor.count >= CheckpointWriter.halfPrecisionElements), "\(tensor.name)")
        }
        #expect(try GoldenAutoencoder.demo.model().parameterCount == 7_380_416)
    }

    @Test("Autoencoder weights loaded on four threads have the same bits")
    func parallel() throws {
        let galaxies = try GoldenAutoencoder.demo.galaxies()
        let file = try TensorFile.open(path: GoldenAutoencoder.demo.weights)
        let many = try MaskedAutoencoder(weights: file, on: fourThreads)
        #expect(
            try Reconstruction(of: galaxies, by: many, visible: 4, batch: 8)
                .hasBits(of: Reconstruction(of: galaxies, by: GoldenAutoencoder.demo.model(), visible: 4, batch: 8)))
    }
}
