import Platform

/// The bare 1x1 convolution at the start of the Inception branch and the 2x2 mean after it, merged: a convolution of
/// 2x2 pixels and stride 2 with a quarter of the weights (exact), on the bands of a cutout in the caller's memory.
struct InceptionStem: Sendable {
    private let matrix: PackedMatrix
    private let windows: OffsetTable
    private let windowRuns: OffsetTable
    /// The convolution without the mean, to record its stage.
    private let bare: PackedMatrix
    private let pixels: OffsetTable
    private let bands: OffsetTable

    init(_ loader: LayerLoader, _ key: String, _ config: EncoderConfig) throws(Failure) {
        let (size, count) = (config.imageSize, config.bands)
        let outputs = try loader.outputs(key, axes: 4)
        try loader.requireSupported(MapGeometry(side: size, padding: 0, channels: outputs), key)
        let layer = try loader.convolution(.inceptionStem, key, count, outputs, kernel: 1)
        bare = try layer.packed()
        matrix = try DenseWeights(
            weight: layer.weight.flatMap { [Float](repeating: $0 / 4, count: 4) }, bias: layer.bias, inputs: count,
            kernel: 2, operation: layer.operation
        ).packed()
        let half = size / 2
        windows = OffsetTable((0..<half * half).map { 2 * ($0 / half * size + $0 % half) })
        windowRuns = OffsetTable((0..<2 * count).map { $0 / 2 * size * size + $0 % 2 * size })
        pixels = OffsetTable(Array(0..<size * size))
        bands = OffsetTable((0..<count).map { $0 * size * size })
    }

    var outputs: Int { matrix.outputs }
    /// Floats of the pooled map.
    var outputCount: Int { windows.count * outputs }

    /// image [bands, size, size] -> out [size/2, size/2, outputs]
    func forward(_ image: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, _ pass: Pass<InceptionScratch>) {
        pass.kernels.convolution(
            matrix, image, rows: windows.count, aRows: windows, aRuns: windowRuns, into: out, stride: outputs)
    }

    /// Records the convolution without the pooling, which is computed only for this.
    func record(_ image: UnsafePointer<Float>, _ pass: Pass<InceptionScratch>) {
        var map = [Float](repeating: 0, count: pixels.count * outputs)
        map.withUnsafeMutableBufferPointer { map in
            guard let map = map.baseAddress else { return }
            pass.kernels.convolution(
                bare, image, rows: pixels.count, aRows: pixels, aRuns: bands, into: map, stride: outputs)
            pass.stages?.record("vis_inception.0", map: map, pixels: pixels.count, channels: outputs)
        }
    }
}
