import Platform

extension ModelConfig {
    /// Derives the heads' sizes from their tensors' shapes.
    static func derived(from checkpoint: Checkpoint, encoder: EncoderConfig) throws(Failure) -> ModelConfig {
        let merged = checkpoint.linearLayout == .merged
        func outputs(_ layer: String) throws(Failure) -> Int { try checkpoint.shape(layer + ".weight", axes: 2)[0] }
        return ModelConfig(
            encoder: encoder,
            vitFeatures: try outputs(merged ? ViTHead.merged.key : "vit_block.2"),
            inceptionFeatures: try outputs(InceptionBranch.key + (merged ? ".10" : ".12")),
            magnitudeFeatures: try outputs(MagnitudeBranch.key + (merged ? ".6" : ".8")),
            fusionWidth: try outputs(merged ? FusionHead.merged.key : FusionHead.merged.outer))
    }
}
