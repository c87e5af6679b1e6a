import AstroMAE
import Platform
import TensorFiles
import TestSupport
import Testing

extension Fault {
    /// Faults of a file with merged layers.
    static let merged = [
        Fault("merged layers that the metadata does not state", says: "'merged.vit_block.0.weight'", "found none") {
            $0.metadata["linear_layers"] = nil
        },
        Fault("an arrangement of another version", says: "'linear_layers' is 'merged-2', expected 'merged-1'") {
            $0.metadata["linear_layers"] = "merged-2"
        },
        Fault("a merged layer beside one of its parts", says: "'head.bias' is there", "'linear_layers'") {
            $0.tensors.append(("head.bias", [24], [Float](repeating: 0, count: 24)))
        },
        Fault("half a merged layer", says: "missing key 'merged.concat_block.0.bias'") { edited in
            edited.tensors.removeAll { $0.name == "merged.concat_block.0.bias" }
        },
        Fault("no merged layer", says: "missing key 'merged.vit_block.0.weight'") { edited in
            edited.tensors.removeAll { $0.name.hasPrefix("merged.") }
        },
        Fault("an unknown merged layer", says: "unexpected key 'merged.head.weight'") {
            $0.tensors.append(("merged.head.weight", [1], [0]))
        },
        Fault("a misshapen merged layer", says: "'merged.concat_block.0.weight' has shape [12, 63]", "[12, 64]") {
            $0.set("merged.concat_block.0.weight") { $0 = ($0.name, [12, 63], Array($0.values.prefix(12 * 63))) }
        },
        Fault("infinity in a merged layer", says: "'merged.vit_block.0.bias' is not finite: element 1 is inf") {
            $0.set("merged.vit_block.0.bias") { $0.values[1] = .infinity }
        },
        Fault("no number of parameters", says: "metadata 'parameters' is missing") { $0.metadata["parameters"] = nil },
        Fault("a non-numeric number of parameters", says: "metadata 'parameters' is 'many'") {
            $0.metadata["parameters"] = "many"
        },
        Fault("negative parameters", says: "metadata 'parameters' is '-1'") { $0.metadata["parameters"] = "-1" },
    ]
}

