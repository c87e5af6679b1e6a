/// Records the output of each stage of a forward pass, under the names and in the layouts of PyTorch's modules.
///
/// A pass with a recorder runs fused operations (a residual, a ReLU) separately, and computes stages of which a usual pass
/// only has the mean; the arithmetic of its results and its order are the same, and so are their bits.
final class StageRecorder {
    private(set) var stages: [String: [Float]] = [:]

    // Never inlined: a pass that records nothing should not carry this code, and with the dictionary's append inlined
    // the compiler (Swift 6.3.1) fails its own verification.

    /// Appends `count` rows of `width` floats, `stride` apart.
    @inline(never)
    func record(_ name: String, _ values: UnsafePointer<Float>, count: Int, stride: Int? = nil, _ width: Int) {
        for row in 0..<count {
            let start = values + row * (stride ?? width)
            stages[name, default: []].append(contentsOf: UnsafeBufferPointer(start: start, count: width))
        }
    }

    /// Appends one channels-last map as [channels, pixels].
    @inline(never)
    func record(_ name: String, map: UnsafePointer<Float>, pixels: Int, channels: Int) {
        var values: [Float] = []
        values.reserveCapacity(pixels * channels)
        for channel in 0..<channels {
            for pixel in 0..<pixels { values.append(map[pixel * channels + channel]) }
        }
        stages[name, default: []] += values
    }
}
