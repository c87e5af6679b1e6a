/// The reference's loss of a galaxy: the mean over the masked patches of each one's mean squared error. Pixels are not
/// normalised; sums are float64, in the order of patches and of a patch's numbers.
struct MaskedLoss {
    private let patches: Int
    private let patchCount: Int
    /// [patches, patchCount]: offset of each number's pixel in the image.
    private let pixels: OffsetTable

    init(_ config: AutoencoderConfig) {
        (patches, patchCount) = (config.patches, config.patchCount)
        pixels = OffsetTable(config.pixelOffsets)
    }

    /// - Parameters:
    ///   - predictions: [patches, patchCount]
    ///   - image: [bands, size, size]
    ///   - mask: [patches], 0 for visible patches, which do not count.
    /// - Returns: NaN if no patch is masked.
    func mean(of predictions: UnsafePointer<Float>, image: UnsafePointer<Float>, mask: UnsafePointer<Float>) -> Float {
        var (total, masked) = (0.0, 0)
        for patch in 0..<patches where mask[patch] != 0 {
            var sum = 0.0
            for number in patch * patchCount..<(patch + 1) * patchCount {
                let difference = Double(predictions[number]) - Double(image[Int(pixels.base[number])])
                sum += difference * difference
            }
            total += sum / Double(patchCount)
            masked += 1
        }
        return Float(total / Double(masked))
    }
}
