/// The main sizes of an AstroMAE redshift network, all read off its tensors (inner widths of the heads and of the
/// Inception blocks stay with the layers that read them), and the few numbers that tensors do
/// not tell: heads and epsilons, from pickled attributes or a file's metadata.
public struct ModelConfig: Codable, Equatable, Sendable {
    /// Which transformer block the encoder is made of.
    public enum BlockKind: String, Codable, Sendable {
        /// ViTAE's NormalCell: a parallel convolution module (PCM) beside the attention (Xu et al. 2021).
        case normalCell = "NormalCell"
        /// timm's plain ViT block.
        case plain = "Block"
    }

    /// The parallel convolution module: width -> hidden -> width, both grouped, SiLU between.
    public struct ParallelConvolution: Codable, Equatable, Sendable {
        public let kernel: Int
        public let groups: Int
        public let hidden: Int
    }

    /// Photometric bands of a cutout: 5, u g r i z.
    public let bands: Int
    /// Height and width of a cutout in pixels.
    public let imageSize: Int
    /// Height and width of a patch in pixels.
    public let patchSize: Int
    /// Channels of a token.
    public let width: Int
    /// Encoder blocks.
    public let depth: Int
    public let blockKind: BlockKind
    public let numHeads: Int
    /// What q.k is multiplied with: (width/numHeads)^-0.5 unless the file says otherwise.
    public let attentionScale: Double
    /// Hidden width of the MLP of each block.
    public let mlpWidth: Int
    /// Nil for plain blocks.
    public let parallelConvolution: ParallelConvolution?
    public let layerNormEps: Double
    public let batchNormEps: Double
    /// Features of the ViT, Inception and magnitude branches, as they are concatenated: outputs of each branch's last
    /// Linear layer, or of the last but one where weights have the last merged into the fusion head.
    public let vitFeatures: Int
    public let inceptionFeatures: Int
    public let magnitudeFeatures: Int
    /// Hidden width of the fusion head.
    public let fusionWidth: Int

    /// Patches along one side of a cutout.
    public var grid: Int { imageSize / patchSize }
    /// Patches and the class token.
    public var tokens: Int { grid * grid + 1 }
    public var headWidth: Int { width / numHeads }
    /// Floats of one cutout.
    public var imageCount: Int { bands * imageSize * imageSize }
    public var imageShape: [Int] { [bands, imageSize, imageSize] }
    public var fusionInputs: Int { vitFeatures + inceptionFeatures + magnitudeFeatures }
}
