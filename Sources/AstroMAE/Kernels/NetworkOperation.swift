/// The operations of a forward pass that a profile distinguishes. Every kernel call belongs to one; those of the
/// decoder's blocks are counted with the encoder's.
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

    /// The convolutions of an Inception block, by the height and width of their kernel.
    static func inception(kernel: Int) -> Self {
        switch kernel {
        case 1: .inception1x1
        case 3: .inception3x3
        case 5: .inception5x5
        default: .inceptionLarger
        }
    }
}
