import Platform

extension AutoencoderConfig {
    /// Derives the decoder's sizes from its tensors' shapes; its heads from the stated constants, or else one for each
    /// 64 channels.
    /// - Parameters:
    ///   - decoderHeads: overrides the file's number of heads.
    ///   - assumesHeads: see `RedshiftModel.init`.
    static func derived(
        from checkpoint: Checkpoint, encoder: EncoderConfig, stated: StatedConstants, decoderHeads: Int?,
        assumesHeads: Bool
    ) throws(Failure) -> AutoencoderConfig {
        let embedding = try checkpoint.shape("decoder_embed.weight", axes: 2)
        let depth = checkpoint.depth(of: "decoder_blocks")
        guard depth > 0 else {
            throw checkpoint.error("missing key 'decoder_blocks.0.norm1.weight': expected decoder blocks")
        }
        let width = embedding[0]
        guard width > 0 else { throw checkpoint.error("'decoder_embed.weight' has shape \(embedding)") }
        let attention = try stated.decoder.resolved(
            decoderHeads, width: width, of: "decoder", option: "--decoder-heads", isAssumed: assumesHeads,
            error: checkpoint.error)
        let config = AutoencoderConfig(
            encoder: encoder,
            decoder: Decoder(
                width: width, depth: depth, numHeads: attention.heads, attentionScale: attention.scale,
                mlpWidth: try checkpoint.shape("decoder_blocks.0.mlp.fc1.weight", axes: 2)[0]))
        try EncoderConfig.requireSupported(
            [
                [encoder.tokens, width, 3], [encoder.tokens, config.decoder.mlpWidth],
                [encoder.tokens, encoder.patchCount],
            ], checkpoint)
        return config
    }
}
