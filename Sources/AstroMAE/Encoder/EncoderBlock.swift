import CKernels
import Platform

/// One transformer block, pre-norm: x += attn(norm1(x)) + PCM(x), then x += mlp(norm2(x)). The parallel convolution
/// module (PCM) is a NormalCell's, for patch tokens only.
struct EncoderBlock: Sendable {
    private let name: String
    private let norm1: LayerNorm
    private let attention: Attention
    private let parallel: ParallelConvModule?
    private let norm2: LayerNorm
    private let mlp: Mlp
    private let config: BlockConfig

    /// The layers of the blocks `key.0`, `key.1`, ...
    static func rules(_ key: String) -> CheckpointRules {
        let layers: [(String, PickledLayer)] = [
            ("norm1", .layerNorm), ("attn.qkv", .linear), ("attn.proj", .linear), ("PCM.0", .convolution),
            ("PCM.1", .batchNorm), ("PCM.2", .activation(.silu)), ("PCM.3", .convolution), ("norm2", .layerNorm),
            ("mlp.fc1", .linear), ("mlp.act", .activation(.gelu)), ("mlp.fc2", .linear),
        ]
        return CheckpointRules(
            layers: layers.map { ("\(key).*.\($0.0)", $0.1) }, authored: ["\(key).*", "\(key).*.attn"])
    }

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
    func paddedCounts(_ layout: TokenLayout) -> (tokens: Int, hidden: Int) { parallel?.paddedCounts(layout) ?? (0, 0) }

    /// x [count, tokens, width], in place, or for a mean overwritten. With a recorder class tokens are kept, and a mean
    /// is computed beside the tokens.
    func forward(
        _ x: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout, output: TokenOutput, _ pass: BlockPass
    ) {
        let (kernels, scratch) = (pass.kernels, pass.scratch)
        let (tokens, width) = (layout.tokens, config.width)
        var rows = count * tokens
        let recorder = StageOf(pass.stages, name, count: count, width: tokens * width)
        var normed = kernels.layerNormOperand(x, norm1, into: scratch.normed, rows: rows)
        recorder?.record("norm1", kernels.values(of: normed, rows: rows, width: width))
        if let parallel {
            // Attention reads norm1's output, so x may change before it.
            parallel.forward(x, into: scratch.wide, count: count, layout: layout, pass)
            recorder?.recordMaps("PCM", scratch.wide, pixels: tokens - 1, channels: width)
            let patches = (tokens - 1) * width
            for galaxy in 0..<count {
                kernels.add(scratch.wide + galaxy * patches, to: x + galaxy * tokens * width + width, count: patches)
            }
        }
        let attended = attention.forward(normed, count: count, tokens: tokens, pass)
        let hasClassTokens = output.hasClassTokens || recorder != nil
        if !hasClassTokens {
            layout.removeClassTokens(x, count: count)
            layout.removeClassTokens(attended.base, count: count, width: kernels.floats(ofRow: width))
            rows = count * (tokens - 1)
        }
        residual(x, rows: rows, recorder, "attn", pass) { out, epilogue in
            kernels.linear(attention.projection, attended, rows: rows, into: out, epilogue)
        }
        normed = kernels.layerNormOperand(x, norm2, into: scratch.normed, rows: rows)
        recorder?.record("norm2", kernels.values(of: normed, rows: rows, width: width))
        let units: Operand
        if case .patchMean(let means) = output {
            mlp.expand(normed, into: scratch.wide, rows: rows, kernels)
            func mean(_ values: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ channels: Int) {
                layout.patchMeans(
                    values, into: out, count: count, channels: channels, hasClassTokens: hasClassTokens, kernels)
            }
            mean(x, means, width)
            mean(scratch.wide, scratch.normed, mlp.hidden)
            mlp.reduce(mlp.operand(scratch.normed, rows: count, kernels), into: means, CAI_ADD, rows: count, kernels)
            if recorder == nil { return }
            units = mlp.operand(scratch.wide, rows: rows, kernels)
        } else {
            units = mlp.expandOperand(normed, into: scratch.wide, rows: rows, kernels)
        }
        residual(x, rows: rows, recorder, "mlp", pass) { out, epilogue in
            mlp.reduce(units, into: out, epilogue, rows: rows, kernels)
        }
        recorder?.record(nil, x)
    }

    /// x += part, fused into the part's last matrix product, or separately to record the part's output: the same bits.
    private func residual(
        _ x: UnsafeMutablePointer<Float>, rows: Int, _ recorder: StageOf?, _ part: String, _ pass: BlockPass,
        _ forward: (UnsafeMutablePointer<Float>, cai_epilogue) -> Void
    ) {
        guard let recorder else {
            forward(x, CAI_ADD)
            return
        }
        let separate = pass.scratch.separate
        forward(separate, CAI_STORE)
        recorder.record(part, separate)
        pass.kernels.add(separate, to: x, count: rows * config.width)
    }
}

/// A recorder of one block's stages, with the block's name and shape; nil if nothing is recorded.
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
