import Platform

extension ModelConfig {
    /// Derives the heads' sizes from their tensors' shapes.
    /// - Parameter merges: whether the network runs with merged layers.
    static func derived(
        from checkpoint: Checkpoint, encoder: EncoderConfig, merges: Bool
    ) throws(Failure) -> ModelConfig {
        /// The first layer of the merged ones, by its key in the file.
        func outer(_ layer: MergedLinear) -> String {
            checkpoint.linearLayout == .merged ? layer.key : layer.outer
        }
        func outputs(_ layer: String) throws(Failure) -> Int { try checkpoint.shape(layer + ".weight", axes: 2)[0] }
        return ModelConfig(
            encoder: encoder,
            vitFeatures: try outputs(merges ? outer(ViTHead.merged) : "vit_block.2"),
            inceptionFeatures: try outputs(InceptionBranch.key + (merges ? ".10" : ".12")),
            magnitudeFeatures: try outputs(MagnitudeBranch.key + (merges ? ".6" : ".8")),
            fusionWidth: try outputs(outer(FusionHead.merged)))
    }
}
