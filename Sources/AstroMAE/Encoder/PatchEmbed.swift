import Platform

/// Cutouts to tokens: a convolution of patch size and stride, 5 -> width, then the class token and the positions
/// (Dosovitskiy et al. 2021, eq. 1). Pixels are read from the caller's memory: a patch is bands x rows runs of pixels.
struct PatchEmbed: Sendable {
    private let projection: PackedMatrix
    /// [tokens, width]: the class token and its position, then the patches' positions.
    private let positions: FloatBuffer
    private let pixelRuns: OffsetTable
    private let width: Int

    init(_ loader: LayerLoader, _ config: EncoderConfig) throws(Failure) {
        width = config.width
        let (patch, size) = (config.patchSize, config.imageSize)
        projection = try loader.convolution(
            .patchEmbed, "patch_embed.proj", config.bands, width, kernel: patch
        ).packed()
        let embedding = try loader.checkpoint.take("pos_embed", [1, config.tokens, width])
        let classToken = try loader.checkpoint.take("cls_token", [1, 1, width])
        positions = try FloatBuffer(count: embedding.count)
        for (index, value) in embedding.enumerated() {
            positions.base[index] = index < width ? classToken[index] + value : value
        }
        pixelRuns = OffsetTable((0..<config.bands * patch).map { $0 / patch * size * size + $0 % patch * size })
    }

    /// images [count, bands, size, size] -> tokens [count, tokens, width] of the patches in `layout`.
    /// - Parameter visible: indices of these patches, [count, tokens - 1]; nil for all patches in order.
    func forward(
        _ images: UnsafePointer<Float>, into tokens: UnsafeMutablePointer<Float>, count: Int, layout: TokenLayout,
        visible: UnsafePointer<Int32>?, _ pass: BlockPass
    ) {
        let kernels = pass.kernels
        let (rows, patches) = (layout.tokens, layout.tokens - 1)
        kernels.convolution(
            projection, images, rows: count * patches, aRows: layout.patchRows, aRuns: pixelRuns, into: tokens,
            cRows: layout.tokenRows)
        pass.stages?.record("patch_embed", tokens + width, count: count, stride: rows * width, patches * width)
        for galaxy in 0..<count {
            let start = tokens + galaxy * rows * width
            start.update(from: positions.base, count: width)
            guard let visible else {
                kernels.add(positions.base + width, to: start + width, count: patches * width)
                continue
            }
            for index in 0..<patches {
                let patch = Int(visible[galaxy * patches + index])
                kernels.add(positions.base + (1 + patch) * width, to: start + (1 + index) * width, count: width)
            }
        }
    }
}
