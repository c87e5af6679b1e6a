import AstroMAE

/// The tolerance of a masked autoencoder's stage against float64, relative to the stage's largest magnitude: as in
/// `StageTolerance`, but with one side that rounds. A stage whose path has reductions K1, K2, ... may differ by five
/// times sqrt(K1 + K2 + ...) u.
struct AutoencoderTolerance {
    let config: AutoencoderConfig
    let visible: Int

    func relative(_ stage: String) -> Double {
        StageTolerance.deviations * StageTolerance.unitRoundoff * Double(reductions(stage)).squareRoot()
    }

    /// Sum of the lengths of the reductions on the way to a stage.
    func reductions(_ stage: String) -> Int {
        let parts = stage.split(separator: ".").map(String.init)
        let encoder = config.encoder
        let latent = encoder.patchCount + encoder.depth * encoderBlock + encoder.width
        let embedded = latent + encoder.width
        let decoded = embedded + config.decoder.depth * decoderBlock
        switch parts[0] {
        case "blocks": return encoder.patchCount + (1 + (Int(parts[1]) ?? 0)) * encoderBlock
        case "latent", "tokens": return latent
        case "decoder_embed": return embedded
        case "decoder_blocks": return embedded + (1 + (Int(parts[1]) ?? 0)) * decoderBlock
        default: return decoded + 2 * config.decoder.width
        }
    }

    /// A float16 weight is off by at most 2^-11 of itself, 2^-11/sqrt(3) as a standard deviation, independently: the
    /// relative error of a sum of products with such weights is the same. So do the sums of all rounded layers on the
    /// path, and independent errors add up as the root of their number; five times that leaves room for the largest of
    /// all elements. Five matrices in each block, and the embeddings and the prediction.
    var halfPrecision: Double {
        let layers = 5 * Double(config.encoder.depth + config.decoder.depth) + 3
        return StageTolerance.deviations * 0x1p-11 / 3.0.squareRoot() * layers.squareRoot()
    }

    private var encoderBlock: Int {
        let encoder = config.encoder
        let parallel =
            encoder.parallelConvolution.map {
                $0.kernel * $0.kernel * (encoder.width + $0.hidden) / $0.groups
            } ?? 0
        return block(encoder.width, encoder.headWidth, encoder.mlpWidth, tokens: visible + 1) + parallel
    }

    private var decoderBlock: Int {
        let decoder = config.decoder
        return block(decoder.width, decoder.width / decoder.numHeads, decoder.mlpWidth, tokens: config.patches + 1)
    }

    /// norm1, qkv, scores, values, proj; norm2, fc1, fc2.
    private func block(_ width: Int, _ headWidth: Int, _ mlpWidth: Int, tokens: Int) -> Int {
        5 * width + headWidth + tokens + mlpWidth
    }
}
