/// The reference's loss of a galaxy: over the masked patches, the mean of each one's mean squared error. Pixels are taken
/// as they are; sums are float64, in the order of patches and of a patch's numbers.
struct MaskedLoss {
    private let patches: Int
    private let patchCount: Int
    /// [patches, patchCount]: where each number lies in the image.
    private let pixels: OffsetTable

    init(_ config: AutoencoderConfig) {
        (patches, patchCount) = (config.patches, config.patchCount)
        pixels = OffsetTable(config.pixelOffsets)
    }

    /// - Parameters:
    ///   - predictions: [patches, patchCount]
    ///   - image: [bands, size, size]
    ///   - mask: [patches], 0 for those that are left out.
    /// - Returns: NaN where all are left out.
    func mean(
        of predictions: UnsafePointer<Float>, image: UnsafePointer<Float>, mask: UnsafePointer<Float>
    ) -> Float {
        var (total, masked) = (0.0, 0)
        for patch in 0..<patches where mask[patch] != 0 {
            var sum = 0.0
            for place in patch * patchCount..<(patch + 1) * patchCount {
                let difference = Double(predictions[place]) - Double(image[Int(pixels.base[place])])
                sum += difference * difference
            }
            total += sum / Double(patchCount)
            masked += 1
        }
        return Float(total / Double(masked))
    }
}
