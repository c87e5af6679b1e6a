import Platform

extension MergedLinear {
    /// The layer's weights, [outputs, inputs], and bias: computed in float64, rounded once.
    struct Weights {
        let shape: [Int]
        let weight: [Float]
        let bias: [Float]
    }

    /// Merges the layers of a checkpoint that has passed every other check.
    /// - Throws: `Failure` if the merged matrix is too large or not finite.
    func product(of checkpoint: Checkpoint) throws -> Weights {
        func doubles(_ key: String) throws -> [Double] {
            guard let tensor = checkpoint[key] else { throw checkpoint.error("missing key '\(key)'") }
            return try tensor.doubles()
        }
        let outerWeight = try doubles(outer + ".weight")
        var bias = try doubles(outer + ".bias")
        let outputs = bias.count
        let shapes = try inner.map { layer throws(Failure) in
            try checkpoint.shape(layer + ".weight", axes: 2)
        }
        let inputs = shapes.reduce(0) { $0 + $1[1] }
        // Layers with few features between them can make a matrix far larger than the file.
        guard inputs <= FloatBuffer.largestCount / max(1, outputs) else {
            throw checkpoint.error(
                "'\(key)' would be [\(outputs), \(inputs)], beyond what is supported: at most "
                    + "\(FloatBuffer.largestCount) elements")
        }
        var weight = [Double](repeating: 0, count: outputs * inputs)
        let meeting = shapes.reduce(0) { $0 + $1[0] }
        var (meetingColumn, inputColumn) = (0, 0)
        for (layer, shape) in zip(inner, shapes) {
            let part = Slice(first: meetingColumn, count: shape[0], stride: meeting)
            multiply(
                outerWeight, part, try doubles(layer + ".weight"), rows: outputs, into: &weight,
                Slice(first: inputColumn, count: shape[1], stride: inputs))
            let innerBias = try doubles(layer + ".bias")
            for output in 0..<outputs {
                let start = output * meeting + meetingColumn
                for index in 0..<shape[0] { bias[output] += outerWeight[start + index] * innerBias[index] }
            }
            meetingColumn += shape[0]
            inputColumn += shape[1]
        }
        let merged = Weights(shape: [outputs, inputs], weight: weight.map { Float($0) }, bias: bias.map { Float($0) })
        try checkpoint.requireFinite(merged.weight, key + ".weight")
        try checkpoint.requireFinite(merged.bias, key + ".bias")
        return merged
    }
}

/// A range of columns of a row-major matrix.
private struct Slice {
    let first: Int
    let count: Int
    let stride: Int
}

/// A's columns [rows, k] x B [k, n] into the columns of C [rows, n], in float64.
///
/// Seven billion operations for the paper's network, hence tiles of 4 x 4 sums in registers; B is copied into panels of
/// four columns, so that it is read sequentially.
private func multiply(_ a: [Double], _ part: Slice, _ b: [Double], rows: Int, into c: inout [Double], _ target: Slice) {
    let (inner, columns) = (part.count, target.count)
    var panel = [SIMD4<Double>](repeating: .zero, count: inner)
    a.withUnsafeBufferPointer { a in
        guard let a = a.baseAddress else { return }
        for column in stride(from: 0, to: columns, by: 4) {
            let width = min(4, columns - column)
            for k in 0..<inner {
                for lane in 0..<width { panel[k][lane] = b[k * columns + column + lane] }
            }
            for row in stride(from: 0, to: rows, by: 4) {
                // Past the end the last row is computed again, and not stored.
                func start(_ index: Int) -> UnsafePointer<Double> {
                    a + min(row + index, rows - 1) * part.stride + part.first
                }
                let sums = panel.withUnsafeBufferPointer { tile(start(0), start(1), start(2), start(3), $0) }
                for index in 0..<min(4, rows - row) {
                    let start = (row + index) * target.stride + target.first + column
                    for lane in 0..<width { c[start + lane] = sums[index][lane] }
                }
            }
        }
    }
}

/// Four rows times one panel.
@inline(__always) private func tile(
    _ row0: UnsafePointer<Double>, _ row1: UnsafePointer<Double>, _ row2: UnsafePointer<Double>,
    _ row3: UnsafePointer<Double>, _ panel: UnsafeBufferPointer<SIMD4<Double>>
) -> InlineArray<4, SIMD4<Double>> {
    var (sum0, sum1, sum2, sum3) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
    for k in panel.indices {
        sum0 += row0[k] * panel[k]
        sum1 += row1[k] * panel[k]
        sum2 += row2[k] * panel[k]
        sum3 += row3[k] * panel[k]
    }
    return [sum0, sum1, sum2, sum3]
}
