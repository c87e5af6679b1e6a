/// The noise of an image's pixels, from its second differences.
enum PixelNoise {
    /// The noise of each band of a cutout [bands, side, side].
    static func sigmas(_ image: Span<Float>, bands: Int, side: Int) -> [Float] {
        (0..<bands).map { sigma(image.extracting($0 * side * side..<($0 + 1) * side * side), side: side) }
    }

    /// 1.4826 median |I * L| / 6, where L = [1 -2 1; -2 4 -2; 1 -2 1] (Immerkaer 1996, with the median in place of the
    /// mean, so that a bright core does not count). For white noise it is the standard deviation; of correlated noise
    /// it measures the part between neighbouring pixels. NaN where a pixel is not finite.
    static func sigma(_ image: Span<Float>, side: Int) -> Float {
        guard side > 2 else { return .nan }
        var values: [Float] = []
        values.reserveCapacity((side - 2) * (side - 2))
        for row in 1..<side - 1 {
            for column in 1..<side - 1 {
                func line(_ row: Int) -> Float {
                    let place = row * side + column
                    return image[place - 1] - 2 * image[place] + image[place + 1]
                }
                let value = abs(line(row - 1) - 2 * line(row) + line(row + 1))
                guard value.isFinite else { return .nan }
                values.append(value)
            }
        }
        values.sort()
        let middle = values.count / 2
        let median = values.count.isMultiple(of: 2) ? (values[middle - 1] + values[middle]) / 2 : values[middle]
        return 1.4826 * median / 6
    }
}
