/// Sizes of a masked autoencoder's encoder and decoder.
public struct AutoencoderConfig: Codable, Equatable, Sendable {
    /// Plain ViT blocks over all patches.
    public struct Decoder: Codable, Equatable, Sendable {
        /// Channels of a token.
        public let width: Int
        public let depth: Int
        public let numHeads: Int
        /// The factor of q.k: (width/numHeads)^-0.5 unless the file states another.
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
    /// Numbers of a patch's prediction: 8 rows x 8 columns x 5 bands, band fastest.
    public var patchCount: Int { encoder.patchCount }

    /// For each number of a prediction [patches, patchCount], the offset of its pixel in a cutout [bands, size, size].
    public var pixelOffsets: [Int] {
        let (bands, size, patch, grid) = (encoder.bands, encoder.imageSize, encoder.patchSize, encoder.grid)
        return (0..<patches * patchCount).map { number in
            let (index, element) = number.quotientAndRemainder(dividingBy: patchCount)
            let (pixel, band) = element.quotientAndRemainder(dividingBy: bands)
            let row = index / grid * patch + pixel / patch
            let column = index % grid * patch + pixel % patch
            return (band * size + row) * size + column
        }
    }
}
