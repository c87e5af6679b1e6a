/// Cutouts to tokens: a convolution of patch size and stride, 5 -> width, then the class token and the positions
/// (Dosovitskiy et al. 2021, eq. 1). Pixels are read where the caller holds them: a patch is bands x rows runs of pixels.
struct PatchEmbed: Sendable {
    private let projection: PackedMatrix
    /// [tokens, width]: the class token and its position, then the patches' positions.
    private let positions: FloatBuffer
    private let patchRows: OffsetTable
    private let pixelRuns: OffsetTable
    private let tokenRows: OffsetTable
    private let config: ModelConfig

    /// - Parameter capacity: the most galaxies of one call.
    init(_ loader: LayerLoader, capacity: Int) throws(CheckpointError) {
        config = loader.config
        let (width, patch, size, grid) = (config.width, config.patchSize, config.imageSize, config.grid)
        projection = try loader.convolution("patch_embed.proj", config.bands, width, kernel: patch).packed()
        let embedding = try loader.checkpoint.take("pos_embed", [1, config.tokens, width])
        let classToken = try loader.checkpoint.take("cls_token", [1, 1, width])
        positions = FloatBuffer(count: embedding.count)
        for (index, value) in embedding.enumerated() {
            positions.base[index] = index < width ? classToken[index] + value : value
        }
        patchRows = OffsetTable(
            (0..<grid * grid).map { ($0 / grid * size + $0 % grid) * patch }, repeated: capacity,
            stride: config.imageCount)
        pixelRuns = OffsetTable((0..<config.bands * patch).map { $0 / patch * size * size + $0 % patch * size })
        tokenRows = OffsetTable(
            (1...grid * grid).map { $0 * width }, repeated: capacity, stride: config.tokens * width)
    }

    /// images [count, bands, size, size] -> tokens [count, tokens, width]
    func forward(
        _ images: UnsafePointer<Float>, into tokens: UnsafeMutablePointer<Float>, count: Int, kernels: Kernels,
        stages: StageRecorder?
    ) {
        let (rows, width) = (config.tokens, config.width)
        kernels.convolution(
            projection, images, rows: count * (rows - 1), aRows: patchRows, aRuns: pixelRuns, into: tokens,
            cRows: tokenRows)
        stages?.record("patch_embed", tokens + width, count: count, stride: rows * width, (rows - 1) * width)
        for galaxy in 0..<count {
            let start = tokens + galaxy * rows * width
            start.update(from: positions.base, count: width)
            kernels.add(positions.base + width, to: start + width, count: (rows - 1) * width)
        }
    }
}
