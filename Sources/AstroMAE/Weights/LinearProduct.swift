import CKernels
import Platform
import TensorFiles

/// A merged layer that is computed from the layers that it replaces: weights W [W1 W2 ...] for each inner layer's columns
/// of W, bias b + W (b1, b2, ...), in float64, rounded once. Bits do not depend on threads or processor, and are those
/// that `cai convert` writes.
struct LinearProduct: Sendable {
    let layer: MergedLinear
    /// [outputs, all outputs of the inner layers]
    let outer: TensorView
    /// Their weights [outputs, inputs] in `dense`, packed before any call of `pack`.
    let inner: [PackedMatrix]
    /// Has the outer layer's bias, which `pack` replaces.
    let matrix: PackedMatrix

    /// Outputs that are computed at a time: a multiple of a panel's columns.
    static let rowCount = Int(CAI_PRODUCT_ROWS)

    /// The ranges of outputs to compute, in order.
    var parts: [Range<Int>] {
        stride(from: 0, to: matrix.outputs, by: Self.rowCount).map {
            $0..<min($0 + Self.rowCount, matrix.outputs)
        }
    }

    /// Computes and packs some outputs, each of which may be computed once. Several threads may compute different parts.
    /// - Throws: `Failure` with the first weight that is not finite: the outer layer's, or the merged one.
    func pack(_ outputs: Range<Int>, file: String) throws(Failure) {
        let (width, inputs) = (outer.shape[1], matrix.inputs)
        var floats = [Float](repeating: 0, count: Self.rowCount * width)
        do throws(Failure) {
            var span = floats.mutableSpan
            try outer.copyFloats(rows: outputs, into: &span)
        } catch {
            throw Failure(file, error.message)
        }
        if let bytes = outer.contiguousByteRange(rows: outputs) { outer.source.release(bytes) }
        try Checkpoint.requireFinite(
            floats, layer.outer + ".weight", from: outputs.lowerBound * width, file: file)
        let rows = floats.map { Double($0) }
        var weights = [Float](repeating: 0, count: outputs.count * inputs)
        multiply(rows, width, into: &weights, count: outputs.count)
        try Checkpoint.requireFinite(
            weights, layer.key + ".weight", from: outputs.lowerBound * inputs, file: file)
        guard weights.withUnsafeBufferPointer({ matrix.pack($0, outputs: outputs) }) else {
            throw Failure(
                file, "'\(layer.key).weight' has weights beyond those of bfloat16, at most 3.39e38: use float32")
        }
        for (row, output) in outputs.enumerated() {
            var (sum, column) = (Double(matrix.bias.base[output]), row * width)
            for layer in inner {
                for index in 0..<layer.outputs { sum += rows[column + index] * Double(layer.bias.base[index]) }
                column += layer.outputs
            }
            matrix.bias.base[output] = Float(sum)
            try Checkpoint.requireFinite([Float(sum)], layer.key + ".bias", from: output, file: file)
        }
    }

    /// rows [rowCount, width] x each inner layer's weights -> weights [count, inputs].
    private func multiply(_ rows: [Double], _ width: Int, into weights: inout [Float], count: Int) {
        let inputs = matrix.inputs
        rows.withUnsafeBufferPointer { rows in
            weights.withUnsafeMutableBufferPointer { weights in
                guard var a = rows.baseAddress, var c = weights.baseAddress else { return }
                for layer in inner {
                    guard let b = layer.dense?.base else { continue }
                    var product = cai_product(
                        rows: count, inner: layer.outputs, columns: layer.inputs, a: a, lda: width, b: b, c: c,
                        ldc: inputs)
                    cai_merge_product(&product)
                    a += layer.outputs
                    c += layer.inputs
                }
            }
        }
    }
}
