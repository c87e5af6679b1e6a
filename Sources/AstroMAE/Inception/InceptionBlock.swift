import CKernels
import Platform

/// Parallel convolutions over one channels-last map (Szegedy et al. 2015), each with bias, BatchNorm (folded) and ReLU,
/// written side by side: 1x1; 1x1 then 3x3; 1x1 then 5x5; 3x3 maximum then 1x1.
struct InceptionBlock: Sendable {
    /// A 1x1 convolution, then k x k over its padded output.
    private struct Tower: Sendable {
        let reduce: PackedMatrix
        let convolve: PackedMatrix
        let interior: OffsetTable
        let windows: OffsetTable
        let kernelRows: OffsetTable
        /// Floats of the padded map between them.
        let count: Int
    }

    private let direct: PackedMatrix
    private let towers: [Tower]
    private let pooled: PackedMatrix
    private let pixelRows: OffsetTable
    private let wholePixel = OffsetTable([0])
    let side: Int
    let inputs: Int
    let outputs: Int

    /// - Parameter towers: names of the branches of two convolutions that are run: branch2 and branch3, or only
    ///   branch2.
    init(_ loader: LayerLoader, _ key: String, side: Int, inputs: Int, towers names: [String]) throws(Failure) {
        (self.side, self.inputs) = (side, inputs)
        let direct = try Self.layer(loader, key + ".branch1", inputs, kernel: 1)
        let pooled = try Self.layer(loader, key + ".branch4.1", inputs, kernel: 1)
        var towers: [Tower] = []
        for name in names {
            let reduce = try Self.layer(loader, "\(key).\(name).0", inputs, kernel: 1)
            let shape = try loader.checkpoint.shape("\(key).\(name).1.conv.weight", axes: 4)
            guard shape[2] % 2 == 1 else {
                throw loader.checkpoint.error(
                    "'\(key).\(name).1.conv.weight' has shape \(shape), expected an odd kernel")
            }
            let convolve = try Self.layer(loader, "\(key).\(name).1", reduce.outputs, kernel: shape[2])
            let map = MapGeometry(side: side, padding: (shape[2] - 1) / 2, channels: reduce.outputs)
            try loader.requireSupported(map, key)
            towers.append(
                Tower(
                    reduce: try reduce.packed(), convolve: try convolve.channelsLast().packed(),
                    interior: OffsetTable(map.interior()), windows: OffsetTable(map.windows()),
                    kernelRows: map.kernelRows(), count: map.count))
        }
        pixelRows = OffsetTable((0..<side * side).map { $0 * inputs })
        outputs = direct.outputs + towers.reduce(0) { $0 + $1.convolve.outputs } + pooled.outputs
        (self.direct, self.pooled, self.towers) = (try direct.packed(), try pooled.packed(), towers)
    }

    /// The layers of the block `key`.
    static func layers(_ key: String) -> [(path: String, layer: PickledLayer)] {
        ["branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1"]
            .flatMap { [("\(key).\($0).conv", .convolution), ("\(key).\($0).bn", .batchNorm)] }
            + [("\(key).branch4.0", .maxPool)]
    }

    private static func layer(
        _ loader: LayerLoader, _ key: String, _ inputs: Int, kernel: Int
    ) throws(Failure) -> DenseWeights {
        let outputs = try loader.outputs(key + ".conv", axes: 4)
        return try loader.convolution(
            .inception(kernel: kernel), key + ".conv", foldedWith: key + ".bn", inputs, outputs, kernel: kernel)
    }

    /// Floats of the padded maps, whose borders have to stay zero.
    var paddedCount: Int { towers.reduce(0) { $0 + $1.count } }
    /// Floats of the pooled map.
    var pooledCount: Int { side * side * inputs }
    var outputCount: Int { side * side * outputs }

    /// x [side, side, inputs] -> out [side, side, outputs]
    /// - Parameter padded: `paddedCount` floats that only this block uses, zero before the first pass.
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, padded: UnsafeMutablePointer<Float>,
        _ pass: Pass<InceptionScratch>
    ) {
        let (kernels, maximum) = (pass.kernels, pass.scratch.pooled)
        let rows = side * side
        kernels.convolution(
            direct, x, rows: rows, aRows: pixelRows, aRuns: wholePixel, into: out, stride: outputs, CAI_RELU)
        var column = direct.outputs
        var map = padded
        for tower in towers {
            kernels.convolution(
                tower.reduce, x, rows: rows, aRows: pixelRows, aRuns: wholePixel, into: map, cRows: tower.interior,
                CAI_RELU)
            kernels.convolution(
                tower.convolve, map, rows: rows, aRows: tower.windows, aRuns: tower.kernelRows, into: out + column,
                stride: outputs, CAI_RELU)
            column += tower.convolve.outputs
            map += tower.count
        }
        kernels.maxPool3(x, into: maximum, side: side, channels: inputs)
        kernels.convolution(
            pooled, maximum, rows: rows, aRows: pixelRows, aRuns: wholePixel, into: out + column, stride: outputs,
            CAI_RELU)
    }
}
