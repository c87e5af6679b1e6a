import Platform
import TensorFiles

/// What is taken of a galaxy as its features.
public enum FeatureLayer: String, CaseIterable, Sendable {
    /// The mean over the patch tokens.
    case pooled
    /// The class token.
    case cls
    /// The class token, then the patch tokens in row-major order.
    case tokens
    /// `fc_norm` of the mean over the patch tokens, as a redshift network's head reads it; a masked autoencoder has none.
    case fcNorm = "fc_norm"
}

/// The encoder of either network, over all patches of a cutout: what a galaxy looks like, in numbers.
///
/// Tokens are those that the last block gives; a masked autoencoder's have passed its `norm`, as its decoder reads them,
/// and a redshift network, which has no norm over tokens, gives them as they are.
public final class FeatureEncoder: CutoutNetwork {
    public let kind: NetworkKind
    public let layer: FeatureLayer
    public let parameterCount: Int
    public let notices: [String]
    public let instructionSet: InstructionSet
    public let gemm: GemmBackend
    public var imageShape: [Int] { encoder.config.imageShape }
    public var imageCount: Int { encoder.config.imageCount }
    public var requiredMagnitudes: Int? { nil }

    let encoder: ViTEncoder
    private let kernels: Kernels
    /// Over tokens, where there is one.
    private let norm: LayerNorm?
    private let branch: ViTBranch?

    /// - Parameters:
    ///   - weights: an opened checkpoint of either network, checked as strictly as for running it.
    ///   - numHeads, decoderHeads: override what the file says; no feature depends on the decoder's.
    ///   - parallel: what most of the reading and packing is run on; bits do not depend on it.
    /// - Throws: `Failure`, also where the network has no such layer.
    public init(
        weights: TensorFile, layer: FeatureLayer, numHeads: Int? = nil, decoderHeads: Int? = nil,
        gemm: GemmBackend = .auto, instructionSet: InstructionSet? = nil, on parallel: ParallelLoop = .serial
    ) throws(Failure) {
        self.layer = layer
        let network: any CutoutNetwork
        if NetworkKind(weights) == .autoencoder {
            guard layer != .fcNorm else {
                throw Failure(
                    weights.name,
                    "is a masked autoencoder, which has no layer fc_norm: expected pooled, cls or tokens")
            }
            let model = try MaskedAutoencoder(
                weights: weights, numHeads: numHeads, decoderHeads: decoderHeads, gemm: gemm,
                instructionSet: instructionSet, on: parallel)
            (kind, encoder, norm, branch, kernels) = (.autoencoder, model.encoder, model.norm, nil, model.kernels)
            network = model
        } else {
            let model = try RedshiftModel(
                weights: weights, numHeads: numHeads, gemm: gemm, instructionSet: instructionSet, on: parallel)
            (kind, encoder, norm, branch, kernels) = (.redshift, model.vit.encoder, nil, model.vit, model.kernels)
            network = model
        }
        (parameterCount, notices) = (network.parameterCount, network.notices)
        (self.instructionSet, self.gemm) = (network.instructionSet, network.gemm)
    }

    /// Of one galaxy's features: [width], or [tokens, width].
    public var featureShape: [Int] {
        layer == .tokens ? [encoder.config.tokens, encoder.config.width] : [encoder.config.width]
    }
    /// Floats of one galaxy's features.
    public var featureCount: Int { (layer == .tokens ? encoder.config.tokens : 1) * encoder.config.width }

    /// images [N, bands, size, size] -> features [N, featureShape...]
    ///
    /// A galaxy's features have the same bits whatever N is and whoever its neighbours are. Allocates nothing.
    public func encode(
        images: Span<Float>, into features: inout MutableSpan<Float>, workspace: inout FeatureWorkspace
    ) {
        let count = images.count / imageCount
        precondition(images.count == count * imageCount && features.count == count * featureCount)
        let kernels = self.kernels.recording(in: workspace.counters)
        images.withUnsafeBufferPointer { images in
            features.withUnsafeMutableBufferPointer { features in
                guard let images = images.baseAddress, let features = features.baseAddress else { return }
                for first in stride(from: 0, to: count, by: workspace.batch) {
                    encode(
                        images + first * imageCount, into: features + first * featureCount,
                        count: min(workspace.batch, count - first), workspace, kernels)
                }
            }
        }
    }

    private func encode(
        _ images: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>, count: Int,
        _ workspace: borrowing FeatureWorkspace, _ kernels: Kernels
    ) {
        let x = workspace.tokens
        let isMean = layer == .pooled || layer == .fcNorm
        encoder.forward(
            images, into: x, count: count, layout: workspace.layout, leavingClassTokens: isMean,
            scratch: workspace.block, kernels: kernels, stages: nil)
        let (tokens, width) = (workspace.layout.tokens, workspace.layout.width)
        switch layer {
        case .tokens:
            normalize(x, into: features, rows: count * tokens, kernels)
        case .cls:
            for galaxy in 0..<count {
                (workspace.block.normed + galaxy * width).update(from: x + galaxy * tokens * width, count: width)
            }
            normalize(workspace.block.normed, into: features, rows: count, kernels)
        case .pooled, .fcNorm:
            let patches = tokens - 1
            if let norm { kernels.layerNorm(x, norm, into: x, rows: count * patches) }
            let means = layer == .pooled ? features : workspace.block.normed
            for galaxy in 0..<count {
                kernels.meanRows(
                    x + galaxy * patches * width, into: means + galaxy * width, rows: patches, width: width)
            }
            if layer == .fcNorm {
                branch?.normalize(means, into: features, count: count, kernels: kernels, stages: nil)
            }
        }
    }

    /// The norm over tokens, where the network has one.
    private func normalize(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, _ kernels: Kernels
    ) {
        if let norm {
            kernels.layerNorm(x, norm, into: out, rows: rows)
        } else {
            out.update(from: x, count: rows * encoder.config.width)
        }
    }
}
