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

    /// - Parameters:
    ///   - file: a checkpoint of either network in any of the readable formats, checked as strictly as by the network.
    ///   - dtype: f32, or f16 or bf16 for tensors of at least `halfPrecisionElements`. Merged layers are computed from
    ///     the file's values and rounded to float32, then to `dtype`.
    ///   - linearLayout: whether to merge Linear layers with nothing between them. A masked autoencoder has none.
    ///   - constants: override or add to the constants that the file states.
    ///   - provenance: further metadata.
    /// - Returns: the constants that were assumed and are not stated in the written file, one line each.
    /// - Throws: `Failure`, also if `path` is the file that is read, or if merged layers would have to be separated.
    @discardableResult
    public static func convert(
        _ file: TensorFile, to path: String, dtype: DType, linearLayout: LinearLayout,
        constants: Constants = Constants(), provenance: [String: String] = [:]
    ) throws -> [String] {
        try AtomicFile.check(path: path, sparing: [file.name])
        guard [.f32, .f16, .bf16].contains(dtype) else {
            throw Failure(path, "weights cannot be written as \(dtype.rawValue)")
        }
        let kind = try NetworkKind.of(file, network: constants.network)
        let checkpoint = try Checkpoint(
            file, rules: kind == .autoencoder ? MaskedAutoencoder.rules : RedshiftModel.rules, of: kind,
            network: constants.network)
        var (network, stated) = try checked(file, checkpoint, constants)
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
        var writer = SafeTensorsWriter()
        var metadata = stated.metadata
        var replaced: Set<String> = []
        if linearLayout == .merged, network is RedshiftModel {
            metadata[LinearLayout.metadataKey] = LinearLayout.mergedValue
            metadata[LinearLayout.parametersKey] = "\(network.parameterCount)"
            if checkpoint.linearLayout == .separate {
                for layer in checkpoint.rules.merged {
                    let merged = try layer.product(of: checkpoint)
                    writer.add(
                        layer.key + ".weight", shape: merged.shape, floats: merged.weight,
                        as: stored(merged.weight.count))
                    writer.add(
                        layer.key + ".bias", shape: [merged.bias.count], floats: merged.bias,
                        as: stored(merged.bias.count))
                    replaced.formUnion(layer.replacedKeys)
                }
            }
        }
        for key in checkpoint.keys where !replaced.contains(key) {
            guard let tensor = checkpoint[key], tensor.dtype.isFloatingPoint, !checkpoint.isAlias(key),
                !checkpoint.isOfTraining(key)
            else { continue }
            writer.add(tensor, named: key, as: stored(tensor.count))
        }
        try writer.write(to: path, metadata: metadata.merging(provenance) { ours, _ in ours })
        return constants.areAssumed ? [] : network.warnings
    }

    /// Loads the network as for inference, and the constants that the new file will state.
    private static func checked(
        _ file: TensorFile, _ checkpoint: Checkpoint, _ constants: Constants
    ) throws(Failure) -> (network: any CutoutNetwork, stated: StatedConstants) {
        var stated = try StatedConstants(checkpoint)
        stated.encoder.override(constants.numHeads)
        guard NetworkKind(checkpoint) == .autoencoder else {
            guard constants.decoderHeads == nil else {
                throw checkpoint.error("has no decoder whose heads could be stated")
            }
            let model = try RedshiftModel(
                weights: file, network: constants.network, numHeads: constants.numHeads,
                assumesHeads: !constants.areAssumed)
            try stated.encoder.requireNoOtherHeads(
                width: model.config.encoder.width, option: "--num-heads", error: checkpoint.error)
            if constants.areAssumed { stated.assume(model.config.encoder) }
            return (model, stated)
        }
        stated.decoder.override(constants.decoderHeads)
        let model = try MaskedAutoencoder(
            weights: file, network: constants.network, numHeads: constants.numHeads,
            decoderHeads: constants.decoderHeads, assumesHeads: !constants.areAssumed)
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
