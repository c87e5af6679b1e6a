import Platform
import TensorFiles

/// Reads layers out of a checkpoint, checks their shapes and packs them for the kernels.
struct LayerLoader {
    let checkpoint: Checkpoint
    /// Of LayerNorms and BatchNorms, and of those that have another one, by key.
    let layerNormEps: Double
    let batchNormEps: Double
    let otherEps: [String: Double]
    /// Whether OpenBLAS runs the Linear layers.
    let dense: Bool
    /// Of the Linear layers.
    let precision: Precision
    /// Whether Linear layers with nothing between them are merged, in the file or by `merged`.
    let merges: Bool

    private let arena = FloatArena()
    private let packing = LayerPacking()

    /// A layer whose weights are read and packed later, by `packLinears`.
    /// - Parameters:
    ///   - bias: nil for the file's.
    ///   - order: for inputs that are in another order in memory, the file's index of each.
    func linear(
        _ operation: NetworkOperation, _ key: String, _ inputs: Int, _ outputs: Int, bias: [Float]? = nil,
        inputsFrom order: [Int]? = nil
    ) throws(Failure) -> PackedMatrix {
        let weight = try checkpoint.claim(key + ".weight", [outputs, inputs])
        let given: [Float]
        if let bias { given = bias } else { given = try checkpoint.take(key + ".bias", [outputs]) }
        let matrix = try PackedMatrix(
            operation, bias: given, inputs: inputs, dense: dense, precision: precision, arena: arena)
        packing.add(key + ".weight", weight, into: matrix, inputsFrom: order)
        return matrix
    }

    /// A merged layer: the file's, or one that `packLinears` computes from the layers that it replaces.
    /// - Parameters:
    ///   - inputs: of each inner layer.
    ///   - rounded: the weights to compute with in place of the file's.
    func merged(
        _ operation: NetworkOperation, _ layer: MergedLinear, _ inputs: [Int], _ outputs: Int,
        rounded: (TensorView) -> TensorView = { $0 }
    ) throws(Failure) -> PackedMatrix {
        let count = inputs.reduce(0, +)
        guard checkpoint.linearLayout == .separate else { return try linear(operation, layer.key, count, outputs) }
        let arena = FloatArena()
        var inner: [PackedMatrix] = []
        for (key, inputs) in zip(layer.inner, inputs) {
            let outputs = try self.outputs(key, axes: 2)
            let weight = try checkpoint.claim(key + ".weight", [outputs, inputs])
            let matrix = try PackedMatrix(
                operation, bias: try checkpoint.take(key + ".bias", [outputs]), inputs: inputs, dense: true,
                arena: arena)
            packing.add(key + ".weight", rounded(weight), into: matrix, inputsFrom: nil)
            inner.append(matrix)
        }
        let outer = try checkpoint.claim(layer.outer + ".weight", [outputs, inner.reduce(0) { $0 + $1.outputs }])
        let matrix = try PackedMatrix(
            operation, bias: try checkpoint.take(layer.outer + ".bias", [outputs]), inputs: count, dense: dense,
            precision: precision, arena: self.arena)
        packing.add(LinearProduct(layer: layer, outer: rounded(outer), inner: inner, matrix: matrix))
        return matrix
    }

    /// Reads, checks and packs the weights of all layers that `linear` and `merged` have returned.
    func packLinears(on parallel: ParallelLoop) throws(Failure) {
        checkpoint.releasePages()
        try packing.run(on: parallel, for: checkpoint)
    }

    func narrowLinear(
        _ operation: NetworkOperation, _ key: String, _ inputs: Int, _ outputs: Int
    ) throws(Failure) -> NarrowLinear {
        try NarrowLinear(
            operation,
            weight: try checkpoint.take(key + ".weight", [outputs, inputs]),
            bias: try checkpoint.take(key + ".bias", [outputs]), inputs: inputs)
    }

    func layerNorm(_ key: String, _ width: Int) throws(Failure) -> LayerNorm {
        try LayerNorm(
            gamma: try checkpoint.take(key + ".weight", [width]),
            beta: try checkpoint.take(key + ".bias", [width]), eps: otherEps[key] ?? layerNormEps)
    }

    /// [outputs, inputs/groups, kernel, kernel] and a bias.
    func convolution(
        _ operation: NetworkOperation, _ key: String, _ inputs: Int, _ outputs: Int, kernel: Int
    ) throws(Failure) -> DenseWeights {
        DenseWeights(
            weight: try checkpoint.take(key + ".weight", [outputs, inputs, kernel, kernel]),
            bias: try checkpoint.take(key + ".bias", [outputs]), inputs: inputs, kernel: kernel,
            operation: operation)
    }

    /// A convolution with the BatchNorm that follows it folded in, in float64:
    /// w' = w s, b' = (b - mean) s + beta with s = gamma / sqrt(variance + eps), one s an output channel.
    func convolution(
        _ operation: NetworkOperation, _ key: String, foldedWith norm: String, _ inputs: Int, _ outputs: Int,
        kernel: Int
    ) throws(Failure) -> DenseWeights {
        var layer = try convolution(operation, key, inputs, outputs, kernel: kernel)
        let gamma = try checkpoint.take(norm + ".weight", [outputs])
        let beta = try checkpoint.take(norm + ".bias", [outputs])
        let mean = try checkpoint.take(norm + ".running_mean", [outputs])
        let variance = try checkpoint.take(norm + ".running_var", [outputs])
        let eps = otherEps[norm] ?? batchNormEps
        let taps = inputs * kernel * kernel
        for output in 0..<outputs {
            let spread = Double(variance[output]) + eps
            guard spread > 0 else {
                throw checkpoint.error(
                    "'\(norm).running_var' element \(output) is \(variance[output]), expected a variance")
            }
            let scale = Double(gamma[output]) / spread.squareRoot()
            for k in output * taps..<(output + 1) * taps { layer.weight[k] = Float(Double(layer.weight[k]) * scale) }
            layer.bias[output] = Float(
                (Double(layer.bias[output]) - Double(mean[output])) * scale + Double(beta[output]))
        }
        try checkpoint.requireFinite(layer.weight, key + ".weight folded with " + norm)
        try checkpoint.requireFinite(layer.bias, key + ".bias folded with " + norm)
        return layer
    }

    /// - Throws: `Failure` if a map is so large that offsets into it would not fit 32 bits.
    func requireSupported(_ map: MapGeometry, _ key: String) throws(Failure) {
        guard map.paddedSide <= 1 << 13, map.channels <= FloatBuffer.largestCount / (map.paddedSide * map.paddedSide)
        else {
            throw checkpoint.error(
                "'\(key)' makes a map of \(map.paddedSide) x \(map.paddedSide) x \(map.channels) floats, beyond what is "
                    + "supported: at most \(FloatBuffer.largestCount)")
        }
    }

    /// How many outputs a layer has: the first axis of its weights.
    func outputs(_ key: String, axes: Int) throws(Failure) -> Int {
        try checkpoint.shape(key + ".weight", axes: axes)[0]
    }
}
