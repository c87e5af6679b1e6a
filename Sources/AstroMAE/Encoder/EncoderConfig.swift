/// Sizes of an AstroMAE encoder, derived from its tensors' shapes, and the numbers that these do not determine: heads
/// and epsilons, from pickled attributes or a file's metadata.
public struct EncoderConfig: Codable, Equatable, Sendable {
    /// The kind of the encoder's transformer blocks.
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
    /// The factor of q.k: (width/numHeads)^-0.5 unless the file states another.
    public let attentionScale: Double
    /// Hidden width of the MLP of each block.
    public let mlpWidth: Int
    /// Nil for plain blocks.
    public let parallelConvolution: ParallelConvolution?
    public let layerNormEps: Double
    public let batchNormEps: Double

    /// Patches along one side of a cutout.
    public var grid: Int { imageSize / patchSize }
    /// Patches of a cutout, in row-major order.
    public var patches: Int { grid * grid }
    /// Patches and the class token.
    public var tokens: Int { patches + 1 }
    public var headWidth: Int { width / numHeads }
    /// Floats of one cutout.
    public var imageCount: Int { bands * imageSize * imageSize }
    public var imageShape: [Int] { [bands, imageSize, imageSize] }
    /// Floats of one patch.
    public var patchCount: Int { bands * patchSize * patchSize }

    /// The sizes of its blocks.
    var block: BlockConfig {
        BlockConfig(
            kind: blockKind, width: width, numHeads: numHeads, attentionScale: attentionScale, mlpWidth: mlpWidth,
            parallelConvolution: parallelConvolution)
    }
}

/// Sizes of a transformer block, of the encoder or of the decoder.
struct BlockConfig: Equatable, Sendable {
    let kind: EncoderConfig.BlockKind
    let width: Int
    let numHeads: Int
    let attentionScale: Double
    let mlpWidth: Int
    let parallelConvolution: EncoderConfig.ParallelConvolution?

    var headWidth: Int { width / numHeads }
}
