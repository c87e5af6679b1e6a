/// Sizes of a masked autoencoder: its encoder's, and its decoder's.
public struct AutoencoderConfig: Codable, Equatable, Sendable {
    /// Plain ViT blocks over all patches.
    public struct Decoder: Codable, Equatable, Sendable {
        /// Channels of a token.
        public let width: Int
        public let depth: Int
        public let numHeads: Int
        /// What q.k is multiplied with: (width/numHeads)^-0.5 unless the file says otherwise.
        public let attentionScale: Double
        /// Hidden width of the MLP of each block.
        public let mlpWidth: Int

        /// The sizes of its blocks.
        var block: BlockConfig {
            BlockConfig(
                kind: .plain, width: width, numHeads: numHeads, attentionScale: attentionScale, mlpWidth: mlpWidth,
                parallelConvolution: nil)
        }
    }

    public let encoder: EncoderConfig
    public let decoder: Decoder

    /// Patches of a cutout: 16, in row-major order.
    public var patches: Int { encoder.patches }
    /// Numbers that the decoder gives for a patch: 8 rows x 8 columns x 5 bands, band fastest.
    public var patchCount: Int { encoder.patchCount }

    /// Where each number of a prediction [patches, patchCount] lies in a cutout [bands, size, size]: `image[offset]` is
    /// what the prediction of the same place stands for.
    public var pixelOffsets: [Int] {
        let (bands, size, patch, grid) = (encoder.bands, encoder.imageSize, encoder.patchSize, encoder.grid)
        return (0..<patches * patchCount).map { place in
            let (index, element) = place.quotientAndRemainder(dividingBy: patchCount)
            let (pixel, band) = element.quotientAndRemainder(dividingBy: bands)
            let row = index / grid * patch + pixel / patch
            let column = index % grid * patch + pixel % patch
            return (band * size + row) * size + column
        }
    }
}
