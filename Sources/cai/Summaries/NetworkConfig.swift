import AstroMAE
import Platform

/// The sizes of either network, as `inspect` prints them.
enum NetworkConfig: Encodable {
    case redshift(ModelConfig)
    case autoencoder(AutoencoderConfig)

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .redshift(let config): try config.encode(to: encoder)
        case .autoencoder(let config): try config.encode(to: encoder)
        }
    }

    /// The network in a few lines.
    var lines: [String] {
        switch self {
        case .redshift(let config):
            [
                config.encoder.imageLine, config.encoder.blockLine,
                "branches \(config.vitFeatures) + \(config.inceptionFeatures) + \(config.magnitudeFeatures), fused in "
                    + "\(config.fusionWidth)",
                config.encoder.epsilonLine,
            ]
        case .autoencoder(let config):
            [
                config.encoder.imageLine, config.encoder.blockLine, "decoder " + config.decoder.line,
                config.encoder.epsilonLine,
            ]
        }
    }
}

extension EncoderConfig {
    fileprivate var imageLine: String {
        "images [\(imageShape.map(String.init).joined(separator: ", "))], patches of \(patchSize)"
    }

    fileprivate var blockLine: String {
        var block =
            "\(depth) x \(blockKind.rawValue), width \(width), \(Numbers.counted(numHeads, "head")), MLP \(mlpWidth)"
        if let module = parallelConvolution {
            block += ", PCM kernel \(module.kernel), \(module.groups) groups, hidden \(module.hidden)"
        }
        return block
    }

    fileprivate var epsilonLine: String { "eps \(layerNormEps) (LayerNorm), \(batchNormEps) (BatchNorm)" }
}

extension AutoencoderConfig.Decoder {
    fileprivate var line: String {
        "\(depth) x Block, width \(width), \(Numbers.counted(numHeads, "head")), MLP \(mlpWidth)"
    }
}
