import Platform
import TensorFiles

/// Writes a network as safetensors: canonical names, no aliases, and heads, epsilons and bands in the metadata.
public enum CheckpointWriter {
    /// Tensors with fewer elements stay in float32: norms, biases, small convolutions, and the first magnitude layer,
    /// whose sums cancel.
    public static let halfPrecisionElements = 65_536

    /// Constants of the network that the file does not state, or states wrongly.
    public struct Constants: Sendable {
        /// Heads of the encoder, and of a masked autoencoder's decoder; nil for the file's.
        public var numHeads: Int?
        public var decoderHeads: Int?
        /// Whether the written file states the reference's values of all constants that are still missing.
        public var areAssumed = false

        /// The network's bands in its order, as `NetworkBands.letters` has them; nil for the file's.
        public var bands: String?

        /// The one of several networks in the file: see `RedshiftModel.init`.
        public var network: String?

        public init(
            network: String? = nil, numHeads: Int? = nil, decoderHeads: Int? = nil, bands: String? = nil,
            areAssumed: Bool = false
        ) {
            (self.network, self.numHeads, self.bands) = (network, numHeads, bands)
            (self.decoderHeads, self.areAssumed) = (decoderHeads, areAssumed)
        }
    }

    /// The network in a written file.
    public struct Written: Sendable {
        /// Without tokens and positions, as `CutoutNetwork` counts them.
        public let parameterCount: Int
        /// Whether Linear layers are stored merged.
        public let isMerged: Bool
        /// The constants that were assumed and are not stated in the written file, one line each.
        public let warnings: [String]
    }

    /// - Parameters:
    ///   - file: a checkpoint of either network in any of the readable formats, checked as strictly as by the network.
    ///   - dtype: f32, or f16 or bf16 for tensors of at least `halfPrecisionElements`. Merged layers are float32,
    ///     computed from weights that are rounded first, so that bits do not depend on `linearLayout`.
    ///   - linearLayout: whether to store Linear layers with nothing between them as the network merges them when it is
    ///     loaded. A masked autoencoder has none.
    ///   - constants: override or add to the constants that the file states.
    ///   - parallel: runs most of the reading and merging.
    ///   - provenance: further metadata.
    /// - Returns: what was written.
    /// - Throws: `Failure`, also if `path` is the file that is read, or if merged layers would have to be separated.
    @discardableResult
    public static func convert(
        _ file: TensorFile, to path: String, dtype: DType, linearLayout: LinearLayout,
        constants: Constants = Constants(), provenance: [String: String] = [:], on parallel: ParallelLoop = .serial
    ) throws -> Written {
        try AtomicFile.check(path: path, sparing: [file.name])
        guard [.f32, .f16, .bf16].contains(dtype) else {
            throw Failure(path, "weights cannot be written as \(dtype.rawValue)")
        }
        let kind = try NetworkKind.of(file, network: constants.network)
        let checkpoint = try Checkpoint(
            file, rules: kind == .autoencoder ? MaskedAutoencoder.rules : RedshiftModel.rules, of: kind,
            network: constants.network)
        var (network, stated) = try checked(file, checkpoint, constants, on: parallel)
        if let bands = constants.bands {
            guard let letters = NetworkBands.letters(of: bands), letters.count == network.imageShape[0] else {
                throw checkpoint.error(
                    "--bands: expected another letter for each of the network's \(network.imageShape[0]) bands, found "
                        + bands.shortened(to: 40).quoted)
            }
            stated.bands = NetworkBands(letters: letters, file: checkpoint.name)
        }
        guard linearLayout == .merged || checkpoint.linearLayout == .separate else {
            throw checkpoint.error("its merged layers cannot be taken apart: expected weights that keep every layer")
        }
        func stored(_ count: Int) -> DType { count >= halfPrecisionElements ? dtype : .f32 }
        /// Whether a tensor is of a merged layer, which is not rounded again.
        func isMerged(_ key: String) -> Bool { checkpoint.rules.merged.contains { $0.keys.contains(key) } }
        var writer = SafeTensorsWriter()
        var metadata = stated.metadata
        var replaced: Set<String> = []
        if linearLayout == .merged, let model = network as? RedshiftModel, try checkpoint.mergesLinears() {
            metadata[LinearLayout.metadataKey] = LinearLayout.mergedValue
            metadata[LinearLayout.parametersKey] = "\(model.parameterCount)"
            if checkpoint.linearLayout == .separate {
                let loader = LayerLoader(checkpoint, model.config.encoder, stated, dense: true, merges: true)
                func rounded(_ view: TensorView) -> TensorView {
                    guard stored(view.count) != .f32 else { return view }
                    return .floats(view.name, shape: view.shape, of: file.name) { rows throws(Failure) in
                        try view.doubles(rows: rows).map { Float(dtype.rounded($0)) }
                    }
                }
                var merged: [(MergedLinear, PackedMatrix)] = []
                for layer in checkpoint.rules.merged {
                    merged.append((layer, try loader.merged(layer, rounded: rounded)))
                }
                try loader.packLinears(on: parallel)
                for (layer, matrix) in merged {
                    writer.add(
                        layer.key + ".weight", shape: [matrix.outputs, matrix.inputs], floats: matrix.denseWeights)
                    writer.add(layer.key + ".bias", shape: [matrix.outputs], floats: matrix.biases)
                    replaced.formUnion(layer.replacedKeys)
                }
            }
        }
        for key in checkpoint.keys where !replaced.contains(key) {
            guard let tensor = checkpoint[key], tensor.dtype.isFloatingPoint, !checkpoint.isAlias(key),
                !checkpoint.isOfTraining(key)
            else { continue }
            writer.add(tensor, named: key, as: isMerged(key) ? .f32 : stored(tensor.count))
        }
        try writer.write(to: path, metadata: metadata.merging(provenance) { ours, _ in ours })
        return Written(
            parameterCount: network.parameterCount, isMerged: metadata[LinearLayout.metadataKey] != nil,
            warnings: constants.areAssumed ? [] : network.warnings)
    }

