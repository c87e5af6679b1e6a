/// The operations of a forward pass, as a profile tells them apart. Every kernel call belongs to one; the decoder's
/// blocks count with the encoder's.
public enum NetworkOperation: Int, CaseIterable, Sendable {
    case patchEmbed, norm, qkv, attention, projection, fc1, fc2, parallelConvolution, addition, tokenMean
    case head, vitBlock
    case inceptionStem, inception1x1, inception3x3, inception5x5, inceptionLarger, inceptionPooling, inceptionHead
    case magnitudes, fusion
    case decoderEmbed, decoderPrediction

    /// The field's name for it, or PyTorch's name for the module.
    public var name: String {
        switch self {
        case .patchEmbed: "patch embed"
        case .norm: "norm"
        case .qkv: "qkv"
        case .attention: "attention"
        case .projection: "proj"
        case .fc1: "mlp.fc1 + GELU"
        case .fc2: "mlp.fc2"
        case .parallelConvolution: "PCM"
        case .addition: "add"
        case .tokenMean: "token mean"
        case .head: "head"
        case .vitBlock: "vit_block"
        case .inceptionStem: "inception stem"
        case .inception1x1: "inception 1x1"
        case .inception3x3: "inception 3x3"
        case .inception5x5: "inception 5x5"
        case .inceptionLarger: "inception larger"
        case .inceptionPooling: "inception pooling"
        case .inceptionHead: "inception head"
        case .magnitudes: "magnitude MLP"
        case .fusion: "fusion"
        case .decoderEmbed: "decoder_embed"
        case .decoderPrediction: "decoder_pred"
        }
    }

    /// The operation that a layer with weights belongs to.
    /// - Parameters:
    ///   - key: the layer's canonical name: `blocks.0.attn.qkv`, `inception_model.vis_inception.2.branch1.conv`, ...
    ///   - kernel: height and width of a convolution's kernel.
    init(layer key: String, kernel: Int = 1) {
        if let stage = key.split(after: "inception_model.vis_inception.") {
            switch stage {
            case "0": self = .inceptionStem
            case "10", "12": self = .inceptionHead
            default: self = Self.inception(kernel: kernel)
            }
        } else if key.hasPrefix("blocks.") || key.hasPrefix("decoder_blocks.") {
            self = Self.encoder(key)
        } else if key.contains("magnitude_block.") {
            self = .magnitudes
        } else if key.hasPrefix("patch_embed.") {
            self = .patchEmbed
        } else if key.contains("vit_block.") {
            self = .vitBlock
        } else if key == "decoder_embed" {
            self = .decoderEmbed
        } else if key == "decoder_pred" {
            self = .decoderPrediction
        } else {
            self = key == "head" ? .head : .fusion
        }
    }

    private static func inception(kernel: Int) -> Self {
        switch kernel {
        case 1: .inception1x1
        case 3: .inception3x3
        case 5: .inception5x5
        default: .inceptionLarger
        }
    }

    private static func encoder(_ key: String) -> Self {
        if key.hasSuffix(".attn.qkv") { return .qkv }
        if key.hasSuffix(".attn.proj") { return .projection }
        if key.hasSuffix(".mlp.fc1") { return .fc1 }
        return key.hasSuffix(".mlp.fc2") ? .fc2 : .parallelConvolution
    }
}

extension String {
    /// What lies between `prefix` and the next point or the end; nil for other strings.
    fileprivate func split(after prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count).prefix { $0 != "." } : nil
    }
}
