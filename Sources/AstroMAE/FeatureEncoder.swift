import Platform
import TensorFiles

/// The output of the encoder that is a galaxy's features.
public enum FeatureLayer: String, CaseIterable, Sendable {
    /// The mean over the patch tokens.
    case pooled
    /// The class token.
    case cls
    /// The class token, then the patch tokens in row-major order.
    case tokens
    /// `fc_norm` of the mean over the patch tokens, the input of a redshift network's head; a masked autoencoder has
    /// none.
    case fcNorm = "fc_norm"
}

/// The encoder of either network, over all patches of a cutout.
///
/// Tokens are the last block's outputs: a masked autoencoder's after its `norm`, as its decoder reads them, and a
/// redshift network's, which has no norm over tokens, unchanged.
public final class FeatureEncoder: CutoutNetwork {
    public let kind: NetworkKind
    public let layer: FeatureLayer
    public let parameterCount: Int
    public let warnings: [String]
    public let checks: [String]
    public let statedBands: NetworkBands?
    public let instructionSet: InstructionSet
    public let gemm: GemmBackend
    public let precision: Precision
    public var imageShape: [Int] { encoder.config.imageShape }
    public var imageCount: Int { encoder.config.imageCount }
    public var requiredMagnitudes: Int? { nil }

    let encoder: ViTEncoder
    private let kernels: Kernels
    /// Over tokens; nil for a redshift network.
    private let norm: LayerNorm?
    private let branch: ViTBranch?

    /// - Parameters:
    ///   - weights: an opened checkpoint of either network, checked as strictly as by the network.
    ///   - name: the one of several networks in the file: see `RedshiftModel.init`.
    ///   - numHeads, decoderHeads: override the file's heads; no feature depends on the decoder's.
    ///   - precision: of the Linear layers; bf16 needs the packed kernels.
    ///   - parallel: runs most of the reading and packing; bits do not depend on it.
    /// - Throws: `Failure`, also if the network has no such layer.
    public init(
        weights: TensorFile, network name: String? = nil, layer: FeatureLayer, numHeads: Int? = nil,
        decoderHeads: Int? = nil, gemm: GemmBackend = .auto, precision: Precision = .float32,
        instructionSet: InstructionSet? = nil,
        on parallel: ParallelLoop = .serial
    ) throws(Failure) {
        self.layer = layer
        let network: any CutoutNetwork
        if try NetworkKind.of(weights, network: name) == .autoencoder {
            guard layer != .fcNorm else {
                throw Failure(
                    weights.name,
                    "is a masked autoencoder, which has no layer fc_norm: expected pooled, cls or tokens")
            }
            let model = try MaskedAutoencoder(
                weights, network: name, numHeads: numHeads, decoderHeads: decoderHeads,
                assumesHeads: (encoder: false, decoder: true), gemm: gemm, precision: precision,
                instructionSet: instructionSet, on: parallel)
            (kind, encoder, norm, branch, kernels) = (.autoencoder, model.encoder, model.norm, nil, model.kernels)
            network = model
        } else {
            let model = try RedshiftModel(
                weights, network: name, numHeads: numHeads, keepsLayers: true, gemm: gemm, precision: precision,
                instructionSet: instructionSet, on: parallel)
            (kind, encoder, norm, branch, kernels) = (.redshift, model.vit.encoder, nil, model.vit, model.kernels)
            network = model
        }
        (parameterCount, warnings, checks) = (network.parameterCount, network.warnings, network.checks)
        statedBands = network.statedBands
        (self.instructionSet, self.gemm, self.precision) = (network.instructionSet, network.gemm, precision)
    }

    /// Shape of one galaxy's features: [width], or [tokens, width].
    public var featureShape: [Int] {
        layer == .tokens ? [encoder.config.tokens, encoder.config.width] : [encoder.config.width]
    }
    /// Floats of one galaxy's features.
    public var featureCount: Int { (layer == .tokens ? encoder.config.tokens : 1) * encoder.config.width }

    /// images [N, bands, size, size] -> features [N, featureShape...]
    ///
    /// The bits of a galaxy's features do not depend on N or on the other galaxies. Allocates nothing.
    @_lifetime(features: copy features)
    public func encode(
        images: Span<Float>, into features: inout MutableSpan<Float>, workspace: inout FeatureWorkspace
    ) {
        let count = images.count / imageCount
        precondition(images.count == count * imageCount && features.count == count * featureCount)
        let pass = BlockPass(kernels.recording(in: workspace.counters), workspace.block, stages: nil)
        images.withUnsafeBufferPointer { images in
            features.withUnsafeMutableBufferPointer { features in
                guard let images = images.baseAddress, let features = features.baseAddress else { return }
                for first in stride(from: 0, to: count, by: workspace.batch) {
                    encode(
                        images + first * imageCount, into: features + first * featureCount,
                        count: min(workspace.batch, count - first), workspace, pass)
                }
            }
        }
    }

    private func encode(
        _ images: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>, count: Int,
        _ workspace: borrowing FeatureWorkspace, _ pass: BlockPass
    ) {
        let (x, normed, layout) = (workspace.tokens, pass.scratch.normed, workspace.layout)
        let (tokens, width) = (layout.tokens, layout.width)
        func encode(_ output: TokenOutput) {
            encoder.forward(images, into: x, count: count, layout: layout, output: output, pass)
        }
        switch layer {
        case .tokens:
            encode(.tokens)
            normalize(x, into: features, rows: count * tokens, pass)
        case .cls:
            encode(.tokens)
            for galaxy in 0..<count {
                (normed + galaxy * width).update(from: x + galaxy * tokens * width, count: width)
            }
            normalize(normed, into: features, rows: count, pass)
        case .pooled, .fcNorm:
            if let norm {
                encode(.patchTokens)
                pass.kernels.layerNorm(x, norm, into: x, rows: count * (tokens - 1))
                layout.patchMeans(
                    x, into: features, count: count, channels: width, hasClassTokens: false, pass.kernels)
            } else {
                encode(.patchMean(features))
            }
            if layer == .fcNorm { branch?.normalize(features, count: count, pass) }
        }
    }

    /// Applies the norm over tokens, or copies them for a network without one.
    private func normalize(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, _ pass: BlockPass
    ) {
        if let norm {
            pass.kernels.layerNorm(x, norm, into: out, rows: rows)
        } else {
            out.update(from: x, count: rows * encoder.config.width)
        }
    }
}
