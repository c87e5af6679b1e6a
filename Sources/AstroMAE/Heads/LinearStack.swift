import CKernels
import Platform

/// A pass through the heads; the scratch memory is a stack's own floats for each row.
typealias HeadPass = Pass<UnsafeMutablePointer<Float>>

/// Linear layers with ReLUs between them and none at the end: a `Sequential` whose Linears have even indices. In
/// a network with merged layers the last Linear is part of the fusion head, and the stack ends with the ReLU before it.
struct LinearStack: Sendable {
    private let layers: [PackedMatrix]
    private let name: String
    private let first: Int
    private let endsWithReLU: Bool
    let outputs: Int
    /// Floats of scratch for one row: two layers' outputs, as they alternate.
    let scratchCount: Int

    /// - Parameters:
    ///   - key: of the `Sequential`; layer i is `key.(first + 2i)`.
    ///   - layers: number of layers as trained, including one that may be merged into the fusion head.
    ///   - merged: takes the place of the first layer in a network with merged layers.
    ///   - outputs: of the last layer that is run.
    ///   - name: of the recorded stages.
    ///   - permuted: see `LayerLoader.linear`, for the first layer.
    init(
        _ loader: LayerLoader, _ operation: NetworkOperation, _ key: String, first: Int = 0, layers trained: Int,
        inputs: Int, outputs: Int,
        name: String, permuted: [Int]? = nil, merged: MergedLinear? = nil
    ) throws(Failure) {
        (self.name, self.first, self.outputs) = (name, first, outputs)
        endsWithReLU = loader.merges
        let count = endsWithReLU ? trained - 1 : trained
        var layers: [PackedMatrix] = []
        var width = inputs
        for index in 0..<count {
            let layer = "\(key).\(first + 2 * index)"
            let next = index == count - 1 ? outputs : try loader.outputs(layer, axes: 2)
            if index == 0, let merged, loader.merges {
                layers.append(try loader.merged(operation, merged, [width], next))
            } else {
                layers.append(
                    try loader.linear(operation, layer, width, next, inputsFrom: index == 0 ? permuted : nil))
            }
            width = next
        }
        self.layers = layers
        scratchCount = 2 * (layers.dropLast().map(\.outputs).max() ?? 0)
    }

    /// x [rows, inputs] -> out [rows, outputs], rows `stride` apart; bf16 overwrites x.
    func forward(
        _ x: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
        _ pass: HeadPass
    ) {
        var input = x
        let half = rows * (scratchCount / 2)
        for (index, layer) in layers.dropLast().enumerated() {
            let output = pass.scratch + index % 2 * half
            pass.linearReLU(layer, input, rows: rows, into: output, of: name, index: first + 2 * index)
            input = output
        }
        guard let last = layers.last else { return }
        let index = first + 2 * (layers.count - 1)
        if endsWithReLU {
            pass.linearReLU(last, input, rows: rows, into: out, stride: stride, of: name, index: index)
        } else {
            let operand = pass.kernels.operand(input, rows: rows, width: last.inputs, of: last.operation)
            pass.kernels.linear(last, operand, rows: rows, into: out, stride: stride)
            pass.stages?.record("\(name).\(index)", out, count: rows, stride: stride, outputs)
        }
    }
}

extension Pass {
    /// A Linear layer and the ReLU that follows it in the `Sequential` called `name`: fused, or with a recorder
    /// separately and recorded under the Linear's index and the next one. x [rows, inputs] -> out [rows, outputs], rows
    /// `stride` apart; bf16 overwrites x.
    func linearReLU(
        _ layer: PackedMatrix, _ x: UnsafeMutablePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>,
        stride: Int? = nil, of name: String, index: Int
    ) {
        let operand = kernels.operand(x, rows: rows, width: layer.inputs, of: layer.operation)
        guard let stages else {
            kernels.linear(layer, operand, rows: rows, into: out, stride: stride, CAI_RELU)
            return
        }
        let (width, stride) = (layer.outputs, stride ?? layer.outputs)
        kernels.linear(layer, operand, rows: rows, into: out, stride: stride)
        stages.record("\(name).\(index)", out, count: rows, stride: stride, width)
        for row in 0..<rows { kernels.relu(out + row * stride, count: width) }
        stages.record("\(name).\(index + 1)", out, count: rows, stride: stride, width)
    }
}
