import Platform

/// `inception_model.vis_inception` up to its flattening: a bare 1x1 convolution, then three times average pooling and
/// one or two Inception blocks, over channels-last maps, one galaxy at a time so that its maps stay in the cache.
///
/// The first convolution and the pooling after it are merged into one convolution, 2x2 of stride 2.
struct InceptionBranch: Sendable {
    private let stem: InceptionStem
    /// The Sequential's index of each block, and the blocks.
    private let blocks: [(index: Int, block: InceptionBlock)]
    /// Pixels along a side of a cutout.
    private let size: Int

    static let key = "inception_model.vis_inception"
    /// The reference registers the first convolution under two names, and never runs the last block's branch3
    /// (reference, section 2).
    static let rules = CheckpointRules(
        aliases: ["inception_model.conv2d_init": key + ".0"],
        unused: Set(
            ["0.", "1."].flatMap { layer in
                ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map {
                    key + ".8.branch3." + layer + $0
                }
            }),
        layers: [(key + ".0", .convolution), (key + ".9", .flatten)]
            + stages.enumerated().map { (key + ".\($1.pool)", .averagePool(halving: $0 + 1)) }
            + stages.flatMap(\.blocks).flatMap { InceptionBlock.layers(key + ".\($0)") },
        authored: stages.flatMap(\.blocks).map { key + ".\($0)" },
        rectified: [key],
        idle: ["inception_model.conv2d_init", key + ".8.branch3"])
    /// Indices of the average poolings, each with the blocks that follow it.
    private static let stages = [(pool: 1, blocks: [2, 3]), (pool: 4, blocks: [5, 6]), (pool: 7, blocks: [8])]

    init(_ loader: LayerLoader, _ config: EncoderConfig) throws(Failure) {
        size = config.imageSize
        guard size % 8 == 0 else {
            throw loader.checkpoint.error("cutouts of \(size) pixels: expected a size that three poolings can halve")
        }
        stem = try InceptionStem(loader, Self.key + ".0", config)
        var blocks: [(Int, InceptionBlock)] = []
        var (side, channels) = (size, stem.outputs)
        for stage in Self.stages {
            side /= 2
            for index in stage.blocks {
                let block = try InceptionBlock(
                    loader, "\(Self.key).\(index)", side: side, inputs: channels,
                    towers: index == 8 ? ["branch2"] : ["branch2", "branch3"])
                try loader.requireSupported(
                    MapGeometry(side: side, padding: 0, channels: max(channels, block.outputs)), "\(Self.key).\(index)")
                blocks.append((index, block))
                channels = block.outputs
            }
        }
        self.blocks = blocks
    }

    /// Pixels and channels of the last map.
    private var last: InceptionBlock { blocks[blocks.count - 1].block }
    /// Floats of one galaxy's flattened map.
    var outputCount: Int { last.outputCount }
    /// For each element of the flattened map (pixel, channel), its index in PyTorch's (channel, pixel).
    var flattenOrder: [Int] {
        let pixels = last.side * last.side
        return (0..<outputCount).map { $0 % last.outputs * pixels + $0 / last.outputs }
    }

    /// Floats of the padded maps of all blocks, of each of two alternating maps, and of a pooled map.
    var paddedCount: Int { blocks.reduce(0) { $0 + $1.block.paddedCount } }
    var mapCount: Int { max(stem.outputCount, blocks.map(\.block.outputCount).max() ?? 0) }
    var pooledCount: Int { blocks.map(\.block.pooledCount).max() ?? 0 }

    /// image [bands, size, size] -> out [side, side, channels] of the last block
    func forward(_ image: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, _ pass: Pass<InceptionScratch>) {
        let (kernels, scratch, stages) = (pass.kernels, pass.scratch, pass.stages)
        var (map, spare) = (scratch.map, scratch.spare)
        if stages != nil { stem.record(image, pass) }
        stem.forward(image, into: map, pass)
        var side = size / 2
        var (next, channels, padded) = (0, stem.outputs, scratch.padded)
        for stage in Self.stages {
            if next > 0 {
                kernels.averagePool2(map, into: spare, side: side, channels: channels)
                swap(&map, &spare)
                side /= 2
            }
            record(stage.pool, map, side, channels, stages)
            for index in stage.blocks {
                let block = blocks[next].block
                next += 1
                let target = next == blocks.count ? out : spare
                block.forward(map, into: target, padded: padded, pass)
                padded += block.paddedCount
                spare = map
                map = target
                channels = block.outputs
                record(index, map, side, channels, stages)
            }
        }
        stages?.record("vis_inception.9", map: out, pixels: side * side, channels: channels)
    }

    private func record(
        _ index: Int, _ map: UnsafePointer<Float>, _ side: Int, _ channels: Int, _ stages: StageRecorder?
    ) {
        stages?.record("vis_inception.\(index)", map: map, pixels: side * side, channels: channels)
    }
}

/// Scratch memory of the branch: maps of one galaxy.
struct InceptionScratch {
    let map: UnsafeMutablePointer<Float>
    let spare: UnsafeMutablePointer<Float>
    let padded: UnsafeMutablePointer<Float>
    let pooled: UnsafeMutablePointer<Float>
}