    /// Loads the network as for inference, without merging, and the constants that the new file will state.
    private static func checked(
        _ file: TensorFile, _ checkpoint: Checkpoint, _ constants: Constants, on parallel: ParallelLoop
    ) throws(Failure) -> (network: any CutoutNetwork, stated: StatedConstants) {
        var stated = try StatedConstants(checkpoint)
        stated.encoder.override(constants.numHeads)
        guard NetworkKind(checkpoint) == .autoencoder else {
            guard constants.decoderHeads == nil else {
                throw checkpoint.error("has no decoder whose heads could be stated")
            }
            let model = try RedshiftModel(
                file, network: constants.network, numHeads: constants.numHeads, assumesHeads: !constants.areAssumed,
                keepsLayers: true, on: parallel)
            try stated.encoder.requireNoOtherHeads(
                width: model.config.encoder.width, option: "--num-heads", error: checkpoint.error)
            if constants.areAssumed { stated.assume(model.config.encoder) }
            return (model, stated)
        }
        stated.decoder.override(constants.decoderHeads)
        let model = try MaskedAutoencoder(
            weights: file, network: constants.network, numHeads: constants.numHeads,
            decoderHeads: constants.decoderHeads, assumesHeads: !constants.areAssumed, on: parallel)
        // The new file has no hyper-parameters that could state them.
        try stated.encoder.requireNoOtherHeads(
            width: model.config.encoder.width, option: "--num-heads", error: checkpoint.error)
        try stated.decoder.requireNoOtherHeads(
            width: model.config.decoder.width, of: "decoder", option: "--decoder-heads", error: checkpoint.error)
        if constants.areAssumed {
            stated.assume(model.config.encoder)
            stated.decoder.numHeads = model.config.decoder.numHeads
        }
        return (model, stated)
    }
}

extension LayerLoader {
    /// A merged layer of the widths that the file has.
    fileprivate func merged(
        _ layer: MergedLinear, rounded: (TensorView) -> TensorView
    ) throws(Failure) -> PackedMatrix {
        var inputs: [Int] = []
        for key in layer.inner { inputs.append(try checkpoint.shape(key + ".weight", axes: 2)[1]) }
        return try self.merged(.fusion, layer, inputs, try outputs(layer.outer, axes: 2), rounded: rounded)
    }
}

extension PackedMatrix {
    /// [outputs, inputs] of a matrix that was made dense.
    fileprivate var denseWeights: [Float] {
        Array(UnsafeBufferPointer(start: dense?.base, count: dense == nil ? 0 : outputs * inputs))
    }
    fileprivate var biases: [Float] { Array(UnsafeBufferPointer(start: bias.base, count: outputs)) }
}

extension StatedConstants.Attention {
    /// Replaces the file's heads, and their scale, if `heads` differs.
    fileprivate mutating func override(_ heads: Int?) {
        guard let heads, heads != numHeads else { return }
        (numHeads, scale) = (heads, nil)
    }
}

extension StatedConstants {
    /// States the constants that the network runs with.
    fileprivate mutating func assume(_ config: EncoderConfig) {
        encoder.numHeads = config.numHeads
        layerNormEps = config.layerNormEps
        batchNormEps = config.batchNormEps
    }
}