@Suite("Merged layers") struct MergedLayerTests {
    @Test("A faulty checkpoint with merged layers is rejected with the fault", arguments: Fault.merged)
    func faults(_ fault: Fault) throws {
        var edited = try EditedCheckpoint(merged: true)
        #expect(try edited.failure() == nil)
        fault.make(&edited)
        let message = try #require(try edited.failure())
        for words in fault.says { #expect(message.contains(words), "\(message)") }
    }

    @Test("Metadata that state merged layers are rejected beside unmerged ones")
    func statedOnly() throws {
        var edited = try EditedCheckpoint()
        edited.metadata["linear_layers"] = "merged-1"
        #expect(try edited.failure()?.contains("'vit_block.0.weight' is there, although") == true)
    }

    @Test(
        "Layers that are merged when they are loaded give the bits of converted ones, on any number of threads",
        arguments: GoldenNetwork.all)
    func loading(network: GoldenNetwork) throws {
        let galaxies = try Galaxies(network.galaxies, limit: 8)
        let (separate, loaded) = (try network.model(), try network.merged.model())
        #expect(loaded.config == separate.config && loaded.parameterCount == separate.parameterCount)
        let redshifts = try loaded.redshifts(galaxies, batch: 8)
        for file in [try network.converted(), try network.file()] {
            let model = try RedshiftModel(weights: file, numHeads: network.numHeads, on: fourThreads)
            #expect(model.config == loaded.config && model.parameterCount == loaded.parameterCount)
            #expect(try model.flopsPerGalaxy == loaded.flopsPerGalaxy)
            #expect(try model.redshifts(galaxies, batch: 8) == redshifts)
        }
        #expect(try loaded.flopsPerGalaxy < separate.flopsPerGalaxy)
    }

    /// Layers as matrices in float64.
    private func layer(_ edited: EditedCheckpoint, _ name: String) throws -> (weight: [[Double]], bias: [Double]) {
        let weight = try edited.tensors.first { $0.name == name + ".weight" }.orMissing()
        let bias = try edited.tensors.first { $0.name == name + ".bias" }.orMissing().values.map(Double.init)
        let columns = weight.shape[1]
        return (
            bias.indices.map { weight.values[$0 * columns..<($0 + 1) * columns].map(Double.init) }, bias
        )
    }

    /// The tiny network with widths that are no multiples of a tile: 11 in the fusion head, 23 and 15 before it.
    private func oddNetwork() throws -> EditedCheckpoint {
        var edited = try EditedCheckpoint()
        func crop(_ name: String, _ rows: Int, _ columns: Int? = nil) {
            edited.set(name) { tensor in
                let old = tensor.shape.count > 1 ? tensor.shape[1] : 1
                let kept = columns ?? old
                tensor.values = (0..<rows).flatMap { tensor.values[$0 * old..<$0 * old + kept] }
                tensor.shape = tensor.shape.count > 1 ? [rows, kept] : [rows]
            }
        }
        for part in ["weight", "bias"] {
            crop("concat_block.0." + part, 11)
            crop("inception_model.vis_inception.10." + part, 23)
            crop("inception_model.magnitude_block.6." + part, 15)
        }
        crop("concat_block.2.weight", 1, 11)
        crop("inception_model.vis_inception.12.weight", 24, 23)
        crop("inception_model.magnitude_block.8.weight", 16, 15)
        return edited
    }

    @Test("Merged matrices are computed in float64 and rounded once, for any widths")
    func products() throws {
        let edited = try oddNetwork()
        let merged = try edited.withFile { path in
            let target = path + ".merged.safetensors"
            try CheckpointWriter.convert(TensorFile.open(path: path), to: target, dtype: .f32, linearLayout: .merged)
            var copy = edited
            copy.tensors = try TensorFile.open(path: target).tensors.map { ($0.name, $0.shape, try $0.floats()) }
            return copy
        }
        let cases = [
            ("merged.vit_block.0", "vit_block.0", ["head"]),
            (
                "merged.concat_block.0", "concat_block.0",
                ["vit_block.2", "inception_model.vis_inception.12", "inception_model.magnitude_block.8"]
            ),
        ]
        for (name, outerName, innerNames) in cases {
            let (found, outer) = (try layer(merged, name), try layer(edited, outerName))
            for row in outer.bias.indices {
                var (column, meeting) = (0, 0)
                var bias = (sum: outer.bias[row], size: abs(outer.bias[row]))
                for inner in try innerNames.map({ try layer(edited, $0) }) {
                    let weights = outer.weight[row][meeting..<meeting + inner.bias.count]
                    for source in inner.weight[0].indices {
                        let terms = zip(weights, inner.weight).map { $0 * $1[source] }
                        let size = terms.reduce(0) { $0 + abs($1) }
                        // One rounding to float32; in float64 two for each term of the sum, on both sides.
                        let exact = terms.reduce(0, +)
                        let tolerance = 0x1p-24 * abs(exact) + 4 * Double(terms.count) * 0x1p-53 * size
                        #expect(abs(found.weight[row][column] - exact) <= tolerance)
                        column += 1
                    }
                    for (weight, value) in zip(weights, inner.bias) {
                        bias = (bias.sum + weight * value, bias.size + abs(weight * value))
                    }
                    meeting += inner.bias.count
                }
                #expect(column == found.weight[row].count)
                let tolerance = 0x1p-24 * abs(bias.sum) + 4 * Double(meeting + 1) * 0x1p-53 * bias.size
                #expect(abs(found.bias[row] - bias.sum) <= tolerance)
            }
        }
    }

    @Test("Converting merged layers again changes nothing")
    func again() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/again.safetensors"
            let source = try GoldenNetwork.tiny[0].converted()
            try CheckpointWriter.convert(source, to: path, dtype: .f32, linearLayout: .merged)
            let copy = try TensorFile.open(path: path)
            #expect(copy.metadata == source.metadata)
            #expect(Set(copy.tensors.map(\.name)) == Set(source.tensors.map(\.name)))
            for tensor in copy.tensors {
                #expect(try tensor.floats() == source[tensor.name].orMissing().floats(), "\(tensor.name)")
            }
        }
    }

    @Test("Layers whose merged matrix exceeds float32 are rejected")
    func overflow() throws {
        var edited = try EditedCheckpoint()
        for name in ["head.weight", "vit_block.0.weight"] {
            edited.set(name) { $0.values = $0.values.map { _ in 1e30 } }
        }
        let message = "'merged.vit_block.0.weight' is not finite: element 0 is inf"
        #expect(try mergeFailure(edited).contains(message))
        #expect(try edited.failure()?.contains(message) == true)
    }

    @Test("Layers that would have more weights merged are kept, also by a conversion")
    func narrow() throws {
        var edited = try EditedCheckpoint()
        let wide = 200
        func resize(_ name: String, _ shape: [Int]) {
            edited.set(name) { $0 = ($0.name, shape, [Float](repeating: 0, count: shape.reduce(1, *))) }
        }
        resize("vit_block.0.weight", [wide, 24])
        resize("vit_block.0.bias", [wide])
        resize("vit_block.2.weight", [1, wide])
        resize("vit_block.2.bias", [1])
        resize("concat_block.0.weight", [wide, 1 + 24 + 16])
        resize("concat_block.0.bias", [wide])
        resize("concat_block.2.weight", [1, wide])
        try edited.withFile { path in
            let target = path + ".merged.safetensors"
            let file = try TensorFile.open(path: path)
            try CheckpointWriter.convert(file, to: target, dtype: .f32, linearLayout: .merged)
            let converted = try TensorFile.open(path: target)
            #expect(converted["head.weight"] != nil && converted.metadata["linear_layers"] == nil)
            let (model, copy) = (try RedshiftModel(weights: file), try RedshiftModel(weights: converted))
            #expect(model.config == copy.config && model.config.vitFeatures == 1)
        }
    }

    /// The message of a failed conversion, which leaves no file.
    private func mergeFailure(_ edited: EditedCheckpoint) throws -> String {
        try edited.withFile { path in
            let target = path + ".merged.safetensors"
            let error = try #require(throws: Failure.self) {
                try CheckpointWriter.convert(
                    TensorFile.open(path: path), to: target, dtype: .f32, linearLayout: .merged)
            }
            #expect(throws: Failure.self) { try TensorFile.open(path: target) }
            #expect(error.subject == path)
            return error.message
        }
    }
}
