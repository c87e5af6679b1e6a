import CKernels
import Platform

/// One transformer block, pre-norm: x += attn(norm1(x)) + PCM(x), the parallel convolution module being for patch tokens
/// (NormalCell), then x += mlp(norm2(x)).
struct EncoderBlock: Sendable {
    private let name: String
    private let norm1: LayerNorm
    private let attention: Attention
    private let parallel: ParallelConvModule?
    private let norm2: LayerNorm
    private let mlp: Mlp
    private let config: BlockConfig

    /// - Parameter name: `blocks.0`, `decoder_blocks.3`, ...
    init(_ loader: LayerLoader, _ name: String, _ config: BlockConfig) throws(Failure) {
        self.name = name
        self.config = config
        norm1 = try loader.layerNorm(name + ".norm1", config.width)
        attention = try Attention(loader, name + ".attn", config)
        if let module = config.parallelConvolution {
            parallel = try ParallelConvModule(loader, name + ".PCM", module, width: config.width)
        } else {
            parallel = nil
        }
        norm2 = try loader.layerNorm(name + ".norm2", config.width)
        mlp = try Mlp(loader, name + ".mlp", config)
    }

    /// Floats of one galaxy's padded maps: of tokens, and hidden.
    func paddedCounts(_ layout: TokenLayout) -> (tokens: Int, hidden: Int) {
        parallel?.paddedCounts(layout) ?? (0, 0)
    }

    /// x [count, tokens, width], in place.
    /// - Parameter leavingClassTokens: gives [count, tokens - 1, width] instead; class tokens are then keys and values of
    ///   the attention and nothing else.
    func forward(
        _ x: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout, leavingClassTokens: Bool,
        scratch: BlockScratch, kernels: Kernels, stages: StageRecorder?
    ) {
        let (tokens, width) = (layout.tokens, config.width)
        var rows = count * tokens
        let recorder = StageOf(stages, name, count: count, width: tokens * width)
        kernels.layerNorm(x, norm1, into: scratch.normed, rows: rows)
        recorder?.record("norm1", scratch.normed)
        if let parallel {
            // Attention has its own copy of the block's input by now, so the convolution's can change at once.
            parallel.forward(x, into: scratch.wide, count: count, layout: layout, scratch: scratch, kernels: kernels)
            recorder?.recordMaps("PCM", scratch.wide, pixels: tokens - 1, channels: width)
            let patches = (tokens - 1) * width
            for galaxy in 0..<count {
                kernels.add(scratch.wide + galaxy * patches, to: x + galaxy * tokens * width + width, count: patches)
            }
        }
        attention.forward(scratch.normed, count: count, tokens: tokens, scratch: scratch, kernels: kernels)
        if leavingClassTokens {
            layout.removeClassTokens(x, count: count)
            layout.removeClassTokens(scratch.normed, count: count)
            rows = count * (tokens - 1)
        }
        residual(x, rows: rows, recorder, "attn", scratch, kernels) { out, epilogue in
            kernels.linear(attention.projection, scratch.normed, rows: rows, into: out, epilogue)
        }
        kernels.layerNorm(x, norm2, into: scratch.normed, rows: rows)
        recorder?.record("norm2", scratch.normed)
        residual(x, rows: rows, recorder, "mlp", scratch, kernels) { out, epilogue in
            mlp.forward(scratch.normed, into: out, epilogue, rows: rows, scratch: scratch, kernels: kernels)
        }
        recorder?.record(nil, x)
    }

    /// x += part, fused into the part's last product, or apart when the part's own output is wanted: the same bits.
    private func residual(
        _ x: UnsafeMutablePointer<Float>, rows: Int, _ recorder: StageOf?, _ part: String, _ scratch: BlockScratch,
        _ kernels: Kernels, _ forward: (UnsafeMutablePointer<Float>, cai_epilogue) -> Void
    ) {
        guard let recorder else {
            forward(x, CAI_ADD)
            return
        }
        forward(scratch.separate, CAI_STORE)
        recorder.record(part, scratch.separate)
        kernels.add(scratch.separate, to: x, count: rows * config.width)
    }
}

/// A recorder with the block's name and shape filled in; nil when nothing is recorded.
private struct StageOf {
    let stages: StageRecorder
    let block: String
    let count: Int
    let width: Int

    init?(_ stages: StageRecorder?, _ block: String, count: Int, width: Int) {
        guard let stages else { return nil }
        (self.stages, self.block, self.count, self.width) = (stages, block, count, width)
    }

    func record(_ part: String?, _ values: UnsafePointer<Float>) {
        stages.record(part.map { "\(block).\($0)" } ?? block, values, count: count, width)
    }

    func recordMaps(_ part: String, _ maps: UnsafePointer<Float>, pixels: Int, channels: Int) {
        for galaxy in 0..<count {
            stages.record(
                "\(block).\(part)", map: maps + galaxy * pixels * channels, pixels: pixels, channels: channels)
        }
    }
}
