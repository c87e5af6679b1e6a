import AstroMAE

/// The tolerance of a stage against PyTorch's float32, relative to the stage's largest magnitude.
///
/// Both sides round. A sum of K terms in float32 errs like a random walk of K roundings, sqrt(K) u of its size with u =
/// 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2, taken as a standard deviation). Errors
/// of successive layers add up likewise, so a stage whose path has reductions K1, K2, ... errs by sqrt(K1 + K2 + ...) u
/// on each of the two sides: sqrt(2 sum K) u between them. Five standard deviations leave room for the largest of some
/// hundred thousand elements.
struct StageTolerance {
    private let config: ModelConfig
    static let unitRoundoff = 0x1p-24
    static let deviations = 5.0

    init(_ config: ModelConfig) { self.config = config }

    func relative(_ stage: String) -> Double {
        Self.deviations * Self.unitRoundoff * (2 * Double(max(1, reductions(stage)))).squareRoot()
    }

    /// Sum of the lengths of the reductions on the way to a stage.
    func reductions(_ stage: String) -> Int {
        let parts = stage.split(separator: ".").map(String.init)
        switch parts[0] {
        case "patch_embed": return patch
        case "blocks":
            let before = patch + (Int(parts[1]) ?? 0) * block
            switch parts.count > 2 ? parts[2] : "" {
            case "PCM": return before + pcm
            case "norm1": return before + config.width
            case "attn": return before + config.width + attention
            case "norm2": return before + 2 * config.width + attention + pcm
            case "mlp": return before + block
            default: return before + block
            }
        case "fc_norm": return encoder
        case "head": return encoder + config.width
        case "vit_block": return encoder + 2 * config.width + config.vitFeatures
        case "vis_inception": return inception(Int(parts[1]) ?? 0)
        case "magnitude_block": return magnitude(Int(parts[1]) ?? 0)
        default:
            return max(reductions("vit_block"), inception(12), magnitude(8)) + config.fusionInputs
        }
    }

    private var patch: Int { config.bands * config.patchSize * config.patchSize }
    private var attention: Int { config.width + config.headWidth + config.tokens + config.width }
    private var pcm: Int {
        config.parallelConvolution.map {
            $0.kernel * $0.kernel * (config.width + $0.hidden) / $0.groups
        } ?? 0
    }
    private var block: Int { 2 * config.width + attention + pcm + config.width + config.mlpWidth }
    private var encoder: Int { patch + config.depth * block + config.tokens + config.width }

    /// Cumulative over `vis_inception.0` to `.12`: bands, pooling, blocks (1x1, then 5x5 over as many), Linears.
    private func inception(_ index: Int) -> Int {
        let lengths = [
            config.bands, 4, 32 + 400, 64 + 400, 4, 64 + 200, 32 + 200, 4, 32 + 36, 0, 192, 0, config.inceptionFeatures,
        ]
        return lengths.prefix(index + 1).reduce(0, +)
    }

    private func magnitude(_ index: Int) -> Int { config.bands + index / 2 * config.magnitudeFeatures }
}
