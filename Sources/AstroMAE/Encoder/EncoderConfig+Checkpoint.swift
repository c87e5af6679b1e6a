import Platform

extension EncoderConfig {
    /// Derives the sizes from the tensors' shapes, and heads and epsilons from the stated constants or else the
    /// reference's.
    /// - Parameters:
    ///   - numHeads: overrides the file's number of heads.
    ///   - assumesHeads: see `RedshiftModel.init`.
    static func derived(
        from checkpoint: Checkpoint, stated: StatedConstants, numHeads: Int?, assumesHeads: Bool
    ) throws(Failure) -> EncoderConfig {
        let patch = try checkpoint.shape(Checkpoint.anchor, axes: 4)
        let (width, bands, patchSize) = (patch[0], patch[1], patch[2])
        if let letters = stated.bands?.letters, letters.count != bands {
            throw checkpoint.error(
                "metadata '\(NetworkBands.metadataKey)' has the bands '\(letters)', expected \(bands), as "
                    + "'\(Checkpoint.anchor)' \(patch)")
        }
        let positions = try checkpoint.shape("pos_embed", axes: 3)
        let patches = positions[1] - 1
        guard patches <= largestGrid * largestGrid, patchSize <= largestImage else {
            throw checkpoint.error(
                "'pos_embed' \(positions) and '\(Checkpoint.anchor)' \(patch) are beyond what is supported: at most "
                    + "\(largestGrid) x \(largestGrid) patches and \(largestImage) pixels a side")
        }
        let grid = Int(Double(max(0, patches)).squareRoot().rounded())
        guard width > 0, bands > 0, patchSize > 0, patch[3] == patchSize, patches > 0, grid * grid == patches else {
            throw checkpoint.error(
                "'pos_embed' \(positions) and '\(Checkpoint.anchor)' \(patch): expected square patches on a square grid "
                    + "and a class token")
        }
        let depth = checkpoint.depth(of: "blocks")
        guard depth > 0 else { throw checkpoint.error("missing key 'blocks.0.norm1.weight': expected encoder blocks") }
        let isCell = checkpoint.has("blocks.0.PCM.0.weight")
        let attention = try stated.encoder.resolved(
            numHeads, width: width, option: "--num-heads", isAssumed: assumesHeads, error: checkpoint.error)
        let config = EncoderConfig(
            bands: bands, imageSize: grid * patchSize, patchSize: patchSize, width: width, depth: depth,
            blockKind: isCell ? .normalCell : .plain, numHeads: attention.heads, attentionScale: attention.scale,
            mlpWidth: try checkpoint.shape("blocks.0.mlp.fc1.weight", axes: 2)[0],
            parallelConvolution: isCell ? try .derived(from: checkpoint, width: width) : nil,
            layerNormEps: stated.layerNormEps ?? StatedConstants.referenceLayerNormEps,
            batchNormEps: stated.batchNormEps ?? StatedConstants.referenceBatchNormEps)
        try config.requireSupportedSizes(checkpoint)
        return config
    }

    /// Patches and pixels along a side at most: tables of offsets, which are made before all weights are checked, then
    /// have a few megabytes at most. The paper's network has 4 and 32.
    static let largestGrid = 64
    static let largestImage = 512

    /// Refuses valid shapes of a network whose workspace would be too large.
    private func requireSupportedSizes(_ checkpoint: Checkpoint) throws(Failure) {
        guard imageSize <= Self.largestImage else {
            throw checkpoint.error(
                "\(grid) x \(grid) patches of \(patchSize) pixels are beyond what is supported: at most "
                    + "\(Self.largestImage) pixels a side")
        }
        let padding = (parallelConvolution?.kernel ?? 1) - 1
        let side = grid + padding
        try Self.requireSupported(
            [
                [bands, imageSize, imageSize], [tokens, width, 3], [tokens, mlpWidth],
                [side, side, width], [side, side, parallelConvolution?.hidden ?? 1],
            ], checkpoint)
    }

    /// - Parameter perGalaxy: the axes of each buffer for one galaxy.
    static func requireSupported(_ perGalaxy: [[Int]], _ checkpoint: Checkpoint) throws(Failure) {
        for sizes in perGalaxy {
            var count = CacheSize.mostGalaxies
            for size in sizes {
                let (product, overflow) = count.multipliedReportingOverflow(by: size)
                guard !overflow, product <= FloatBuffer.largestCount else {
                    throw checkpoint.error(
                        "sizes \(sizes) a galaxy are beyond what is supported: at most \(FloatBuffer.largestCount) floats for "
                            + "\(CacheSize.mostGalaxies) galaxies")
                }
                count = product
            }
        }
    }
}

extension EncoderConfig.ParallelConvolution {
    static func derived(from checkpoint: Checkpoint, width: Int) throws(Failure) -> Self {
        let shape = try checkpoint.shape("blocks.0.PCM.0.weight", axes: 4)
        let (hidden, perGroup, kernel) = (shape[0], shape[1], shape[2])
        guard perGroup > 0, width % perGroup == 0, hidden > 0, hidden % (width / perGroup) == 0, kernel % 2 == 1,
            shape[3] == kernel
        else {
            throw checkpoint.error(
                "'blocks.0.PCM.0.weight' has shape \(shape), expected [hidden, width/groups, k, k] with odd k and groups "
                    + "that divide the width \(width) and hidden")
        }
        return Self(kernel: kernel, groups: width / perGroup, hidden: hidden)
    }
}

extension LayerLoader {
    /// - Parameters:
    ///   - kernels: that run the Linear layers.
    ///   - merges: whether Linear layers with nothing between them are merged.
    init(
        _ checkpoint: Checkpoint, _ config: EncoderConfig, _ stated: StatedConstants, for kernels: Kernels,
        merges: Bool = false
    ) {
        self.init(checkpoint, config, stated, dense: kernels.gemm == .openblas, kernels.precision, merges: merges)
    }

    /// - Parameter dense: whether weights are for OpenBLAS, or for no kernels.
    init(
        _ checkpoint: Checkpoint, _ config: EncoderConfig, _ stated: StatedConstants, dense: Bool,
        _ precision: Precision = .float32, merges: Bool
    ) {
        self.init(
            checkpoint: checkpoint, layerNormEps: config.layerNormEps, batchNormEps: config.batchNormEps,
            otherEps: stated.otherEps, dense: dense, precision: precision, merges: merges)
    }
}

extension ModuleChecks {
    init(_ checkpoint: Checkpoint, _ config: EncoderConfig) throws(Failure) {
        try self.init(checkpoint, patchSize: config.patchSize, imageSize: config.imageSize)
    }
}
